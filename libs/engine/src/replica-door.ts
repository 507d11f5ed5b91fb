// What the doors of a region (REST, sync sessions, operations) ask of its replica. Every promise here resolves only with
// what is durable: an answer, a view or a delivery never shows an op that a crash could still take back.

import type { ErrorCode } from '@anabranch/base';
import type { Hlc, OriginId, RegionId, VersionVector } from '@anabranch/causality';
import type { CollectionSchema, CrdtDocument, DocumentOp } from '@anabranch/crdt';
import type { DocumentId, DocumentUpdate, Idempotency } from '@anabranch/protocol';
import type { DocumentView, OpId } from './document-view.ts';
import type { PastDoor } from './history/past-door.ts';
import type { RefusedBound } from './refused-bounds.ts';
import type { CounterRights } from './rights-report.ts';
import type { Following } from './subscriptions/following.ts';
import type { LiveSubscription } from './subscriptions/subscription.ts';

export type { DocumentView, OpId } from './document-view.ts';

export interface ReadOptions {
  /** What the reader has seen: the answer covers it, or the read fails with `not_yet_visible` after `waitMsMax`. */
  readonly minVersion?: VersionVector;
  readonly waitMsMax?: number;
  /** How recent the state must be, beside `minVersion`; else the read fails with `read_concern_unmet` after `waitMsMax`. */
  readonly readConcern?: ReadConcern;
}

export type ReadConcern =
  /** Every write that is older than so long, wherever it was made, is in what the read shows. */
  | { readonly kind: 'bounded'; readonly maxLagMs: number }
  /** Every write that a majority of regions had acknowledged before the read began is in it. */
  | { readonly kind: 'majority' };

/** Where a write must be durable: here, in so many regions with this one, in most, in all, or in the named ones. */
export type WriteTarget = 'local' | 'majority' | 'all' | number | readonly RegionId[];

export interface WriteConcern {
  readonly target: WriteTarget;
  /** After this time the answer says what is pending. */
  readonly timeoutMs: number;
}

/** Which regions hold an op durably, as far as this one knows; together all regions of the mesh. */
export interface WriteReport {
  readonly opId: OpId;
  readonly durable: readonly RegionId[];
  readonly pending: readonly RegionId[];
  /** Whether the target that was asked for is reached. */
  readonly isMet: boolean;
}

export interface WriteConcernDoor {
  /** @throws AnabranchError `write_concern_invalid` when the mesh could never meet it. */
  check(target: WriteTarget): void;
  /** Resolves when the concern is met, its time is up, or the replica waits no longer. @throws AnabranchError `write_not_found`. */
  whenMet(opId: OpId, concern: WriteConcern): Promise<WriteReport>;
  /** @throws AnabranchError `write_not_found`. */
  report(opId: OpId, target?: WriteTarget): WriteReport;
  /** The same object until more is known. */
  replicated(): Replicated;
}

/** The changes of one document. */
export interface PlannedEdit {
  readonly document: DocumentId;
  /**
   * Names the operations, given the document as it is now. Called synchronously right before they are applied, so it may
   * check preconditions and compute diffs; what it throws is the edit's failure and nothing is applied.
   */
  readonly plan: (document: CrdtDocument) => readonly DocumentOp[];
}

interface WriteOptions extends ReadOptions {
  readonly idempotency?: Idempotency;
  readonly trace?: string;
}

export interface EditRequest extends PlannedEdit, WriteOptions {}

/** Changes of 1 to 64 documents, each named once, that become visible together in every region; or nothing of it does. */
export interface TransactionRequest extends WriteOptions {
  readonly writes: readonly PlannedEdit[];
}

/** What a document holds after a write. */
export type WrittenView = Omit<DocumentView, 'version'>;

export interface TransactionResult {
  /** By the order of the writes. */
  readonly views: readonly WrittenView[];
  readonly version: VersionVector;
  /** The op that was logged; undefined when nothing changed. */
  readonly opId: OpId | undefined;
  /** As in {@link EditResult}. */
  readonly isReplay: boolean;
}

