// How far this replica is behind each origin, from what peers report in their heads.
//
// A report says: "up to seq s, which is everything this origin wrote before time t". Once we hold s we are complete up
// to t ourselves, and say so to others, so freshness passes through relays. Lag in ms is the age of t: it stays small on
// an idle link, because heads flow as heartbeats, and grows for as long as an origin cannot be heard. Times are those of our
// monotonic clock: a wall clock that is stepped, here or at the peer, makes nothing fresher or staler than it is.
//
// Who is always a little behind must still come to know how far: of the claims not yet reached the earliest is kept until
// it is, and the newest is what counts next.

import type { OriginId, RegionId } from '@anabranch/causality';
import { type OriginReport, vectorOriginsMax } from '@anabranch/protocol';

/** Complete up to a time, once so much is held. */
interface Claim {
  readonly seq: number;
  readonly completeMs: number;
}

/** Every heartbeat of every peer tells of every origin, so it is changed in place. */
interface Knowledge {
  /** The most anyone reported. */
  seq: number;
  logBytes: number;
  /** What each region reported last that was more than is held: who reports less than before has lost it. */
  readonly told: Map<RegionId, number>;
  /** Claims not yet reached: the earliest, and the newest after it. */
  claim: Claim | undefined;
  nextClaim: Claim | undefined;
  completeMs: number;
  /** What the replica could make of its own log when it began: a guess, by wall clocks. */
  recalledMs: number;
}

const never = Number.NEGATIVE_INFINITY;

interface Reporting {
  readonly completeMs?: number | undefined;
  readonly by?: RegionId | undefined;
}

export class Freshness {
  readonly #origins = new Map<OriginId, Knowledge>();

  /**
   * Takes what a peer reported: that its log of the origin is complete up to `completeMs`, undefined when it did not tell. Of more
   * origins than a vector holds the later ones are not taken.
   */
  report(report: Omit<OriginReport, 'completeMs'>, heldSeq: number, { completeMs = never, by }: Reporting = {}): void {
    const known = this.#origins.get(report.origin) ?? this.#begin(report.origin);
    if (known === undefined) return;
    known.seq = Math.max(known.seq, report.seq);
    known.logBytes = Math.max(known.logBytes, report.logBytes);
    if (by !== undefined && report.seq > heldSeq) known.told.set(by, report.seq);
    else if (by !== undefined && known.told.size > 0) known.told.delete(by);
    if (report.seq <= heldSeq) known.completeMs = Math.max(known.completeMs, completeMs);
    else if (completeMs !== never) addClaim(known, { seq: report.seq, completeMs });
  }

  /**
   * What is held of an origin when the replica begins. Up to when that was complete, only wall clocks tell, and one of them may have
   * been stepped meanwhile: it serves to show a lag and to tell epochs apart until something is heard, and is told to nobody.
   */
  recall(report: Omit<OriginReport, 'completeMs'>, recalledMs: number): void {
    this.report(report, report.seq);
    const known = this.#origins.get(report.origin);
    if (known !== undefined) known.recalledMs = recalledMs;
  }

  /** Tells that the origin's log is held up to `seq`. */
  reach(origin: OriginId, seq: number): void {
    const known = this.#origins.get(origin);
    while (known?.claim !== undefined && known.claim.seq <= seq) {
      known.completeMs = Math.max(known.completeMs, known.claim.completeMs);
      known.claim = known.nextClaim;
      known.nextClaim = undefined;
    }
  }

  /** Whether anyone told of the origin, and it was taken. */
  knows(origin: OriginId): boolean {
    return this.#origins.has(origin);
  }

  /** Up to when every write of the origin is here; undefined when nobody has told. */
  completeMs(origin: OriginId): number | undefined {
    const completeMs = this.#origins.get(origin)?.completeMs ?? never;
    return completeMs === never ? undefined : completeMs;
  }

  /** As {@link completeMs}, as far as it is known; and a guess as long as nobody has told since the replica began. */
  guessedMs(origin: OriginId): number | undefined {
    const recalledMs = this.#origins.get(origin)?.recalledMs ?? never;
    return this.completeMs(origin) ?? (recalledMs === never ? undefined : recalledMs);
  }

  /** Whether the origin was complete later than the other: it is the newer one, when both are of one region. */
  isLater(origin: OriginId, other: OriginId): boolean {
    const [completeMs, otherMs] = [this.completeMs(origin) ?? never, this.completeMs(other) ?? never];
    if (completeMs !== otherMs) return completeMs > otherMs;
    return (this.guessedMs(origin) ?? never) >= (this.guessedMs(other) ?? never);
  }

  /** What is missing, given what is held. */
  missing(origin: OriginId, held: { seq: number; logBytes: number }): { ops: number; bytes: number } {
    const { seq = 0, logBytes = 0 } = this.#origins.get(origin) ?? {};
    return { ops: Math.max(0, seq - held.seq), bytes: Math.max(0, logBytes - held.logBytes) };
  }

  /** The most that a region has of the origin, as it reported last; of what its region had and lost nobody may have any. */
  toldSeq(origin: OriginId): number {
    let most = 0;
    for (const seq of this.#origins.get(origin)?.told.values() ?? []) most = Math.max(most, seq);
    return most;
  }

  /** Whether somebody has more of the origin than is held. */
  isLacking(origin: OriginId, heldSeq: number): boolean {
    return this.toldSeq(origin) > heldSeq;
  }

  origins(): IterableIterator<OriginId> {
    return this.#origins.keys();
  }

  /** Undefined when there are as many origins as are taken. */
  #begin(origin: OriginId): Knowledge | undefined {
    if (this.#origins.size >= vectorOriginsMax) return undefined;
    const known = {
      seq: 0,
      logBytes: 0,
      told: new Map<RegionId, number>(),
      claim: undefined,
      nextClaim: undefined,
      completeMs: never,
      recalledMs: never,
    };
    this.#origins.set(origin, known);
    return known;
  }
}

function addClaim(known: Knowledge, claim: Claim): void {
  const { claim: earliest } = known;
  const isEasier = earliest === undefined || (claim.seq <= earliest.seq && claim.completeMs >= earliest.completeMs);
  if (isEasier) known.claim = claim;
  known.nextClaim = isEasier ? undefined : claim;
}
