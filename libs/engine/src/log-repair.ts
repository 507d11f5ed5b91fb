// Damaged records of the log, between the reads that meet them and the peers that hold the same ops.
//
//   a read finds a record damaged --> its op is asked of one peer after the other --bytes--> held, until the chain can be checked
//        --it continues from the intact op before to the intact one after, or to the head--> written where it was
//        --it does not--> forgotten, and the next peer is asked
//
// Invariant 1: what is written is the op that was there: its hash lies on the chain between two others that are known here.
// Invariant 2: one op is asked for at a time, and what is held is bounded: what is dropped is asked for again.
// Invariant 3: until it is written again, a damaged record is what it was: not served, not shipped, not skipped.

import { bytesEqual, type Clock, type Hash, isAnabranchError, type Logger, type Metrics, type Timer } from '@anabranch/base';
import type { OriginId, RegionId } from '@anabranch/causality';
import { chainNext, decodeOp, type FetchedFrame, type FetchFrame, type OriginReport } from '@anabranch/protocol';
import type { OpLog } from './op-log.ts';
import { PeerLink } from './peer-link.ts';
import type { DamagedOp, RestoredOp } from './replica-store.ts';

export interface LogRepairParts {
  readonly clock: Clock;
  readonly hash: Hash;
  readonly log: OpLog;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** The established links. */
  readonly links: ReadonlyMap<RegionId, PeerLink>;
}

interface HeldOp {
  readonly seq: number;
  readonly bytes: Uint8Array;
}

interface Wanted extends DamagedOp {
  asks: number;
  nextAskMs: number;
}

export class LogRepair {
  /** After which an ask that was not answered goes to the next peer; longer each time that all were asked. */
  static readonly askMs = 1_000;
  static readonly askMsMax = 15_000;
  /** Damaged ops that are remembered. Beyond: asked for when a read meets them again. */
  static readonly wantedMax = 1_000;
  /** Bytes of ops that wait for those around them. Beyond: all of them are dropped. */
  static readonly heldBytesMax: number = 16 << 20;

  readonly #parts: LogRepairParts;
  readonly #wanted = new Map<string, Wanted>();
  readonly #held = new Map<string, Uint8Array>();
  #heldBytes = 0;
  #timer: Timer | undefined;
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

