// Maelstrom's error codes, as far as they are used here. A definite error says that the operation did not happen and never
// will; after any other the caller must reckon with both.

export const errorCode = {
  timeout: 0,
  nodeNotFound: 1,
  notSupported: 10,
  temporarilyUnavailable: 11,
  malformedRequest: 12,
  crash: 13,
  abort: 14,
} as const;

const definiteCodes: ReadonlySet<number> = new Set([
  errorCode.nodeNotFound,
  errorCode.notSupported,
  errorCode.temporarilyUnavailable,
  errorCode.malformedRequest,
  errorCode.abort,
  // Those that other workloads use: key does not exist, key exists, precondition failed, transaction conflict.
  ...[20, 21, 22, 30],
]);

/** Whether an operation answered with this code certainly did not happen. A code nobody defined leaves it open. */
export function isDefinite(code: number): boolean {
  return definiteCodes.has(code);
}

/** A request that is answered with an error body. */
export class ErrorReply extends Error {
  override readonly name = 'ErrorReply';
  readonly code: number;

  constructor(code: number, text: string) {
    super(text);
    this.code = code;
  }
}