export interface EditResult extends DocumentView {
  /** The op that was logged; undefined when the edit changed nothing. */
  readonly opId: OpId | undefined;
  /** True when the idempotency key was known: nothing was applied again, the view is the current one. */
  readonly isReplay: boolean;
}

/** Who holds which rights to the bounded counters of one document that were ever written. */
export interface DocumentRights {
  readonly counters: readonly CounterRights[];
  /** Changes of them that this region's process refused, newest first; of all documents together it keeps 1,000. */
  readonly refused: readonly RefusedBound[];
  /** Refusals, of any document, that are no longer kept. */
  readonly refusedDroppedCount: number;
  /** The region's vector at the time: at least what the counters show. */
  readonly version: VersionVector;
}

export interface ReclaimRequest {
  readonly document: DocumentId;
  /** A JSON pointer to a bounded counter. */
  readonly path: string;
  /** An origin, or a region: then every origin of it, and what it was given at the start. */
  readonly from: string;
}

export interface ReclaimResult {
  /** The last op of it. */
  readonly opId: OpId;
  readonly version: VersionVector;
}

/** An update that became durable and visible in this region. */
export interface Delivery {
  readonly document: DocumentId;
  readonly update: Uint8Array;
  readonly opId: OpId;
  /** What it came in through, when that was a session of this region. */
  readonly author: object | undefined;
  readonly version: VersionVector;
}

export interface DocumentSessionListener {
  deliver(delivery: Delivery): void;
  /** Awareness bytes from another session of this document, here or in another region. */
  awareness(bytes: Uint8Array): void;
  /** The replica ended the session (it stops, or continues under a new epoch): close the socket; the client may reconnect. */
  ended(code: ErrorCode): void;
}

/**
 * A pinned document for one client session. `document` may hold local updates that are not durable yet: whatever is
 * derived from it must wait for `whenDurable()` before it leaves the process.
 */
export interface DocumentSession {
  readonly documentId: DocumentId;
  readonly document: CrdtDocument;
  /**
   * Inspects, applies and logs an untrusted update; resolves when durable. Updates that bring nothing new are not logged.
   * @throws AnabranchError `update_invalid`, `update_incomplete`, `request_too_large`, `document_too_large`: nothing applied.
   */
  ingest(update: Uint8Array): Promise<OpId | undefined>;
  /** Resolves when everything applied to the document so far is durable. */
  whenDurable(): Promise<void>;
  /** Relays awareness bytes to the other sessions of the document, here and in other regions. Never logged. */
  relayAwareness(bytes: Uint8Array): void;
  close(): void;
}

/** The ops of many documents, in causal order: for a session that follows them. */
export interface Subscription {
  /** What is followed, and what of it is to be told. */
  readonly updates: LiveSubscription;
  /**
   * Inspects, applies and logs untrusted updates of several documents as one op, all or none; resolves when durable, with
   * undefined when they brought nothing new. `onApplied` is called, in the same turn if nothing has to be waited for, when they are
   * applied and on their way to the disk. @throws AnabranchError as {@link DocumentSession.ingest}, `collection_not_found`.
   */
  ingest(writes: readonly DocumentUpdate[], onApplied: () => void): Promise<OpId | undefined>;
  /** A document whole, as it is now; to be sent when durable. @throws AnabranchError `collection_not_found`, `record_damaged`, `document_quarantined`. */
  stateOf(document: DocumentId): { readonly state: Uint8Array; readonly whenDurable: Promise<void> };
  /** Ends it, and keeps what is followed for another one to take up. It must be taken up or released; undefined after the end. */
  detach(): Following | undefined;
  close(): void;
}

export interface SubscriptionListener {
  /** There may be more to take. */
  readonly onMore: () => void;
  /** The replica ended the subscription (it stops, or continues under a new epoch). */
  readonly ended: (code: ErrorCode) => void;
}

/** What is durable in so many regions: per origin, the seq up to which they are known to hold its log. */
export interface Replicated {
  readonly majority: VersionVector;
  readonly all: VersionVector;
}

