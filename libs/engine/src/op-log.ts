// The ordered logs of all origins as this replica holds them, between those who append (accept, receive) and the store.
//
//   append --> pending --> one store commit for all that wait --> durable --> whoever shows, ships or acknowledges
//
// Appending is synchronous and assigns the op its place; while one commit is on its way to the disk, the next one gathers
// (group commit). Reads of ops go to the store and so see durable ops only.
//
// Invariant 1: within an origin, seq rises by one and the hash chain continues; positions rise by one over all origins.
// Invariant 2: the durable heads never pass what the store has confirmed, and move in the order of appending.
// Invariant 3: after a commit has failed, or a listener, nothing is appended or confirmed any more; the replica must stop.

import { AnabranchError, assert, type ErrorCode, type Hash, isAnabranchError } from '@anabranch/base';
import { type Hlc, hlcZero, type OriginId, VersionVector } from '@anabranch/causality';
import { chainNext, chainStart, type DocumentId, type DocumentWrite, decodeOp, type Op } from '@anabranch/protocol';
import { IdempotencyKeys } from './idempotency-keys.ts';
import type { DamagedOp, LoggedOp, OpAppend, ReplicaStore, RestoredOp, StoreOpening } from './replica-store.ts';

/** The end of an origin's log in memory, as it is now: it moves on with the log. */
export interface LogHead {
  readonly seq: number;
  readonly chainHash: Uint8Array;
  readonly hlc: Hlc;
  readonly logBytes: number;
  readonly oldestSeq: number;
}

/** Heads move with every op, so they are moved in place. */
type MovingHead = { -readonly [K in keyof LogHead]: LogHead[K] };

/** An op on its way to durability, decoded once; it is what the store takes. */
export interface AppendedOp extends OpAppend {
  readonly op: Op;
  /** True for an op of this replica, whose updates its loaded documents already hold. */
  readonly isLocal: boolean;
}

export type DurableListener = (ops: readonly AppendedOp[]) => void;

interface Gathering {
  readonly ops: AppendedOp[];
  readonly durable: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
  bytes: number;
}

/** With which a log ends; whatever else fails a commit is `store_failed`. */
const endCodes: ReadonlySet<ErrorCode> = new Set(['store_failed', 'store_full', 'internal_error']);

export class OpLog {
  /** Bytes waiting for commits at which local writes are refused as `overloaded`. */
  static readonly pendingBytesMax: number = 64 << 20;
  /** Bytes one commit takes at most, so that a commit's time stays bounded; the rest waits for the next. */
  static readonly commitBytesMax: number = 2 << 20;

  readonly #keys: IdempotencyKeys;
  readonly #store: ReplicaStore;
  readonly #hash: Hash;
  readonly #heads = new Map<OriginId, MovingHead>();
  readonly #durableHeads = new Map<OriginId, MovingHead>();
  readonly #listeners: DurableListener[] = [];
  readonly #gatherings: Gathering[] = [];
  #durableVector: VersionVector;
  #position: number;
  #durablePosition: number;
  #pendingBytes = 0;
  #pendingOps = 0;
  #isCommitting = false;
  #failure: AnabranchError | undefined;
  #notifyFailed: (error: Error) => void = () => {};

  /** Resolves with the cause when a commit has failed. */
  readonly whenFailed: Promise<Error>;

  constructor(store: ReplicaStore, hash: Hash, opening: StoreOpening, keys: IdempotencyKeys = new IdempotencyKeys(store)) {
    this.#keys = keys;
    this.#store = store;
    this.#hash = hash;
    this.#position = opening.lastPosition;
    this.#durablePosition = opening.lastPosition;
    for (const { origin, ...head } of opening.heads) {
      this.#heads.set(origin, { ...head });
      this.#durableHeads.set(origin, { ...head });
    }
    this.#durableVector = VersionVector.of(opening.heads.map((head) => [head.origin, head.seq]));
    this.whenFailed = new Promise((resolve) => {
      this.#notifyFailed = resolve;
    });
  }

  /** What is durable here: the region's version vector. */
  get durableVector(): VersionVector {
    return this.#durableVector;
  }

  /** Origins with at least one op. */
  get originCount(): number {
    return this.#heads.size;
  }

  get pendingOps(): number {
    return this.#pendingOps;
  }

