// How long to wait for an acknowledgement before a segment counts as lost: the smoothed round trip and its variation (RFC 6298).

export class RoundTripEstimate {
  /** Before the first sample. */
  static readonly timeoutMsStart = 300;
  static readonly timeoutMsMin = 30;
  /** Also the longest wait after repeated losses: a link that is silent for three seconds is given up by the engine. */
  static readonly timeoutMsMax = 500;

  #smoothedMs: number | undefined;
  #variationMs = 0;

  /** After this a segment is late if a later one has arrived. */
  get lateMs(): number {
    return 1.25 * (this.#smoothedMs ?? RoundTripEstimate.timeoutMsStart);
  }

  /** Takes the round trip of a segment that was sent once. */
  sample(ms: number): void {
    if (this.#smoothedMs === undefined) {
      this.#smoothedMs = ms;
      this.#variationMs = ms / 2;
      return;
    }
    this.#variationMs = 0.75 * this.#variationMs + 0.25 * Math.abs(this.#smoothedMs - ms);
    this.#smoothedMs = 0.875 * this.#smoothedMs + 0.125 * ms;
  }

  /** The wait after a segment was sent so many times: it doubles with each. */
  timeoutMs(timesSent: number): number {
    const { timeoutMsStart, timeoutMsMin, timeoutMsMax } = RoundTripEstimate;
    const once = this.#smoothedMs === undefined ? timeoutMsStart : this.#smoothedMs + 4 * this.#variationMs;
    return Math.min(timeoutMsMax, Math.max(timeoutMsMin, once) * 2 ** Math.max(0, timesSent - 1));
  }
}
