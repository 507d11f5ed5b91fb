// Everything a client can make the doors hold or wait for, with its limit and what happens there.

import { tokenLengthMax } from '@anabranch/causality';

export interface ServerLimits {
  /** Bytes of a request body. Beyond: 413 `request_too_large`. */
  readonly bodyBytesMax: number;
  /** Bytes of the request line and header fields together. Beyond: 431 `headers_too_large`, connection closed. */
  readonly headerBytesMax: number;
  /** Time for the header fields to arrive. Beyond: 408 `request_timeout`, connection closed. */
  readonly headersTimeoutMs: number;
  /** Time for the whole request to arrive. Beyond: 408 `request_timeout`, connection closed. */
  readonly requestTimeoutMs: number;
  /** How often the two timeouts above are checked. */
  readonly timeoutCheckMs: number;
  /** Time an idle connection is kept. */
  readonly keepAliveMs: number;
  /** Open connections, sync sessions and links included. Beyond: closed at once. */
  readonly connectionsMax: number;
  /** Requests being answered at one time. Beyond: 503 `overloaded`. */
  readonly requestsInFlightMax: number;
  /** Time a request waits for what its session token names. Beyond: 503 `not_yet_visible`. */
  readonly readWaitMsMax: number;
  /** Open event streams. Beyond: 503 `overloaded`. */
  readonly eventStreamsMax: number;
  /** Time between two comments that keep an idle event stream open. */
  readonly eventHeartbeatMs: number;
  /** Time the reader of an event stream may leave an event unread. Beyond: the stream is cut; the reader may resume. */
  readonly eventStallMsMax: number;
  /** Change feeds being read. Beyond: 503 `overloaded`. */
  readonly changeFeedsMax: number;
  /** Time that requests under way are given to finish when the server stops. Beyond: their connections are cut. */
  readonly stopMsMax: number;
}

export const defaultServerLimits: ServerLimits = {
  bodyBytesMax: 1 << 20,
  headerBytesMax: tokenLengthMax + (16 << 10),
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  timeoutCheckMs: 1_000,
  keepAliveMs: 65_000,
  connectionsMax: 20_000,
  requestsInFlightMax: 1_024,
  readWaitMsMax: 2_000,
  eventStreamsMax: 1_000,
  eventHeartbeatMs: 15_000,
  eventStallMsMax: 30_000,
  changeFeedsMax: 100,
  stopMsMax: 5_000,
};
