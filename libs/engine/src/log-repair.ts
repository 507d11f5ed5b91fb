// Damaged records of the log, between the reads that meet them and the peers that hold the same ops.
//
//   a read finds a record damaged --> its op is asked of one peer after the other --bytes--> held, until the chain can be checked
//        --it continues from the intact op before to the intact one after, or to the head--> written where it was
//        --it does not--> the whole row is forgotten, and asked of the next peer: one that is wrong about any of it spoils all of it
//
// Invariant 1: what is written is the op that was there: its hash lies on the chain between two others that are known here.
// Invariant 2: one op is asked for at a time, and what is held is bounded: what is dropped is asked for again.
// Invariant 3: until it is written again, a damaged record is what it was: not served, not shipped, not skipped.

import { bytesEqual, type Clock, type Hash, isAnabranchError, type Logger, type Metrics, type Timer } from '@anabranch/base';
import type { OriginId, RegionId } from '@anabranch/causality';
import { chainNext, decodeOp, type FetchedFrame, type FetchFrame, type OriginReport } from '@anabranch/protocol';
import type { OpLog } from './op-log.ts';
import { PeerLink } from './peer-link.ts';
import type { DamagedOp, LoggedOp, RestoredOp } from './replica-store.ts';

export interface LogRepairParts {
  readonly clock: Clock;
  readonly hash: Hash;
  readonly log: OpLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The established links. */
  readonly links: ReadonlyMap<RegionId, PeerLink>;
}

interface Wanted extends DamagedOp {
  /** Of the row that it is in: how often it was forgotten. */
  round: number;
  /** In this round. */
  asks: number;
  askedOf: RegionId | undefined;
  nextAskMs: number;
}

interface HeldOp {
  readonly wanted: Wanted;
  readonly bytes: Uint8Array;
}

export class LogRepair {
  /** After which an ask that was not answered goes to the next peer; longer each time that all were asked. */
  static readonly askMs = 1_000;
  static readonly askMsMax = 15_000;
  /** Damaged ops that are asked for. Beyond: the one that was asked for longest gives way, until a read meets it again. */
  static readonly wantedMax = 1_000;
  /** Bytes of ops that wait for those around them. Beyond: all of them are dropped, and asked for again after {@link dropMs}. */
  static readonly heldBytesMax: number = 16 << 20;
  /** A row that is too long for us would otherwise cross the link over and over. */
  static readonly dropMs = 600_000;

  readonly #parts: LogRepairParts;
  /** Damaged ops are in one of these: to be asked for; received; being written; not to be written, for the store
   *  does not know where, until another one is. */
  readonly #wanted = new Map<string, Wanted>();
  readonly #held = new Map<string, HeldOp>();
  readonly #writing = new Set<string>();
  readonly #misplaced = new Set<string>();
  #heldBytes = 0;
  #timer: Timer | undefined;
  /** A peer has been asked, and may still answer in time. */
  #isAwaiting = false;
  #isStopped = false;

