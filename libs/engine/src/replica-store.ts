// What a replica asks of its store. Commits are atomic and ordered; a commit's promise resolves when it is durable
// (fsynced), never before. Reads are synchronous, small, and see exactly what is durable: the engine itself keeps what it
// has handed over but not yet been told is durable.
//
// Invariant 1: after a crash at any instant the store holds a prefix of the commits, each whole, including every commit
//              whose promise had resolved.
// Invariant 2: a record that fails its checksum, or lies under another record's key, is never returned: the read throws
//              `record_damaged`.
// Invariant 3: after a commit has failed every later commit fails too: nothing is retried on a store that lost a write.

import type { Hlc, OriginId, RegionId, VersionVector } from '@anabranch/causality';
import type { Library } from '@anabranch/crdt';
import type { DocumentId } from '@anabranch/protocol';

/** An op in its origin's log, as it is stored and shipped. */
export interface LoggedOp {
  readonly origin: OriginId;
  readonly seq: number;
  /** The bytes the origin made ({@link encodeOp}). */
  readonly bytes: Uint8Array;
  /** The hash chain up to and including this op, 32 bytes. */
  readonly chainHash: Uint8Array;
  /** Bytes of this origin's log up to and including this op: the difference of two is a lag in bytes. */
  readonly logBytes: number;
  /** The place in this store's order of arrival, 1 and up without gaps; causal, but different in every region. */
  readonly position: number;
}

/** The end of one origin's log. */
export interface OriginHead {
  readonly origin: OriginId;
  readonly seq: number;
  readonly chainHash: Uint8Array;
  readonly hlc: Hlc;
  readonly logBytes: number;
  /** The oldest seq still held; 1 until pruned. */
  readonly oldestSeq: number;
}

/** One op to append, with what the indexes need to know of it. */
export interface OpAppend extends LoggedOp {
  readonly hlc: Hlc;
  readonly documents: readonly DocumentId[];
  readonly idempotency?: IdempotencyRecord;
}

/** A used idempotency key: the op it made and the request it stood for. */
export interface IdempotencyRecord {
  readonly key: string;
  readonly requestDigest: Uint8Array;
  readonly origin: OriginId;
  readonly seq: number;
}

/** A document's merged state up to a position in the order of arrival. */
export interface DocumentSnapshot {
  readonly document: DocumentId;
  readonly library: Library;
  readonly state: Uint8Array;
  /** Everything of this document up to and including this position is inside. */
  readonly position: number;
}

/** What belongs to the replica itself. */
export interface ReplicaIdentity {
  readonly region: RegionId;
  /** Random, 16 bytes: tells two stores of one region apart. */
  readonly storeId: Uint8Array;
  /** The origin that local writes go to. */
  readonly origin: OriginId;
  /**
   * Of a store that was made for a mesh, as long as it may be what is left of a wiped one: its own epochs, `origin` last. Whatever else
   * is known of its region is the past of another store.
   */
  readonly unsettledEpochs?: readonly OriginId[];
}

/** Written together or not at all. */
export interface StoreBatch {
  readonly identity?: ReplicaIdentity;
  readonly ops?: readonly OpAppend[];
  readonly snapshots?: readonly DocumentSnapshot[];
  /** What each peer region is known to have made durable. */
  readonly peerVectors?: ReadonlyArray<readonly [RegionId, VersionVector]>;
}

/** What a replica needs to start; its size does not depend on the number of documents. */
export interface StoreOpening {
  readonly identity: ReplicaIdentity | undefined;
  readonly heads: readonly OriginHead[];
  readonly peerVectors: ReadonlyArray<readonly [RegionId, VersionVector]>;
  /** The position of the newest op, 0 in an empty store. */
  readonly lastPosition: number;
}

/** A document as stored: the newest snapshot and the ops after it, in order of arrival. */
export interface StoredDocument {
  readonly snapshot: DocumentSnapshot | undefined;
  readonly ops: readonly LoggedOp[];
}

/** A page of a document's ops, in order of arrival. */
export interface StoredHistory {
  readonly ops: readonly LoggedOp[];
  /** What the store knows of the document's ops begins after this position; 0 when it knows all of them. */
  readonly beginsAfter: number;
}

/** An op whose record in the log is damaged. */
export type DamagedOp = Pick<LoggedOp, 'origin' | 'seq'>;

/** An op to be written where its record was. */
export type RestoredOp = Omit<OpAppend, 'position' | 'idempotency'>;

export interface ReplicaStore {
  opening(): StoreOpening;
  /** Resolves when durable. @throws AnabranchError `store_full` or `store_failed`. */
  commit(batch: StoreBatch): Promise<void>;
  /** Ops of `origin` after `afterSeq` in order: at least one when there is one, then while `bytesMax` lasts. */
  readOps(origin: OriginId, afterSeq: number, bytesMax: number): readonly LoggedOp[];
  readDocument(document: DocumentId): StoredDocument;
  /**
   * Ops of a document after a position, those that snapshots cover too: at least one when there is one, then while
   * `bytesMax` lasts.
   */
  readHistory(document: DocumentId, afterPosition: number, bytesMax: number): StoredHistory;
  /** Ids of documents of a collection in order, after `after` (exclusive), at most `limit`. */
  listDocuments(collection: string, after: DocumentId | undefined, limit: number): readonly DocumentId[];
  readIdempotency(key: string): IdempotencyRecord | undefined;
  /** Calls `listener` with each op whose record a read finds damaged or missing, each time that one does. */
  onDamaged(listener: (op: DamagedOp) => void): void;
  /**
   * Writes an op in the place of its damaged record; resolves when durable. False, and nothing is written, when the store does not
   * know any more at which position it was. @throws AnabranchError `store_full` or `store_failed`.
   */
  restore(op: RestoredOp): Promise<boolean>;
  /**
   * Looks at records in the order of their keys, from the one after `after` on: at least at one, then while `bytesMax` lasts. Damage is told
   * as a read that meets it would, and not thrown. Returns where to go on, undefined after the last record.
   */
  scrub(after: Uint8Array | undefined, bytesMax: number): Uint8Array | undefined;
  /** Waits for the commits under way, then releases the store. */
  close(): Promise<void>;
}
