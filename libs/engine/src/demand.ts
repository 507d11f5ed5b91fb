// How much of which rights was needed here lately: a sum that fades, so that what was needed long ago counts no more.

import type { Clock } from '@anabranch/base';
import type { RightsKind } from '@anabranch/crdt';
import type { DocumentId } from '@anabranch/protocol';

/** One kind of rights to one bounded counter. */
export interface RightsPlace {
  readonly document: DocumentId;
  /** A JSON pointer. */
  readonly path: string;
  readonly kind: RightsKind;
}

interface Fading {
  readonly place: RightsPlace;
  amount: number;
  atMs: number;
}

export class Demand {
  /** After which half of what was needed is forgotten. */
  static readonly halfLifeMs = 5_000;
  /** Below which nothing is remembered. */
  static readonly amountMin = 0.5;
  /** What is remembered of one counter at most. */
  static readonly amountMax: number = 2 ** 50;
  /** Counters that are remembered. Beyond: the one needed least recently is forgotten. */
  static readonly placesMax = 10_000;

  readonly #clock: Clock;
  /** In order of use, least recent first. */
  readonly #entries = new Map<string, Fading>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  add(place: RightsPlace, amount: number): void {
    const key = keyOf(place);
    const before = this.of(key);
    this.#entries.delete(key);
    this.#entries.set(key, { place, amount: Math.min(before + amount, Demand.amountMax), atMs: this.#clock.monotonicMs() });
    const [oldest] = this.#entries.keys();
    if (this.#entries.size > Demand.placesMax && oldest !== undefined) this.#entries.delete(oldest);
  }

  /** About what one or two half-lives will need, if they are like the last. */
  of(key: string): number {
    const entry = this.#entries.get(key);
    if (entry === undefined) return 0;
    return entry.amount * 0.5 ** ((this.#clock.monotonicMs() - entry.atMs) / Demand.halfLifeMs);
  }

  /** What is needed still; what has faded is forgotten on the way. */
  entries(): Array<{ readonly key: string; readonly place: RightsPlace; readonly amount: number }> {
    const entries: Array<{ key: string; place: RightsPlace; amount: number }> = [];
    for (const [key, { place }] of this.#entries) {
      const amount = this.of(key);
      if (amount < Demand.amountMin) this.#entries.delete(key);
      else entries.push({ key, place, amount });
    }
    return entries;
  }
}

export function keyOf({ document, path, kind }: RightsPlace): string {
  return `${document}\0${path}\0${kind}`;
}
