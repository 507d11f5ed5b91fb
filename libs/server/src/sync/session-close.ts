// How a sync session ends, as a WebSocket close code. y-websocket clients stop reconnecting on 4400-4499 and come back after
// every other code, so the range is chosen by whether the same client could succeed later:
//
//   1001        the region stops                         1011        a defect, or a store that failed
//   1009        larger than a limit                      1013        try again later
//   4400-4499   4000 + the HTTP status of the error: it would happen again
//
// The reason of the close frame is the stable error code.

import { type ErrorCode, errorCodes } from '@anabranch/base';

/** The close code for an error of the registry. */
export function closeCodeOf(code: ErrorCode): number {
  const { status, retryable } = errorCodes[code];
  if (status === 413 || code === 'document_too_large') return 1009;
  if (retryable) return 1013;
  return status < 500 ? 4000 + status : 1011;
}

/** The region stops: clients reconnect, to this region when it is back or to another. */
export const closeGoingAway = 1001;
