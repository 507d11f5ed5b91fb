// Who holds which rights to one bounded counter: the sum of its entries (Balegas et al. 2015). It stands between the entries,
// which it is told of one by one, and whoever asks what a writer may still do.
//
//   down(holder) = initial share + increments - decrements + received - given + taken over - taken over from it
//   up(holder)   = the same, with increments and decrements exchanged
//   value        = all increments - all decrements
//
// Invariant 1: the down rights of all holders add up to value - min, the up rights to max - value, whatever entries are here.
// Invariant 2: where every writer kept to its rights, and entries arrived in causal order, no holder has less than nothing; so
//              the value is within the bounds. For what another writer did meanwhile, a writer's rights can only be more than
//              it sees, never less.

import type { Rights, RightsKind, RightsView } from '../escrow.ts';
import { type Bounds, hasBound } from './bounds.ts';
import type { RightsEntry } from './rights-entry.ts';

const none: Rights = { down: 0, up: 0 };

export class RightsLedger {
  readonly bounds: Bounds;
  /** What entries have moved, by holder: rights without the initial shares. */
  readonly #moved = new Map<string, { down: bigint; up: bigint }>();
  #value = 0n;

  constructor(bounds: Bounds) {
    this.bounds = bounds;
  }

  get value(): bigint {
    return this.#value;
  }

  /** Takes an entry in (1n) or out again (-1n). */
  count(entry: RightsEntry, sign: 1n | -1n): void {
    const [first, second] = [sign * BigInt(entry.first), sign * BigInt(entry.second)];
    if (entry.kind === 'count') {
      this.#value += first - second;
      this.move(entry.writer, first - second, second - first);
      return;
    }
    const [giver, taker] = entry.kind === 'transfer' ? [entry.writer, entry.other] : [entry.other, entry.writer];
    this.move(giver, -first, -second);
    this.move(taker, first, second);
  }

  /** Adds to what a holder has. */
  move(holder: string, down: bigint, up: bigint): void {
    const moved = this.#moved.get(holder);
    if (moved === undefined) {
      this.#moved.set(holder, { down, up });
      return;
    }
    moved.down += down;
    moved.up += up;
  }

  held(holder: string, kind: RightsKind): bigint {
    if (!hasBound(this.bounds, kind)) return 0n;
    return BigInt((this.bounds.shares.get(holder) ?? none)[kind]) + (this.#moved.get(holder)?.[kind] ?? 0n);
  }

  /** The rights of all holders together. */
  total(kind: RightsKind): bigint {
    const { min, max } = this.bounds;
    return kind === 'down' ? this.#value - BigInt(min ?? 0) : BigInt(max ?? 0) - this.#value;
  }

  /** Everyone who ever had rights. */
  holders(): Iterable<string> {
    return new Set([...this.bounds.shares.keys(), ...this.#moved.keys()]);
  }

  view(): RightsView {
    const holders = new Map<string, Rights>();
    for (const holder of this.holders()) {
      const [down, up] = [this.held(holder, 'down'), this.held(holder, 'up')];
      if (down !== 0n || up !== 0n) holders.set(holder, { down: toSafe(down), up: toSafe(up) });
    }
    return { value: toSafe(this.#value), min: this.bounds.min, max: this.bounds.max, holders };
  }
}

export function isSafe(sum: bigint): boolean {
  return sum >= BigInt(Number.MIN_SAFE_INTEGER) && sum <= BigInt(Number.MAX_SAFE_INTEGER);
}

/** The nearest safe integer. */
export function toSafe(sum: bigint): number {
  if (isSafe(sum)) return Number(sum);
  return sum > 0n ? Number.MAX_SAFE_INTEGER : Number.MIN_SAFE_INTEGER;
}