  get position(): number {
    return this.#position;
  }

  get durablePosition(): number {
    return this.#durablePosition;
  }

  /** A commit has failed: nothing may be appended any more (Invariant 3). */
  get hasFailed(): boolean {
    return this.#failure !== undefined;
  }

  /** The end of an origin's log including what is not durable yet. */
  head(origin: OriginId): LogHead {
    return this.#heads.get(origin) ?? this.#emptyHead(origin);
  }

  durableHead(origin: OriginId): LogHead {
    return this.#durableHeads.get(origin) ?? this.#emptyHead(origin);
  }

  durableHeads(): IterableIterator<[OriginId, LogHead]> {
    return this.#durableHeads.entries();
  }

  /** Called after each commit with its ops, in order, before any of their waiters is told. */
  onDurable(listener: DurableListener): void {
    this.#listeners.push(listener);
  }

  /** @throws AnabranchError `overloaded` or `store_failed` when a local write cannot be taken now. */
  assertAccepting(): void {
    if (this.#failure) throw this.#failure;
    if (this.#pendingBytes < OpLog.pendingBytesMax) return;
    throw new AnabranchError('overloaded', 'too many writes wait for the disk', { retryAfterMs: 1000 });
  }

  /** Appends the next op of `origin`; the caller has checked that it is the next and that its dependencies are met. */
  append(origin: OriginId, bytes: Uint8Array, options: { op: Op; isLocal: boolean; chainHash?: Uint8Array }): LoggedOp {
    assert(this.#failure === undefined, 'nothing is appended after a failed commit');
    const { op, isLocal } = options;
    const head = this.#movingHead(this.#heads, origin);
    head.seq += 1;
    head.chainHash = options.chainHash ?? chainNext(this.#hash, head.chainHash, bytes);
    head.logBytes += bytes.length;
    head.hlc = op.hlc;
    this.#position += 1;
    const { seq, chainHash, logBytes } = head;
    const position = this.#position;
    const documents = op.writes.map((write) => write.document);
    const plain: AppendedOp = { origin, seq, bytes, chainHash, logBytes, position, hlc: op.hlc, documents, op, isLocal };
    const record = op.idempotency && { ...op.idempotency, origin, seq };
    const appended = record !== undefined && this.#keys.append(record, position) ? { ...plain, idempotency: record } : plain;
    const gathering = this.#gather(bytes.length);
    gathering.ops.push(appended);
    gathering.bytes += bytes.length;
    this.#pendingBytes += bytes.length;
    this.#pendingOps += 1;
    return appended;
  }

  /** Resolves when everything up to `position` is durable. @throws AnabranchError `store_failed` when it never will be. */
  whenDurable(position: number): Promise<void> {
    if (position <= this.#durablePosition) return Promise.resolve();
    if (this.#failure) return Promise.reject(this.#failure);
    for (const gathering of this.#gatherings) {
      const last = gathering.ops.at(-1);
      if (last !== undefined && last.position >= position) return gathering.durable;
    }
    throw new AnabranchError('internal_error', `position ${position} was never appended`);
  }

  /** Durable ops of an origin after `afterSeq`. @throws AnabranchError `record_damaged`. */
  read(origin: OriginId, afterSeq: number, bytesMax: number): readonly LoggedOp[] {
    return this.#store.readOps(origin, afterSeq, bytesMax);
  }

  /** ReplicaStore.onDamaged */
  onDamaged(listener: (op: DamagedOp) => void): void {
    this.#store.onDamaged(listener);
  }

  /** ReplicaStore.restore; a commit that fails ends the log, as any does. */
  async restore(op: RestoredOp): Promise<boolean> {
    try {
      const isRestored = await this.#store.restore(op);
      if (isRestored) this.#holdsAgain(op);
      return isRestored;
    } catch (error) {
      this.fail(error);
      throw error;
    }
  }

  /** ReplicaStore.scrub */
  scrub(after: Uint8Array | undefined, bytesMax: number): Uint8Array | undefined {
    return this.#store.scrub(after, bytesMax);
  }

  /** A log whose first records were lost begins where it did again. */
  #holdsAgain({ origin, seq }: RestoredOp): void {
    for (const heads of [this.#heads, this.#durableHeads]) {
      const head = this.#movingHead(heads, origin);
      head.oldestSeq = Math.min(head.oldestSeq, seq);
    }
  }

  /** The chain hash at a durable seq; undefined when the log does not hold it. */
  chainHashAt(origin: OriginId, seq: number): Uint8Array | undefined {
    if (seq === 0) return chainStart(this.#hash, origin);
    const head = this.durableHead(origin);
    if (seq === head.seq) return head.chainHash;
    if (seq > head.seq || seq < head.oldestSeq) return undefined;
    return this.#store.readOps(origin, seq - 1, 0)[0]?.chainHash;
  }

  /** Ends the log (Invariant 3): a commit has failed, of ops or of something else in the same store; or a listener has. */
  fail(cause: unknown): void {
    if (this.#failure !== undefined) return;
    const isKnown = isAnabranchError(cause) && endCodes.has(cause.code);
    const message = cause instanceof Error ? cause.message : String(cause);
    this.#failure = isKnown ? cause : new AnabranchError('store_failed', message);
    for (const gathering of this.#gatherings.splice(0)) gathering.reject(this.#failure);
    this.#notifyFailed(cause instanceof Error ? cause : this.#failure);
  }

  #gather(opBytes: number): Gathering {
    const newest = this.#gatherings.at(-1);
    const isNewestOpen = newest !== undefined && !(this.#isCommitting && this.#gatherings.length === 1);
    if (isNewestOpen && newest.bytes + opBytes <= OpLog.commitBytesMax) return newest;
    let resolve: () => void = () => {};
    let reject: (error: Error) => void = () => {};
    const durable = new Promise<void>((whenDone, whenFailed) => {
      resolve = whenDone;
      reject = whenFailed;
    });
    durable.catch(() => {});
    const gathering: Gathering = { ops: [], durable, resolve, reject, bytes: 0 };
    this.#gatherings.push(gathering);
    if (!this.#isCommitting && this.#gatherings.length === 1) void Promise.resolve().then(() => this.#commitAll());
    return gathering;
  }

  async #commitAll(): Promise<void> {
    if (this.#isCommitting) return;
    this.#isCommitting = true;
    try {
      for (let next = this.#gatherings[0]; next !== undefined; next = this.#gatherings[0]) {
        await this.#store.commit({ ops: next.ops });
        this.#confirm(next);
      }
    } catch (error) {
      this.fail(error);
    } finally {
      this.#isCommitting = false;
    }
  }

  #confirm(gathering: Gathering): void {
    const seqs = new Map<OriginId, number>();
    for (const appended of gathering.ops) {
      const head = this.#movingHead(this.#durableHeads, appended.origin);
      assert(appended.seq === head.seq + 1, 'ops become durable in the order of their log');
      head.seq = appended.seq;
      head.chainHash = appended.chainHash;
      head.logBytes = appended.logBytes;
      head.hlc = appended.hlc;
      seqs.set(appended.origin, appended.seq);
      this.#durablePosition = appended.position;
    }
    this.#durableVector = this.#durableVector.merge(VersionVector.of(seqs));
    this.#pendingBytes -= gathering.bytes;
    this.#pendingOps -= gathering.ops.length;
    this.#gatherings.shift();
    try {
      for (const listener of this.#listeners) listener(gathering.ops);
    } catch (error) {
      throw new AnabranchError('internal_error', `what became durable could not be told: ${String(error)}`);
    } finally {
      gathering.resolve();
    }
  }

  #movingHead(heads: Map<OriginId, MovingHead>, origin: OriginId): MovingHead {
    const known = heads.get(origin);
    if (known !== undefined) return known;
    const head = { ...this.#emptyHead(origin) };
    heads.set(origin, head);
    return head;
  }

  /** Asked for often, of origins without an op too, and its hash seldom: that is computed when it is asked for. */
  #emptyHead(origin: OriginId): LogHead {
    const hash = this.#hash;
    return {
      seq: 0,
      get chainHash() {
        return chainStart(hash, origin);
      },
      hlc: hlcZero,
      logBytes: 0,
      oldestSeq: 1,
    };
  }
}

/** What an op writes to one document. */
export function writesOf(logged: LoggedOp, document: DocumentId): DocumentWrite[] {
  return decodeOp(logged.bytes).writes.filter((write) => write.document === document);
}