/** How far this region is behind one origin. */
export interface OriginLag {
  readonly origin: OriginId;
  readonly ops: number;
  readonly bytes: number;
  readonly ms: number;
  /** The peer this origin is pulled from; undefined when nobody reachable has more. */
  readonly upstream: RegionId | undefined;
}

export interface PeerStatus {
  readonly region: RegionId;
  readonly origin: OriginId | undefined;
  readonly linkState: 'connected' | 'down';
  readonly role: 'dialer' | 'acceptor' | undefined;
  readonly roundTripMs: number | undefined;
  readonly clockOffsetMs: number | undefined;
  readonly lastHeardMs: number | undefined;
  readonly bytesSent: number;
  readonly bytesReceived: number;
  /** What the peer has acknowledged as durable. */
  readonly acknowledged: VersionVector;
  /** What the peer has not yet acknowledged of what we hold. */
  readonly unacknowledgedOps: number;
  readonly lastError: string | undefined;
}

export interface ReplicaStatus {
  readonly region: RegionId;
  readonly origin: OriginId;
  readonly isWritable: boolean;
  /** Why not, when it is not. */
  readonly notWritableReason: string | undefined;
  readonly version: VersionVector;
  readonly hlc: Hlc;
  readonly heads: ReadonlyArray<{
    readonly origin: OriginId;
    readonly seq: number;
    readonly oldestSeq: number;
    readonly chainHash: string;
  }>;
  readonly lag: readonly OriginLag[];
  readonly peers: readonly PeerStatus[];
  readonly quarantinedOrigins: readonly OriginId[];
  readonly documentsLoaded: number;
  readonly sessions: number;
  readonly opsPending: number;
}

export interface ReplicaDoor {
  readonly region: RegionId;
  readonly collections: ReadonlyMap<string, CollectionSchema>;
  /** What the log tells: histories, conflicts, changes. */
  readonly past: PastDoor;
  /** What is durable here, and so visible. */
  readonly version: VersionVector;
  readonly writeConcerns: WriteConcernDoor;
  /**
   * Resolves when the region has what a reader has seen, and is as recent as it demands.
   * @throws AnabranchError `not_yet_visible`, `read_concern_unmet`, `overloaded`.
   */
  whenVisible(options: ReadOptions): Promise<void>;
  /** @throws AnabranchError `collection_not_found`, `not_yet_visible`, `record_damaged`. */
  read(document: DocumentId, options?: ReadOptions): Promise<DocumentView>;
  /** The content digest, hex, at `version`. Equal vectors and different digests mean divergence. */
  digest(document: DocumentId): Promise<{ readonly digest: string; readonly version: VersionVector }>;
  /** @throws AnabranchError from the plan and from validation; `overloaded`, `not_ready`, `store_failed`, `store_full`. */
  edit(request: EditRequest): Promise<EditResult>;
  /** All or nothing, as one op. @throws AnabranchError as {@link edit}; details name the `writeIndex` that was refused. */
  transact(request: TransactionRequest): Promise<TransactionResult>;
  /** Who holds which rights to the bounded counters of a document. @throws AnabranchError as {@link read}. */
  rights(document: DocumentId, options?: ReadOptions): Promise<DocumentRights>;
  /**
   * Takes over the rights of an origin, or of all origins of a region, to one bounded counter, for a region that is gone for
   * good. If it comes back having spent them, the counter leaves its bound by as much.
   * @throws AnabranchError `region_reachable` when the region can be heard, `op_invalid` when there are no such rights, and as
   *   {@link edit}.
   */
  reclaimRights(request: ReclaimRequest): Promise<ReclaimResult>;
  listDocuments(collection: string, after: DocumentId | undefined, limit: number): readonly DocumentId[];
  openSession(document: DocumentId, listener: DocumentSessionListener): DocumentSession;
  /** Follows documents from a vector on, which the region need not cover yet. @throws AnabranchError `not_ready`. */
  subscribe(after: VersionVector, listener: SubscriptionListener): Subscription;
  status(): ReplicaStatus;
}
