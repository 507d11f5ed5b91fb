// Assertions for programmer errors. They stay on in production: a replica that finds its own state impossible must
// stop before it logs or ships anything built on it.

export class AssertionError extends Error {
  override readonly name = 'AssertionError';
}

/** Throws {@link AssertionError} when `condition` is false. Never used for bad input: that is an AnabranchError. */
export function assert(condition: boolean, message: string | (() => string)): asserts condition {
  if (!condition) throw new AssertionError(typeof message === 'string' ? message : message());
}

/** Ends an exhaustive switch: a compile error when a case is missing, an assertion failure at run time. */
export function assertNever(value: never): never {
  throw new AssertionError(`unexpected value ${JSON.stringify(value)}`);
}
