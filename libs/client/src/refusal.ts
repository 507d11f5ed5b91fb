import { AnabranchError, type ErrorCode, errorCodes, isAnabranchError } from '@anabranch/base';

/** Why a write or a document was refused, as plain data: tabs tell it each other. */
export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** An error as plain data, to be told to other tabs. */
export function refusalOf(error: unknown): Refusal {
  if (isAnabranchError(error)) return { code: error.code, message: error.message, details: error.details };
  return { code: 'internal_error', message: error instanceof Error ? error.message : String(error), details: {} };
}

/** The error of a refusal. A code that this version does not know becomes `internal_error`, and stays in the details. */
export function errorOf({ code, message, details }: Refusal): AnabranchError {
  if (Object.hasOwn(errorCodes, code)) return new AnabranchError(code as ErrorCode, message, details);
  return new AnabranchError('internal_error', message, { ...details, code });
}

/** The details of a refusal as a region sends them: the JSON text of an object. */
export function parseDetails(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
