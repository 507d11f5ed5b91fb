// What a device keeps: the port between the client and the place where its documents and unsent writes survive.
//
//   write --append--> pending --pushed--> settled: joins its documents
//                         \-----refused-> dropped
//   documents: followed --state--> held; updates are appended, and folded into one now and then
//
// Invariant 1: what `append` and `commit` resolve with survives a crash of the process and, where the platform can promise
//              it, of the machine; a commit is there whole or not at all.
// Invariant 2: several tabs use one store at once. Only the one that speaks with regions calls `commit` with a session.

import type { AnabranchError } from '@anabranch/base';
import type { DocumentId, DocumentUpdate, VectorEntries } from '@anabranch/protocol';
import type { Refusal } from '../refusal.ts';

/** What is told of a write beside its updates, for the application. */
export interface WriteDescription {
  readonly document: DocumentId;
  /** JSON text of the operations; empty for an update that an editor made. */
  readonly ops: string;
}

export interface NewWrite {
  /** Unique among all devices. */
  readonly id: string;
  /** The writer that authored it. */
  readonly writer: string;
  readonly updates: readonly DocumentUpdate[];
  readonly described: readonly WriteDescription[];
}

/** A write that no region has confirmed. */
export interface PendingWrite extends NewWrite {
  /** Its place in the order of the device; rising, with gaps. */
  readonly n: number;
}

/** A write that is not going to be in any region, and why. */
export interface RefusedWrite {
  readonly id: string;
  /** Those that it wrote to. */
  readonly documents: readonly DocumentId[];
  readonly described: readonly WriteDescription[];
  readonly refusal: Refusal;
}

/** How far the device and its regions are. */
export interface SessionRecord {
  readonly seen: VectorEntries;
  /** `seen`, and the ops that hold what the device wrote. */
  readonly required: VectorEntries;
  /** Empty when there is none. */
  readonly resumeKey: Uint8Array;
  readonly followSerial: number;
}

export interface StoredUpdate {
  /** Its place among the updates of the document; rising, with gaps. */
  readonly at: number;
  readonly bytes: Uint8Array;
}

export interface StoredDocument {
  readonly isFollowed: boolean;
  /** False while no region has sent it. */
  readonly isHeld: boolean;
  readonly updates: readonly StoredUpdate[];
  /** Those that write to it, in order. */
  readonly pending: readonly PendingWrite[];
}

/** A step of a commit. Steps are taken in their order. */
export type StoreChange =
  | { readonly type: 'session'; readonly session: SessionRecord }
  | { readonly type: 'follow'; readonly document: DocumentId }
  | { readonly type: 'forget'; readonly document: DocumentId }
  /** The document is held no more: a region is to send it whole. What the device has of it stays. */
  | { readonly type: 'unhold'; readonly document: DocumentId }
  /** The document as a region has it: it is held from now on. What the device has of it stays: a write may be newer. */
  | { readonly type: 'state'; readonly document: DocumentId; readonly state: Uint8Array }
  | { readonly type: 'update'; readonly document: DocumentId; readonly update: Uint8Array }
  /** The updates of a pending write join their documents. */
  | { readonly type: 'settle'; readonly n: number }
  | { readonly type: 'drop'; readonly n: number }
  /** The dropped writes that tabs have perhaps not been told of; in place of those of before. */
  | { readonly type: 'refusals'; readonly refusals: readonly RefusedWrite[] }
  /** `state` holds all updates up to `upTo`, and takes their place. */
  | { readonly type: 'fold'; readonly document: DocumentId; readonly upTo: number; readonly state: Uint8Array };

export interface StoreOpening {
  /** Names the device: 16 lower-case letters and digits, minted with the store. */
  readonly device: string;
  readonly session: SessionRecord | undefined;
  readonly followed: readonly { readonly document: DocumentId; readonly isHeld: boolean }[];
  readonly refusals: readonly RefusedWrite[];
  /** How many writes are pending. */
  readonly pendingCount: number;
}

export interface ClientStore {
  /** What it could not do of its own accord, such as tidying up; what it was asked to keep is kept. Undefined while all is well. */
  readonly trouble?: AnabranchError | undefined;
  /** Called first. `mintDevice` names a new store's device. @throws AnabranchError `store_failed`, `store_locked`, `store_format_unknown`. */
  open(mintDevice: () => string): Promise<StoreOpening>;
  load(document: DocumentId): Promise<StoredDocument>;
  /** Keeps a write; resolves with its place when it is durable. @throws AnabranchError `store_full`, `store_failed`. */
  append(write: NewWrite): Promise<number>;
  /** The writes after a place, in order. */
  pendingAfter(n: number): Promise<readonly PendingWrite[]>;
  /** All or nothing. @throws AnabranchError `store_full`, `store_failed`. */
  commit(changes: readonly StoreChange[]): Promise<void>;
  close(): Promise<void>;
}
