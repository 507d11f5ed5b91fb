// The ops of all origins as one sequence, read from the logs from any vector on: between the durable log and the readers of
// the change feed.
//
//   logs, one per origin --> the next op of each --> those whose dependencies were read --> the one stamped first
//
// Invariant 1: what was read is a vector, so of each origin a reader reads every op once and in order, and another reader
//              goes on from the vector wherever it is.
// Invariant 2: an op is read after all that it depends on. Each names what its origin's previous one did not: the rest was
//              read before that. There is always a next one, because the region holds ops in causal order.
// Invariant 3: a reader holds `aheadBytesMax` of ops, or one op, of each origin that has more; nothing is queued for it.

import { AnabranchError, compareStrings } from '@anabranch/base';
import { compareHlc, type OriginId, VersionVector } from '@anabranch/causality';
import { decodeOp, type Op } from '@anabranch/protocol';
import type { OpLog } from '../op-log.ts';
import type { LoggedOp } from '../replica-store.ts';
import type { ChangedOp, ChangeReader, ChangesDoor } from './changes-door.ts';

type DurableLog = Pick<OpLog, 'durableVector' | 'read'>;

/** The next op of an origin, and those behind it that were read with it. */
interface OriginHead {
  readonly origin: OriginId;
  readonly logged: LoggedOp;
  readonly op: Op;
  readonly behind: readonly LoggedOp[];
}

export class ChangeFeed implements ChangesDoor {
  readonly #log: DurableLog;
  readonly #followers = new Set<() => void>();

  constructor(log: DurableLog) {
    this.#log = log;
  }

  readAfter(after: VersionVector, onMore: () => void): ChangeReader {
    this.#followers.add(onMore);
    return new LogReader(this.#log, after, () => this.#followers.delete(onMore));
  }

  /** More ops are durable. */
  advance(): void {
    for (const onMore of [...this.#followers]) onMore();
  }
}

class LogReader implements ChangeReader {
  /** Bytes of ops read ahead of one origin. */
  static readonly aheadBytesMax: number = 16 << 10;

  readonly #log: DurableLog;
  readonly #release: () => void;
  readonly #heads = new Map<OriginId, OriginHead>();
  /** Origins whose next op is to be looked for, and what of them was read already. */
  readonly #ahead = new Map<OriginId, readonly LoggedOp[]>();
  #version: VersionVector;
  /** The durable vector up to which heads were looked for. */
  #known: VersionVector = VersionVector.empty;

  constructor(log: DurableLog, after: VersionVector, release: () => void) {
    this.#log = log;
    this.#version = after;
    this.#release = release;
  }

  get version(): VersionVector {
    return this.#version;
  }

  next(): ChangedOp | undefined {
    this.#lookForHeads();
    let first: OriginHead | undefined;
    for (const head of this.#heads.values()) {
      if (this.#isReady(head.op) && (first === undefined || order(head, first) < 0)) first = head;
    }
    if (first === undefined) {
      if (this.#heads.size > 0) throw new AnabranchError('record_damaged', 'the log lacks an op that others depend on');
      return undefined;
    }
    const { origin, logged, op, behind } = first;
    this.#version = this.#version.with(origin, logged.seq);
    this.#heads.delete(origin);
    this.#ahead.set(origin, behind);
    const { hlc, writes } = op;
    const documents = writes.map(({ document }) => document);
    return { opId: { origin, seq: logged.seq }, hlc, documents, writes, version: this.#version };
  }

  close(): void {
    this.#release();
    this.#heads.clear();
    this.#ahead.clear();
  }

  #lookForHeads(): void {
    const durable = this.#log.durableVector;
    if (durable !== this.#known) {
      this.#known = durable;
      for (const [origin] of durable.since(this.#version)) {
        if (!this.#heads.has(origin) && !this.#ahead.has(origin)) this.#ahead.set(origin, []);
      }
    }
    // Where this fails, it is tried again with the next call: the origin has not ended.
    for (const [origin, ahead] of this.#ahead) {
      this.#setHead(origin, ahead);
      this.#ahead.delete(origin);
    }
  }

  #setHead(origin: OriginId, ahead: readonly LoggedOp[]): void {
    const seq = this.#version.get(origin);
    if (seq >= this.#known.get(origin)) return;
    const [logged, ...behind] = ahead.length > 0 ? ahead : this.#log.read(origin, seq, LogReader.aheadBytesMax);
    if (logged === undefined) throw new AnabranchError('record_damaged', `the log of ${origin} ends before its head`);
    // A log whose first records are lost begins later, and the store reads on from there.
    if (logged.seq !== seq + 1) throw new AnabranchError('record_damaged', `the log of ${origin} no longer has the op after ${seq}`);
    this.#heads.set(origin, { origin, logged, op: decodeOp(logged.bytes), behind });
  }

  #isReady({ dependencies }: Op): boolean {
    return dependencies.every(([origin, seq]) => this.#version.get(origin) >= seq);
  }
}

function order(a: OriginHead, b: OriginHead): number {
  return compareHlc(a.op.hlc, b.op.hlc) || compareStrings(a.origin, b.origin);
}
