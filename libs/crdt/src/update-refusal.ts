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

/** Beyond a limit of {@link inspectionLimits}. */
export function tooLarge(message: string): AnabranchError {
  return new AnabranchError('request_too_large', message);
}
