// Whether everything that this region ever wrote is here: what its earlier epochs held then stays as it is, and what they
// left, rights to bounded counters, may be taken over. Our own store cannot know: it may have gone back in time. The peers do.
//
// A store that was made and whose past is not settled may be what is left of a wiped one, whose neighbours it cannot name: it waits
// for at least one, and when that knows of an epoch that is none of this store's, for every region that anybody knows. So it does
// after a restart too.
//
//   a new epoch begins --> every peer has told since that it holds no more of this region's logs than we do --> settled
//
// Invariant 1: a report counts only when it names all that its peer has appended of our earlier epochs (Mesh.admit: a peer
//              reports once everything it had appended before the link is durable, and takes no more under their names).
// Invariant 2: a peer that has never been heard in this epoch keeps the old rights frozen: it may hold what they were spent on.

import { type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import type { OriginReport } from '@anabranch/protocol';
import type { OpLog } from './op-log.ts';

export interface OwnEpochsParts {
  readonly region: RegionId;
  readonly log: OpLog;
  readonly origin: () => OriginId;
  /** Every region this one is configured to link with, or ever has. */
  readonly peers: () => Iterable<RegionId>;
  /** Every origin that is held here or that anyone has told of. */
  readonly knownOrigins: () => Iterable<OriginId>;
  /** When the process begins (ReplicaIdentity.unsettledEpochs). */
  readonly unsettledEpochs: readonly OriginId[] | undefined;
  /** Whether local ops may be appended right now: not while a new epoch is on its way to the disk. */
  readonly isWritable: () => boolean;
  /** What the next process begins with. */
  readonly remember: (unsettledEpochs: readonly OriginId[] | undefined) => void;
}

export class OwnEpochs {
  readonly #parts: OwnEpochsParts;
  readonly #confirmed = new Set<RegionId>();
  /** Of a store whose past was not settled when the process began: its own epochs. */
  readonly #made: Set<OriginId> | undefined;
  #isSettled = false;

  constructor(parts: OwnEpochsParts) {
    this.#parts = parts;
    this.#made = parts.unsettledEpochs && new Set(parts.unsettledEpochs);
  }

  /** Another epoch has begun: what was told before says nothing of the end of the last one. */
  renewed(): void {
    this.#confirmed.clear();
    this.#made?.add(this.#parts.origin());
  }

  hear(region: RegionId, reports: readonly OriginReport[]): void {
    const { region: own, log } = this.#parts;
    const knowsMore = reports.some(({ origin, seq }) => regionOf(origin) === own && seq > log.durableHead(origin).seq);
    if (knowsMore) this.#confirmed.delete(region);
    else this.#confirmed.add(region);
    if (this.#made !== undefined) this.#settle(this.#made);
  }

  /** Peers that have not confirmed; while there are any, rights of earlier epochs stay frozen. */
  unconfirmed(): string[] {
    const { region, peers, knownOrigins } = this.#parts;
    const asked = new Set<RegionId>(peers());
    const made = this.#made;
    if (made !== undefined) {
      if (this.#confirmed.size === 0) return [...asked, 'any peer'];
      const known = [...knownOrigins()];
      const hasPast = known.some((other) => regionOf(other) === region && !made.has(other));
      if (hasPast) for (const other of known) asked.add(regionOf(other));
    }
    return [...asked].filter((peer) => peer !== region && !this.#confirmed.has(peer));
  }

  /** Whether this epoch may take over what a holder of this region's rights has left (Author.mayTakeOver). */
  mayTakeOver(holder: string): boolean {
    const { region, origin } = this.#parts;
    const isOurs = holder === region || holder.startsWith(`${region}.`);
    return isOurs && holder !== origin() && this.unconfirmed().length === 0;
  }

  #settle(made: ReadonlySet<OriginId>): void {
    const isSettled = this.unconfirmed().length === 0;
    if (isSettled === this.#isSettled || !this.#parts.isWritable()) return;
    this.#isSettled = isSettled;
    this.#parts.remember(isSettled ? undefined : [...made]);
  }
}
