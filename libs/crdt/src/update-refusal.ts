// How an update from an untrusted sender is refused.

import { AnabranchError } from '@anabranch/base';

/** Malformed, out of bounds, or not the sender's to write. */
export function invalid(message: string): AnabranchError {
  return new AnabranchError('update_invalid', message);
}

/** Sound as far as it goes, but it builds on parts the document lacks. */
export function incomplete(message: string): AnabranchError {
  return new AnabranchError('update_incomplete', message);
}

/** Whatever a library throws on these bytes means that they are refused. */
export function refusing<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new AnabranchError('update_invalid', 'the library refuses the update', { reason: String(error).slice(0, 200) });
  }
}

/** Beyond a limit of {@link inspectionLimits}. */
export function tooLarge(message: string): AnabranchError {
  return new AnabranchError('request_too_large', message);
}

/** Only origins write to bounded counters, under the rights they hold. */
export function writesBoundedCounter(): AnabranchError {
  return invalid('the update writes to a bounded counter, which takes increment and decrement only');
}
