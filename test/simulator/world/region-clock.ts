// The clocks of one region's machine: a wall clock that may be wrong in every way, and a monotonic one that never is.

import type { Clock, Timer } from '@anabranch/base';
import type { VirtualClock } from '../virtual-clock.ts';
import type { SimulatedProcess } from './simulated-process.ts';

export class RegionClock {
  readonly #clock: VirtualClock;
  /** What the wall clock shows at `#sinceMs`, and how many of its milliseconds pass in one. */
  #shownMs: number;
  #sinceMs: number;
  #pace = 1;

  constructor(clock: VirtualClock) {
    this.#clock = clock;
    this.#shownMs = clock.wallMs();
    this.#sinceMs = clock.monotonicMs();
  }

  wallMs(): number {
    return Math.floor(this.#shownMs + (this.#clock.monotonicMs() - this.#sinceMs) * this.#pace);
  }

  /** Moves the wall clock by so much, back or forth. */
  step(ms: number): void {
    this.#shownMs += ms;
  }

  /** From now on so many milliseconds are shown to pass in one: 0 freezes it. */
  setPace(pace: number): void {
    this.#shownMs += (this.#clock.monotonicMs() - this.#sinceMs) * this.#pace;
    this.#sinceMs = this.#clock.monotonicMs();
    this.#pace = pace;
  }

  /** Shows the true time again, at the true pace. */
  correct(): void {
    this.#shownMs = this.#clock.wallMs();
    this.#sinceMs = this.#clock.monotonicMs();
    this.#pace = 1;
  }

  /** The clock as a process of the region sees it: its timers fire in that process, or never. */
  of(process: SimulatedProcess): Clock {
    const clock = this.#clock;
    return {
      wallMs: () => this.wallMs(),
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (afterMs: number, callback: () => void): Timer => {
        let isCancelled = false;
        const timer = clock.setTimer(afterMs, () =>
          process.enter(() => {
            if (!isCancelled) callback();
          }),
        );
        return {
          cancel: () => {
            isCancelled = true;
            timer.cancel();
          },
        };
      },
    };
  }
}
