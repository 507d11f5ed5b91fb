// A version vector maps each origin to the highest seq with everything below it: what a replica has, what a session has
// seen, where a stream resumes. Absent origins count as 0. Values are immutable; the partial order is component-wise.

import { assert, compareStrings } from '@anabranch/base';
import type { OriginId } from './origin.ts';

export type CausalOrder = 'equal' | 'before' | 'after' | 'concurrent';

export class VersionVector {
  static readonly empty: VersionVector = new VersionVector(new Map());

  readonly #seqs: ReadonlyMap<OriginId, number>;

  private constructor(seqs: ReadonlyMap<OriginId, number>) {
    this.#seqs = seqs;
  }

  /** Of several entries of one origin the greatest counts; components of 0 are left out. */
  static of(entries: Iterable<readonly [OriginId, number]>): VersionVector {
    const seqs = new Map<OriginId, number>();
    for (const [origin, seq] of entries) {
      assertSeq(seq);
      if (seq > (seqs.get(origin) ?? 0)) seqs.set(origin, seq);
    }
    return seqs.size === 0 ? VersionVector.empty : new VersionVector(seqs);
  }

  get size(): number {
    return this.#seqs.size;
  }

  get(origin: OriginId): number {
    return this.#seqs.get(origin) ?? 0;
  }

  /** All components above 0, ordered by origin. */
  entries(): Array<[OriginId, number]> {
    return [...this.#seqs].sort(([a], [b]) => compareStrings(a, b));
  }

  /** The components that are greater than the other's, ordered by origin. */
  since(other: VersionVector): Array<[OriginId, number]> {
    return this.entries().filter(([origin, seq]) => seq > other.get(origin));
  }

  origins(): IterableIterator<OriginId> {
    return this.#seqs.keys();
  }

  /** This vector with `origin` raised to at least `seq`. */
  with(origin: OriginId, seq: number): VersionVector {
    assertSeq(seq);
    if (seq <= this.get(origin)) return this;
    return new VersionVector(new Map(this.#seqs).set(origin, seq));
  }

  /** The least upper bound. */
  merge(other: VersionVector): VersionVector {
    if (this.covers(other)) return this;
    if (other.covers(this)) return other;
    const seqs = new Map(this.#seqs);
    for (const [origin, seq] of other.#seqs) if (seq > this.get(origin)) seqs.set(origin, seq);
    return new VersionVector(seqs);
  }

  /** True when every component is at least the other's. */
  covers(other: VersionVector): boolean {
    for (const [origin, seq] of other.#seqs) if (seq > this.get(origin)) return false;
    return true;
  }

  equals(other: VersionVector): boolean {
    return this.size === other.size && this.covers(other) && other.covers(this);
  }

  compare(other: VersionVector): CausalOrder {
    const covers = this.covers(other);
    const isCovered = other.covers(this);
    if (covers && isCovered) return 'equal';
    if (covers) return 'after';
    return isCovered ? 'before' : 'concurrent';
  }

  toJSON(): Record<string, number> {
    return Object.fromEntries(this.entries());
  }
}

function assertSeq(seq: number): void {
  assert(Number.isSafeInteger(seq) && seq >= 0, () => `a seq is a whole number from 0 to 2^53 - 1, not ${seq}`);
}
