// What a change had seen, against the history it is to join. Held changes are the many and mostly seen, so it is noted
// which of them are not: of each actor the first unseen one, for an actor's changes build on each other. Of the update that
// is being walked through it is noted which are seen.
//
// The unseen ones lie between the document's heads and the change's dependencies. Both ends are followed back together,
// highest operation number first, until everything left is seen: what that costs is how far the change is behind.

import type { AutomergeHandle } from './automerge-handle.ts';

/** The changes that may be looked at for one update are used up. */
export class VisitsExhausted extends Error {}

/** How many changes may be looked at; shared by all changes of an update. */
export interface Visits {
  left: number;
}

export class CausalPast {
  /** By actor, the first held change that is not seen. */
  readonly #unseen: ReadonlyMap<string, number>;
  /** By actor, the newest change of the update that is seen. */
  readonly #seenOfUpdate: ReadonlyMap<string, number>;

  private constructor(unseen: ReadonlyMap<string, number>, seenOfUpdate: ReadonlyMap<string, number>) {
    this.#unseen = unseen;
    this.#seenOfUpdate = seenOfUpdate;
  }

  /** What a change had seen that builds on these held changes only. @throws VisitsExhausted */
  static ofHeld(handle: AutomergeHandle, dependencies: readonly string[], visits: Visits): CausalPast {
    return new CausalPast(unseenFrom(handle, dependencies, visits), new Map());
  }

  /** What a change had seen that builds on all of these; at least one. */
  static union(pasts: readonly CausalPast[]): CausalPast {
    const [first = new CausalPast(new Map(), new Map()), ...others] = pasts;
    return others.reduce((all, other) => all.#with(other), first);
  }

  /** What the next change has seen, after one of this past, number `seq` of `actor`. */
  after(actor: string, seq: number): CausalPast {
    return new CausalPast(this.#unseen, new Map(this.#seenOfUpdate).set(actor, seq));
  }

  seesHeld(actor: string, seq: number): boolean {
    return seq < (this.#unseen.get(actor) ?? Number.POSITIVE_INFINITY);
  }

  seesOfUpdate(actor: string, seq: number): boolean {
    return seq <= (this.#seenOfUpdate.get(actor) ?? 0);
  }

  #with(other: CausalPast): CausalPast {
    const unseen = new Map<string, number>();
    for (const [actor, seq] of this.#unseen) {
      const others = other.#unseen.get(actor);
      if (others !== undefined) unseen.set(actor, Math.max(seq, others));
    }
    const seen = new Map(this.#seenOfUpdate);
    for (const [actor, seq] of other.#seenOfUpdate) seen.set(actor, Math.max(seq, seen.get(actor) ?? 0));
    return new CausalPast(unseen, seen);
  }
}

interface Visited {
  readonly maxOp: number;
  readonly deps: readonly string[];
  readonly actor: string;
  readonly seq: number;
  isSeen: boolean;
  isWaiting: boolean;
}

function unseenFrom(handle: AutomergeHandle, dependencies: readonly string[], visits: Visits): Map<string, number> {
  const heads = handle.getHeads();
  const isCurrent = heads.length === dependencies.length && heads.every((head) => dependencies.includes(head));
  return isCurrent ? new Map() : new WalkBack(handle, visits).unseen(dependencies, heads);
}

/** Follows changes back, the highest operation number first, and with it the mark of being seen. */
class WalkBack {
  readonly #handle: AutomergeHandle;
  readonly #visits: Visits;
  readonly #visited = new Map<string, Visited>();
  readonly #waiting: Visited[] = [];
  /** The lowest operation number of those that were followed unseen: what waits below cannot reach them any more. */
  #lowestUnseen = Number.POSITIVE_INFINITY;

  constructor(handle: AutomergeHandle, visits: Visits) {
    this.#handle = handle;
    this.#visits = visits;
  }

  unseen(seen: readonly string[], all: readonly string[]): Map<string, number> {
    for (const hash of seen) this.#visit(hash, true);
    for (const hash of all) this.#visit(hash, false);
    while (this.#waiting.some(({ isSeen, maxOp }) => !isSeen || maxOp >= this.#lowestUnseen)) this.#followHighest();
    const unseen = new Map<string, number>();
    for (const { actor, seq, isSeen } of this.#visited.values()) {
      if (!isSeen) unseen.set(actor, Math.min(seq, unseen.get(actor) ?? seq));
    }
    return unseen;
  }

  #visit(hash: string, isSeen: boolean): void {
    const known = this.#visited.get(hash);
    if (known !== undefined) {
      if (!isSeen || known.isSeen) return;
      known.isSeen = true;
      // A change without operations has the number of the one before it, which may have been followed already.
      if (!known.isWaiting) this.#wait(known);
      return;
    }
    if (this.#visits.left-- <= 0) throw new VisitsExhausted();
    const meta = this.#handle.getChangeMetaByHash(hash);
    if (meta === null) return;
    const { maxOp, deps, actor, seq } = meta;
    const change = { maxOp, deps, actor, seq, isSeen, isWaiting: false };
    this.#visited.set(hash, change);
    this.#wait(change);
  }

  #wait(change: Visited): void {
    change.isWaiting = true;
    this.#waiting.push(change);
  }

  #followHighest(): void {
    let highest = 0;
    for (const [at, { maxOp }] of this.#waiting.entries()) if (maxOp > (this.#waiting[highest]?.maxOp ?? 0)) highest = at;
    const [change] = this.#waiting.splice(highest, 1);
    if (change === undefined) return;
    change.isWaiting = false;
    if (!change.isSeen) this.#lowestUnseen = Math.min(this.#lowestUnseen, change.maxOp);
    for (const hash of change.deps) this.#visit(hash, change.isSeen);
  }
}