  constructor(parts: LogRepairParts) {
    this.#parts = parts;
    parts.log.onDamaged((op) => this.#want(op));
  }

  /** A peer asks for an op of ours. */
  serve(link: PeerLink, { origin, seq }: FetchFrame): void {
    if (link.bufferedBytes >= PeerLink.floodBufferedBytesMax) return;
    const op = this.#intact(() => this.#parts.log.read(origin, seq - 1, 0)[0]);
    if (op?.seq === seq) link.send({ type: 'fetched', origin, seq, op: op.bytes });
  }

  /** A peer has answered. What it was not asked for, or what has been written since, is passed over. */
  take(link: PeerLink, { origin, seq, op }: FetchedFrame): void {
    const key = keyOf({ origin, seq });
    const wanted = this.#wanted.get(key);
    if (this.#isStopped || wanted === undefined || wanted.askedOf !== link.peerRegion) return;
    if (this.#heldBytes + op.length > LogRepair.heldBytesMax) this.#dropAll();
    this.#wanted.delete(key);
    this.#held.set(key, { wanted, bytes: op.slice() });
    this.#heldBytes += op.length;
    this.#settle(link, wanted);
    this.#askIn(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #want({ origin, seq }: DamagedOp): void {
    const key = keyOf({ origin, seq });
    if (this.#isStopped || [this.#wanted, this.#held, this.#writing, this.#misplaced].some((known) => known.has(key))) return;
    if (this.#wanted.size >= LogRepair.wantedMax && !this.#giveWay()) return;
    this.#wanted.set(key, { origin, seq, round: 0, asks: 0, askedOf: undefined, nextAskMs: 0 });
    if (!this.#isAwaiting) this.#askIn(0);
  }

  /** False when none was asked for yet. */
  #giveWay(): boolean {
    let last: Wanted | undefined;
    for (const wanted of this.#wanted.values()) if (last === undefined || wanted.nextAskMs > last.nextAskMs) last = wanted;
    return last !== undefined && last.round + last.asks > 0 && this.#wanted.delete(keyOf(last));
  }

  #askIn(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.setTimer(ms, () => this.#ask());
    this.#isAwaiting = false;
  }

  /** Asks for the op whose turn it is, of the next peer that holds it. */
  #ask(): void {
    this.#isAwaiting = false;
    const { clock, log } = this.#parts;
    const next = this.#next();
    if (this.#isStopped || log.hasFailed || next === undefined) return;
    const nowMs = clock.monotonicMs();
    if (next.nextAskMs > nowMs) return this.#askIn(next.nextAskMs - nowMs);
    const { origin, seq, round, asks } = next;
    const holders = [...this.#parts.links.values()].filter(({ reports }) => holds(reports.get(origin), seq));
    const holder = holders[(round + asks) % holders.length];
    holder?.send({ type: 'fetch', origin, seq });
    next.askedOf = holder?.peerRegion;
    next.asks += 1;
    const rounds = Math.floor((round + next.asks) / Math.max(1, holders.length));
    next.nextAskMs = nowMs + Math.min(LogRepair.askMs * 2 ** Math.min(rounds, 10), LogRepair.askMsMax);
    // Nobody holds it: the others need not wait.
    this.#askIn(holders.length > 0 ? LogRepair.askMs : 0);
    this.#isAwaiting = holders.length > 0;
  }

  #next(): Wanted | undefined {
    let next: Wanted | undefined;
    for (const wanted of this.#wanted.values()) if (next === undefined || wanted.nextAskMs < next.nextAskMs) next = wanted;
    return next;
  }

  /** Writes what is held around this op as soon as it can be checked. */
  #settle(link: PeerLink, { origin, seq }: DamagedOp): void {
    // Long runs are gone through when they are whole, not with each op.
    if (this.#isOpen({ origin, seq })) return;
    const run = this.#runAround({ origin, seq });
    const restored = this.#verify(origin, run);
    if (restored === undefined) return;
    this.#drop(run.map(({ wanted }) => keyOf(wanted)));
    if (restored === 'broken') {
      // From here on all of them are asked of the same peer.
      const round = run.reduce((most, { wanted }) => Math.max(most, wanted.round), 0) + 1;
      for (const { wanted } of run) [wanted.round, wanted.asks] = [round, 0];
      const details = { origin, seq, peer: link.peerRegion, reason: 'the hash chain does not pass through it' };
      this.#parts.logger.error('record.not_repaired', details);
      return;
    }
    for (const op of restored) {
      this.#wanted.delete(keyOf(op));
      this.#writing.add(keyOf(op));
    }
    void this.#write(link, restored);
  }

  /** What was not written when the region stops is damaged still when it starts. */
  async #write({ peerRegion: peer }: PeerLink, ops: readonly RestoredOp[]): Promise<void> {
    const { logger, metrics, log } = this.#parts;
    for (const op of ops) {
      if (this.#isStopped) return;
      const [key, details] = [keyOf(op), { origin: op.origin, seq: op.seq, peer }];
      let isWritten = false;
      try {
        isWritten = await log.restore(op);
      } catch {
        // The log has failed, and the replica ends.
        return;
      }
      this.#writing.delete(key);
      if (isWritten) {
        // Where another op was may follow from this one.
        this.#misplaced.clear();
        logger.info('record.repaired', details);
        metrics.count('anabranch_records_repaired_total');
        continue;
      }
      logger.error('record.not_repaired', { ...details, reason: 'its position is not known any more' });
      if (this.#misplaced.size < LogRepair.wantedMax) this.#misplaced.add(key);
    }
  }

  /** Whether what lies next to a held op is neither held nor intact. */
  #isOpen({ origin, seq }: DamagedOp): boolean {
    const isHeld = (at: number): boolean => this.#held.has(keyOf({ origin, seq: at }));
    const isAfter = isHeld(seq + 1) || seq === this.#parts.log.durableHead(origin).seq || this.#opAfter(origin, seq) !== undefined;
    return !isAfter || !(isHeld(seq - 1) || this.#chainBefore(origin, seq) !== undefined);
  }

  /** Held ops that follow one another, this one among them. */
  #runAround({ origin, seq }: DamagedOp): HeldOp[] {
    let first = seq;
    while (this.#held.has(keyOf({ origin, seq: first - 1 }))) first -= 1;
    const run: HeldOp[] = [];
    for (let held = this.#held.get(keyOf({ origin, seq: first })); held !== undefined; ) {
      run.push(held);
      held = this.#held.get(keyOf({ origin, seq: first + run.length }));
    }
    return run;
  }

  /** Undefined as long as what lies before or after is damaged too: that is wanted from then on. */
  #verify(origin: OriginId, run: readonly HeldOp[]): RestoredOp[] | 'broken' | undefined {
    const { log, hash } = this.#parts;
    const [first, last] = [run[0]?.wanted.seq ?? 0, run.at(-1)?.wanted.seq ?? 0];
    const head = log.durableHead(origin);
    let chainHash = this.#chainBefore(origin, first);
    const after = last < head.seq ? this.#opAfter(origin, last) : undefined;
    if (chainHash === undefined || (after === undefined && last < head.seq)) return undefined;
    let logBytes = after === undefined ? head.logBytes : after.logBytes - after.bytes.length;
    for (const { bytes } of run) logBytes -= bytes.length;
    const chained = run.map(({ wanted, bytes }) => {
      chainHash = chainNext(hash, chainHash ?? bytes, bytes);
      logBytes += bytes.length;
      return { origin, seq: wanted.seq, bytes, chainHash, logBytes };
    });
    const reached = after === undefined ? chainHash : chainNext(hash, chainHash, after.bytes);
    if (!bytesEqual(reached, (after ?? head).chainHash)) return 'broken';
    // Only now: what lies on the chain is an op that was decoded when it came.
    return chained.map((op) => {
      const { hlc, writes } = decodeOp(op.bytes);
      return { ...op, hlc, documents: writes.map(({ document }) => document) };
    });
  }

  /** The hash of the chain up to the op before; undefined while that is damaged. */
  #chainBefore(origin: OriginId, seq: number): Uint8Array | undefined {
    const { log } = this.#parts;
    // A log whose first records are lost seems to begin later, and reads pass over them.
    if (seq > 1 && seq <= log.durableHead(origin).oldestSeq) this.#want({ origin, seq: seq - 1 });
    return this.#intact(() => log.chainHashAt(origin, seq - 1));
  }

  /** The next op; undefined while it is damaged. */
  #opAfter(origin: OriginId, seq: number): LoggedOp | undefined {
    const after = this.#intact(() => this.#parts.log.read(origin, seq, 0)[0]);
    if (after === undefined || after.seq === seq + 1) return after;
    this.#want({ origin, seq: seq + 1 });
    return undefined;
  }

  /** Undefined for what cannot be read: it is damaged, or of a format of newer software. */
  #intact<T>(read: () => T | undefined): T | undefined {
    try {
      return read();
    } catch (error) {
      if (isAnabranchError(error)) return undefined;
      throw error;
    }
  }

  /** Asked for again in the order of their logs: then several rows, of which each is short enough, come one after the other. */
  #dropAll(): void {
    const rows = [...this.#held.values()].sort((a, b) => compareOps(a.wanted, b.wanted));
    const fromMs = this.#parts.clock.monotonicMs() + LogRepair.dropMs;
    for (const [i, { wanted }] of rows.entries()) wanted.nextAskMs = fromMs + i;
    this.#drop([...this.#held.keys()]);
  }

  /** They are asked for again. */
  #drop(keys: readonly string[]): void {
    for (const key of keys) {
      const held = this.#held.get(key);
      if (held === undefined) continue;
      this.#held.delete(key);
      this.#heldBytes -= held.bytes.length;
      this.#wanted.set(key, held.wanted);
    }
  }
}

function keyOf({ origin, seq }: DamagedOp): string {
  return `${origin} ${seq}`;
}

function compareOps(a: DamagedOp, b: DamagedOp): number {
  if (a.origin !== b.origin) return a.origin < b.origin ? -1 : 1;
  return a.seq - b.seq;
}

function holds(report: OriginReport | undefined, seq: number): boolean {
  return report !== undefined && report.oldestSeq <= seq && seq <= report.seq;
}