  /** A peer has answered. What nobody asked for, or what has been written since, is passed over. */
  take(link: PeerLink, { origin, seq, op }: FetchedFrame): void {
    const key = keyOf({ origin, seq });
    if (this.#isStopped || !this.#wanted.has(key) || this.#held.has(key)) return;
    if (this.#heldBytes + op.length > LogRepair.heldBytesMax) this.#drop([...this.#held.keys()]);
    this.#held.set(key, op.slice());
    this.#heldBytes += op.length;
    void this.#settle(link, { origin, seq });
    this.#askIn(0);
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  #want({ origin, seq }: DamagedOp): void {
    const key = keyOf({ origin, seq });
    if (this.#isStopped || this.#wanted.has(key) || this.#wanted.size >= LogRepair.wantedMax) return;
    this.#wanted.set(key, { origin, seq, asks: 0, nextAskMs: 0 });
    if (this.#timer === undefined) this.#askIn(0);
  }

  #askIn(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#parts.clock.setTimer(ms, () => this.#ask());
  }

  /** Asks for the op whose turn it is, of the next peer that holds it. */
  #ask(): void {
    this.#timer = undefined;
    const { clock, log } = this.#parts;
    const next = this.#next();
    if (this.#isStopped || log.hasFailed || next === undefined) return;
    const nowMs = clock.monotonicMs();
    if (next.nextAskMs > nowMs) return this.#askIn(next.nextAskMs - nowMs);
    const { origin, seq, asks } = next;
    const holders = [...this.#parts.links.values()].filter(({ reports }) => holds(reports.get(origin), seq));
    holders[asks % holders.length]?.send({ type: 'fetch', origin, seq });
    next.asks += 1;
    const rounds = Math.floor(next.asks / Math.max(1, holders.length));
    next.nextAskMs = nowMs + Math.min(LogRepair.askMs * 2 ** Math.min(rounds, 10), LogRepair.askMsMax);
    this.#askIn(LogRepair.askMs);
  }

  #next(): Wanted | undefined {
    let next: Wanted | undefined;
    for (const [key, wanted] of this.#wanted) {
      if (!this.#held.has(key) && (next === undefined || wanted.nextAskMs < next.nextAskMs)) next = wanted;
    }
    return next;
  }

  /** Writes what is held around this op as soon as it can be checked. */
  async #settle(link: PeerLink, at: DamagedOp): Promise<void> {
    const run = this.#runAround(at);
    const restored = this.#verify(at.origin, run);
    if (restored === undefined) return;
    this.#drop(run.map(({ seq }) => keyOf({ origin: at.origin, seq })));
    const { logger, metrics, log } = this.#parts;
    if (restored === 'broken') {
      logger.error('record.not_repaired', { ...at, peer: link.peerRegion, reason: 'the hash chain does not pass through it' });
      return;
    }
    for (const op of restored) {
      const details = { origin: op.origin, seq: op.seq, peer: link.peerRegion };
      try {
        if (!(await log.restore(op))) {
          logger.error('record.not_repaired', { ...details, reason: 'its position is not known any more' });
          continue;
        }
      } catch {
        // The log has failed, and the replica ends.
        return;
      }
      this.#wanted.delete(keyOf(op));
      logger.info('record.repaired', details);
      metrics.count('anabranch_records_repaired_total');
    }
  }

  /** Held ops that follow one another, this one among them. */
  #runAround({ origin, seq }: DamagedOp): HeldOp[] {
    let first = seq;
    while (this.#held.has(keyOf({ origin, seq: first - 1 }))) first -= 1;
    const run: HeldOp[] = [];
    for (let at = first, bytes = this.#held.get(keyOf({ origin, seq: at })); bytes !== undefined; ) {
      run.push({ seq: at, bytes });
      at += 1;
      bytes = this.#held.get(keyOf({ origin, seq: at }));
    }
    return run;
  }

  /** Undefined as long as what lies before or after is damaged too: that is wanted from then on. */
  #verify(origin: OriginId, run: readonly HeldOp[]): RestoredOp[] | 'broken' | undefined {
    const { log, hash } = this.#parts;
    const [first, last] = [run[0]?.seq ?? 0, run.at(-1)?.seq ?? 0];
    const head = log.durableHead(origin);
    let chainHash = this.#intact(() => log.chainHashAt(origin, first - 1));
    let after = last < head.seq ? this.#intact(() => log.read(origin, last, 0)[0]) : undefined;
    // A log whose first records are lost seems to begin later, and reads pass over them.
    if (first > 1 && first <= head.oldestSeq) this.#want({ origin, seq: first - 1 });
    if (after !== undefined && after.seq !== last + 1) {
      this.#want({ origin, seq: last + 1 });
      after = undefined;
    }
    if (chainHash === undefined || (after === undefined && last < head.seq)) return undefined;
    let logBytes = after === undefined ? head.logBytes : after.logBytes - after.bytes.length;
    for (const { bytes } of run) logBytes -= bytes.length;
    const chained = run.map(({ seq, bytes }) => {
      chainHash = chainNext(hash, chainHash ?? bytes, bytes);
      logBytes += bytes.length;
      return { origin, seq, bytes, chainHash, logBytes };
    });
    const reached = after === undefined ? chainHash : chainNext(hash, chainHash, after.bytes);
    if (!bytesEqual(reached, (after ?? head).chainHash)) return 'broken';
    // Only now: what lies on the chain is an op that was decoded when it came.
    return chained.map((op) => {
      const { hlc, writes } = decodeOp(op.bytes);
      return { ...op, hlc, documents: writes.map(({ document }) => document) };
    });
  }

  /** Undefined for what is damaged. */
  #intact<T>(read: () => T | undefined): T | undefined {
    try {
      return read();
    } catch (error) {
      if (isAnabranchError(error, 'record_damaged')) return undefined;
      throw error;
    }
  }

  #drop(keys: readonly string[]): void {
    for (const key of keys) {
      this.#heldBytes -= this.#held.get(key)?.length ?? 0;
      this.#held.delete(key);
    }
  }
}

function keyOf({ origin, seq }: DamagedOp): string {
  return `${origin} ${seq}`;
}

function holds(report: OriginReport | undefined, seq: number): boolean {
  return report !== undefined && report.oldestSeq <= seq && seq <= report.seq;
}
