/** A pending timer. Cancelling one that has fired does nothing. */
export interface Timer {
  cancel(): void;
}

/**
 * Time, as a port. `wallMs` is milliseconds since 1970 and may jump; `monotonicMs` never goes back and has an
 * arbitrary start. Deadlines and intervals use the monotonic clock; only HLC stamps read the wall clock.
 */
export interface Clock {
  wallMs(): number;
  monotonicMs(): number;
  setTimer(afterMs: number, callback: () => void): Timer;
}
