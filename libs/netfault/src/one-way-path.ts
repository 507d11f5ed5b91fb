import type { Clock } from '@anabranch/base';
import { changeConditions, type LinkConditions } from './link-conditions.ts';

/** A bandwidth limit lets bytes go in slices of this much time, so that a large chunk trickles instead of jumping. */
const sliceMs = 10;

/**
 * One way of a link, shared by its connections: the conditions now, since when it is up, and how much of a bandwidth
 * limit is used up.
 */
export class OneWayPath {
  readonly #clock: Clock;
  #conditions: LinkConditions;
  #upSinceMs: number;
  #sendAllowedAtMs = 0;
  #deliveredBytes = 0;

  constructor(clock: Clock, conditions: LinkConditions) {
    this.#clock = clock;
    this.#conditions = conditions;
    this.#upSinceMs = clock.monotonicMs();
  }

  get conditions(): LinkConditions {
    return this.#conditions;
  }

  get isUp(): boolean {
    return this.#conditions.state === 'up';
  }

  /** Bytes handed to the far side since the start. */
  get deliveredBytes(): number {
    return this.#deliveredBytes;
  }

  /** @throws AnabranchError `value_invalid` */
  change(change: Partial<LinkConditions>): void {
    const next = changeConditions(this.#conditions, change);
    if (next.state === 'up' && !this.isUp) this.#upSinceMs = this.#clock.monotonicMs();
    this.#conditions = next;
    this.#sendAllowedAtMs = 0;
  }

  /**
   * When something that entered at `enteredMs` leaves, `jitter` in [0, 1) being its share of the jitter. What was held
   * by a cut starts again at the heal, as a retransmission would.
   */
  dueMs(enteredMs: number, jitter: number): number {
    const { delayMs, jitterMs } = this.#conditions;
    return Math.max(enteredMs, this.#upSinceMs) + delayMs + jitter * jitterMs;
  }

  /** When the bandwidth limit lets the next slice go. */
  get sendAllowedAtMs(): number {
    return this.#sendAllowedAtMs;
  }

  /** Takes up to `bytes` from the bandwidth limit and says how many may leave now. */
  takeSlice(bytes: number): number {
    const rate = this.#conditions.bytesPerSecondMax;
    let slice = bytes;
    if (rate !== null) {
      slice = Math.min(bytes, Math.max(1, Math.floor((rate * sliceMs) / 1000)));
      // A timer that fired late may catch up by one slice, not by more: an idle link saves nothing up.
      const fromMs = Math.max(this.#sendAllowedAtMs, this.#clock.monotonicMs() - sliceMs);
      this.#sendAllowedAtMs = fromMs + (slice / rate) * 1000;
    }
    this.#deliveredBytes += slice;
    return slice;
  }
}
