import { type ErrorCode, type ErrorCodeEntry, errorCodes } from './error-codes.ts';

/** An expected failure: bad input, a limit, a peer or store that failed. `details` are safe to show to the caller. */
export class AnabranchError extends Error {
  override readonly name = 'AnabranchError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.details = details;
  }

  get entry(): ErrorCodeEntry {
    return errorCodes[this.code];
  }
}

/** True when `error` is an {@link AnabranchError}, of the given code when one is named. */
export function isAnabranchError(error: unknown, code?: ErrorCode): error is AnabranchError {
  return error instanceof AnabranchError && (code === undefined || error.code === code);
}
