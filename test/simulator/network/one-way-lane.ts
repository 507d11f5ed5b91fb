// One direction between two regions: what it does to everything that passes, whatever the connection.

import type { SeededRandom } from '../seeded-random.ts';

export interface LaneConditions {
  /** The least time a frame takes. */
  readonly delayMs: number;
  /** The mean of what is added at random. */
  readonly jitterMs: number;
  readonly bytesPerMs: number;
}

export class OneWayLane {
  readonly #random: SeededRandom;
  readonly #whenHealed = new Set<() => void>();
  /** Called when a clog has ended: what waits behind it goes on at the lane's own pace. */
  readonly whenUnclogged = new Set<() => void>();
  conditions: LaneConditions;
  /** How many faults hold it cut: what is sent waits, and nothing is closed. */
  #cuts = 0;
  /** Set while the lane is clogged. */
  bytesPerMsMax: number = Number.POSITIVE_INFINITY;
  #busyUntilMs = 0;

  constructor(random: SeededRandom, conditions: LaneConditions) {
    this.#random = random;
    this.conditions = conditions;
  }

  get isCut(): boolean {
    return this.#cuts > 0;
  }

  /** Cuts the lane until the answer is called. */
  cut(): () => void {
    this.#cuts += 1;
    let isCut = true;
    return () => {
      if (!isCut) return;
      isCut = false;
      this.#cuts -= 1;
      if (this.#cuts > 0) return;
      const waiting = [...this.#whenHealed];
      this.#whenHealed.clear();
      for (const wake of waiting) wake();
    };
  }

  /** Calls `wake` once, when the lane is no longer cut. */
  onHealed(wake: () => void): void {
    this.#whenHealed.add(wake);
  }

  /** When bytes that are sent now would arrive. */
  arrivalMs(nowMs: number, bytes: number): number {
    const { delayMs, jitterMs, bytesPerMs } = this.conditions;
    const departedMs = Math.max(nowMs, this.#busyUntilMs) + bytes / Math.min(bytesPerMs, this.bytesPerMsMax);
    this.#busyUntilMs = departedMs;
    return departedMs + delayMs - Math.log(1 - this.#random.u32() / 2 ** 32) * jitterMs;
  }

  /** Forgets the queue of a clog that has ended. */
  unclog(nowMs: number): void {
    this.bytesPerMsMax = Number.POSITIVE_INFINITY;
    this.#busyUntilMs = Math.min(this.#busyUntilMs, nowMs);
    for (const wake of [...this.whenUnclogged]) wake();
  }
}
