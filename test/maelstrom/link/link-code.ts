import { type ErrorCode, errorCodes } from '@anabranch/base';

/** Why a connection ended: a code of the registry, `normal`, or `lost` when nobody said why. */
export type LinkCode = ErrorCode | 'normal' | 'lost';

export interface LinkEnding {
  readonly code: LinkCode;
  readonly reason: string;
}

export function isAllowedCode(value: unknown): value is LinkCode {
  return value === 'normal' || value === 'lost' || (typeof value === 'string' && Object.hasOwn(errorCodes, value));
}
