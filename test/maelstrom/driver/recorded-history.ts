import type { Clock } from '@anabranch/base';
import type { Entry } from '../checkers/history.ts';

type Fact = Omit<Entry, 'index' | 'timeMs'>;

/** A history as it is made. */
export class RecordedHistory {
  readonly entries: Entry[] = [];
  readonly #clock: Clock;
  readonly #startMs: number;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#startMs = clock.monotonicMs();
  }

  add(fact: Fact): void {
    const timeMs = Math.round(this.#clock.monotonicMs() - this.#startMs);
    this.entries.push({ index: this.entries.length, timeMs, ...fact });
  }
}
