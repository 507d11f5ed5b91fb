// What one client follows, and the place up to which it was told: between the durable log and a session of many documents.
//
//   behind --read from the logs, in causal order, up to the durable vector--> live
//      ^--------- more than the buffer holds waits to be taken ----------------'
//
// Invariant 1: what is taken is, for the documents that are followed, every op after `version`, in causal order; afterwards
//              `version` covers it, and everything else up to there was passed over.
// Invariant 2: nothing is queued beyond the buffer: who takes too slowly is sent to the logs again.
// Invariant 3: a document costs nothing but its name: none is loaded to be followed.
// Invariant 4: after its end a subscription follows nothing, and changes nothing of what it followed.

import type { VersionVector } from '@anabranch/causality';
import { type DocumentId, frameOpsMax } from '@anabranch/protocol';
import type { ChangeReader } from '../history/changes-door.ts';
import type { Follower, Following, SubscribedOp } from './following.ts';

export interface Taken {
  readonly ops: readonly SubscribedOp[];
  /** What the client has of its documents with these ops. */
  readonly version: VersionVector;
}

/** What a subscription asks of its hub. */
export interface SubscriptionSource {
  readonly durable: () => VersionVector;
  readonly readAfter: (after: VersionVector) => ChangeReader;
  /** Of nobody else, and empty. */
  readonly following: Following;
}

export class LiveSubscription implements Follower {
  /** Bytes of updates that wait to be taken, and ops. Beyond: they are read from the logs later. */
  static readonly bufferBytesMax: number = 1 << 20;
  static readonly bufferOpsMax: number = frameOpsMax;
  /** Ops read in one call, told or passed over, after which others get their turn. */
  static readonly readOpsMax: number = frameOpsMax;

  readonly #source: SubscriptionSource;
  readonly #onMore: () => void;
  /** Undefined when the subscription has ended. */
  #following: Following | undefined;
  #version: VersionVector;
  #reader: ChangeReader | undefined;
  #buffer: SubscribedOp[] = [];
  #bufferBytes = 0;

  constructor(source: SubscriptionSource, after: VersionVector, onMore: () => void) {
    this.#source = source;
    this.#version = after;
    this.#onMore = onMore;
    this.#following = source.following;
    this.#following.follower = this;
    this.#reader = source.readAfter(after);
  }

  get version(): VersionVector {
    return this.#version;
  }

  get isLive(): boolean {
    return this.#reader === undefined;
  }

  get size(): number {
    return this.#following?.size ?? 0;
  }

  documents(): Iterable<DocumentId> {
    return this.#following?.documents() ?? [];
  }

  has(document: DocumentId): boolean {
    return this.#following?.has(document) === true;
  }

  add(document: DocumentId): void {
    this.#following?.add(document);
  }

  remove(document: DocumentId): void {
    this.#following?.remove(document);
  }

  /** Takes up what a subscription followed that has ended, in place of what this one follows. */
  takeUp(following: Following): void {
    if (this.#following === undefined) return following.release();
    this.#following.release();
    this.#following = following;
    following.follower = this;
  }

  /** Goes to what is durable now, as if everything before had been taken. */
  jump(): void {
    this.#reader?.close();
    this.#reader = undefined;
    this.#buffer = [];
    this.#bufferBytes = 0;
    this.#version = this.#version.merge(this.#source.durable());
  }

  /** The next ops, of about `bytesMax` bytes; undefined when there is nothing to tell. @throws AnabranchError `record_damaged`. */
  take(bytesMax: number): Taken | undefined {
    return this.#reader === undefined ? this.#takeBuffered() : this.#read(this.#reader, bytesMax);
  }

  /** The hub has an op that became durable. */
  offer(op: SubscribedOp): void {
    if (!this.isLive) return;
    this.#buffer.push(op);
    for (const { update } of op.writes) this.#bufferBytes += update.length;
    const isFull = this.#bufferBytes > LiveSubscription.bufferBytesMax || this.#buffer.length > LiveSubscription.bufferOpsMax;
    if (isFull) this.#fallBehind();
    this.#onMore();
  }

  /** Ends, and keeps what is followed for another subscription; it is to be taken up, or released. Undefined after the end. */
  detach(): Following | undefined {
    const following = this.#following;
    this.#reader?.close();
    this.#following = undefined;
    if (following !== undefined) following.follower = undefined;
    return following;
  }

  close(): void {
    this.detach()?.release();
  }

  #fallBehind(): void {
    this.#buffer = [];
    this.#bufferBytes = 0;
    this.#reader = this.#source.readAfter(this.#version);
  }

  #takeBuffered(): Taken | undefined {
    const version = this.#version.merge(this.#source.durable());
    if (this.#buffer.length === 0 && version.equals(this.#version)) return undefined;
    const ops = this.#buffer;
    this.#buffer = [];
    this.#bufferBytes = 0;
    this.#version = version;
    return { ops, version };
  }

  #read(reader: ChangeReader, bytesMax: number): Taken | undefined {
    const ops: SubscribedOp[] = [];
    let bytes = 0;
    for (let count = 0; count < LiveSubscription.readOpsMax && bytes < bytesMax; count++) {
      const op = reader.next();
      if (op === undefined) {
        reader.close();
        this.#reader = undefined;
        break;
      }
      const writes = op.writes.filter(({ document }) => this.has(document));
      if (writes.length === 0) continue;
      ops.push({ opId: op.opId, writes });
      for (const { update } of writes) bytes += update.length;
    }
    const version = this.#version.merge(reader.version);
    const isNews = !version.equals(this.#version);
    this.#version = version;
    return isNews || ops.length > 0 ? { ops, version } : undefined;
  }
}
