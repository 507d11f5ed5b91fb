// The loaded documents: a bounded cache between the log's bytes and whoever reads, edits or follows a document.
//
//   (stored) --load--> loaded --evict when unused--> (stored)
//
// A document is loaded from its newest snapshot and the durable ops after it, in order of arrival. Received ops touch no
// document that is not loaded. A long tail of ops is folded into a new snapshot, so loading stays cheap.
//
// Invariant 1: a loaded document holds every durable op of its id, and of the rest only local ones (already applied).
// Invariant 2: a document with local ops that are not durable, or with sessions, is not evicted, nor is the one that is
//              being opened: an edit of a document outside of the cache would be unknown to the next one, and both would
//              give their CRDT changes the same names.
// Invariant 3: a snapshot is stored only after everything inside it is durable in the log.

import { AnabranchError, isAnabranchError, type Logger } from '@anabranch/base';
import type { CrdtDocument, Library } from '@anabranch/crdt';
import type { DocumentId } from '@anabranch/protocol';
import type { OpId } from './document-view.ts';
import { type AppendedOp, type OpLog, writesOf } from './op-log.ts';
import type { ReplicaStore } from './replica-store.ts';

export class LoadedDocument {
  readonly id: DocumentId;
  readonly crdt: CrdtDocument;
  /** The position of the newest local op applied; durable or on its way. */
  localPosition = 0;
  /** Its name; undefined when this process has written none of this epoch. */
  localOp: OpId | undefined;
  /** Updates of local ops that are not durable yet, in order. */
  readonly unconfirmed: Uint8Array[] = [];
  /** Sessions that hold the document. */
  pins = 0;
  /** Ops since the newest snapshot. */
  tailOps: number;
  /** Bytes of the snapshot and the ops since: a measure of the memory it takes. */
  bytes: number;
  /** Why it can no longer be served: an op in the log that cannot be merged. */
  damage: AnabranchError | undefined;

  constructor(id: DocumentId, crdt: CrdtDocument, size: { tailOps: number; bytes: number }) {
    this.id = id;
    this.crdt = crdt;
    this.tailOps = size.tailOps;
    this.bytes = size.bytes;
  }
}

export interface DocumentCacheParts {
  readonly store: ReplicaStore;
  readonly log: OpLog;
  readonly logger: Logger;
  /** Documents kept loaded when nobody uses them. Beyond: the least recently used are evicted. */
  readonly documentsMax: number;
  /** A commit of a snapshot has failed: the store takes nothing any more. */
  readonly commitFailed: (cause: unknown) => void;
  /** Makes an empty document of the collection. @throws AnabranchError `collection_not_found`. */
  readonly create: (document: DocumentId) => CrdtDocument;
}

export class DocumentCache {
  /** Documents kept loaded, unless the region is configured otherwise. */
  static readonly documentsMaxDefault = 10_000;
  /** Bytes of updates held by loaded documents (memory is a multiple). Beyond: the least recently used are evicted. */
  static readonly bytesMax: number = 64 << 20;
  /** Ops after which a tail is folded into a snapshot. */
  static readonly tailOpsMax = 256;

  /** Ops received for a document that is not loaded after which it is loaded to be folded, so that nobody's read has to. */
  static readonly coldTailOpsMax = 1_024;
  /** Documents whose cold tails are counted. Beyond: the count begun first is forgotten. */
  static readonly coldTailsMax = 10_000;

  readonly #parts: DocumentCacheParts;
  readonly #coldTails = new Map<DocumentId, number>();
  /** In order of use, least recent first. */
  readonly #loaded = new Map<DocumentId, LoadedDocument>();
  #bytes = 0;

  constructor(parts: DocumentCacheParts) {
    this.#parts = parts;
  }

  get size(): number {
    return this.#loaded.size;
  }

  /**
   * The loaded document, loading it if need be.
   * @throws AnabranchError `collection_not_found`, `record_damaged`, `document_quarantined`.
   */
  open(id: DocumentId): LoadedDocument {
    const known = this.#loaded.get(id);
    const loaded = known ?? this.#load(id);
    if (loaded.damage !== undefined) throw loaded.damage;
    this.#loaded.delete(id);
    this.#loaded.set(id, loaded);
    if (known === undefined) this.#evict(loaded);
    return loaded;
  }

  /** Several at once: none of them is evicted for another. */
  openAll(ids: readonly DocumentId[]): LoadedDocument[] {
    const opened: LoadedDocument[] = [];
    try {
      for (const id of ids) {
        const loaded = this.open(id);
        loaded.pins += 1;
        opened.push(loaded);
      }
    } finally {
      for (const loaded of opened) loaded.pins -= 1;
    }
    return opened;
  }

  /** An empty document of the same collection, in no cache: to be read, never edited. @throws AnabranchError `collection_not_found`. */
  blank(id: DocumentId): CrdtDocument {
    return this.#parts.create(id);
  }

  find(id: DocumentId): LoadedDocument | undefined {
    return this.#loaded.get(id);
  }

  /** Takes ops that became durable: applies received ones to loaded documents and folds long tails. */
  confirm(ops: readonly AppendedOp[]): void {
    const updates = new Map<LoadedDocument, Uint8Array[]>();
    for (const { op, isLocal } of ops) {
      for (const write of op.writes) {
        const loaded = this.#loaded.get(write.document);
        if (loaded === undefined) {
          this.#countCold(write.document);
          continue;
        }
        this.#grow(loaded, write.update.length);
        const pending = updates.get(loaded) ?? [];
        if (isLocal) loaded.unconfirmed.shift();
        else if (write.library === loaded.crdt.library) pending.push(write.update);
        else this.#setAside(loaded, otherLibrary(loaded, write.library));
        updates.set(loaded, pending);
      }
    }
    for (const [loaded, pending] of updates) {
      if (pending.length > 0) this.#apply(loaded, pending);
      if (loaded.tailOps >= DocumentCache.tailOpsMax) void this.#fold(loaded);
    }
  }

  /**
   * Undoes what was applied to a document and never appended: loads it anew, with its appended ops and nothing else. One that cannot
   * be loaded is forgotten: it is damaged for whoever opens it.
   */
  reload(loaded: LoadedDocument): void {
    this.#forget(loaded);
    let fresh: LoadedDocument;
    try {
      fresh = this.#load(loaded.id);
    } catch (error) {
      if (isAnabranchError(error)) return;
      throw error;
    }
    if (loaded.unconfirmed.length > 0) this.#apply(fresh, loaded.unconfirmed);
    fresh.unconfirmed.push(...loaded.unconfirmed);
    fresh.localPosition = loaded.localPosition;
    fresh.localOp = loaded.localOp;
  }

  /** Forgets every document: what is opened next is loaded anew. */
  clear(): void {
    this.#loaded.clear();
    this.#bytes = 0;
  }

  /** Loading folds a long tail; nobody uses the document, so it is forgotten again. */
  #countCold(id: DocumentId): void {
    const count = (this.#coldTails.get(id) ?? 0) + 1;
    if (count < DocumentCache.coldTailOpsMax) {
      this.#coldTails.set(id, count);
      const [first] = this.#coldTails.keys();
      if (this.#coldTails.size > DocumentCache.coldTailsMax && first !== undefined) this.#coldTails.delete(first);
      return;
    }
    this.#coldTails.delete(id);
    try {
      this.#forget(this.#load(id));
    } catch (error) {
      // A damaged record, or a collection that this region does not serve: whoever reads it will be told.
      if (!isAnabranchError(error)) throw error;
    }
  }

  #load(id: DocumentId): LoadedDocument {
    const crdt = this.#parts.create(id);
    const stored = this.#parts.store.readDocument(id);
    const writes = stored.ops.flatMap((logged) => writesOf(logged, id));
    const updates = writes.map((write) => write.update);
    if (stored.snapshot !== undefined) updates.unshift(stored.snapshot.state);
    const other = [stored.snapshot, ...writes].find((part) => part !== undefined && part.library !== crdt.library);
    let bytes = 0;
    for (const update of updates) bytes += update.length;
    const loaded = new LoadedDocument(id, crdt, { tailOps: stored.ops.length, bytes });
    if (other !== undefined) this.#setAside(loaded, otherLibrary(loaded, other.library));
    else if (updates.length > 0) this.#apply(loaded, updates);
    this.#loaded.set(id, loaded);
    this.#bytes += bytes;
    if (loaded.tailOps >= DocumentCache.tailOpsMax) void this.#fold(loaded);
    return loaded;
  }

  /** A merge that fails on logged bytes must not stop the replica: this document is set aside, the others go on. */
  #apply(loaded: LoadedDocument, updates: readonly Uint8Array[]): void {
    if (loaded.damage !== undefined) return;
    try {
      loaded.crdt.apply(updates);
    } catch (error) {
      const cause = error instanceof Error ? error.message : String(error);
      this.#setAside(loaded, `an update cannot be merged: ${cause}`);
    }
  }

  #setAside(loaded: LoadedDocument, cause: string): void {
    if (loaded.damage !== undefined) return;
    loaded.damage = new AnabranchError('document_quarantined', `${loaded.id} is not served: ${cause}`);
    this.#parts.logger.error('document.quarantined', { document: loaded.id, cause });
  }

  #grow(loaded: LoadedDocument, bytes: number): void {
    loaded.tailOps += 1;
    loaded.bytes += bytes;
    this.#bytes += bytes;
  }

  async #fold(loaded: LoadedDocument): Promise<void> {
    if (loaded.damage !== undefined) return;
    const { log, store, logger } = this.#parts;
    loaded.tailOps = 0;
    // The state may hold local ops beyond the durable position; they are merged again on load, which changes nothing.
    const position = log.durablePosition;
    const state = loaded.crdt.encodeState();
    const { id: document, crdt } = loaded;
    try {
      await log.whenDurable(log.position);
      await store.commit({ snapshots: [{ document, library: crdt.library, state, position }] });
      if (this.#loaded.get(document) === loaded) this.#bytes += state.length - loaded.bytes;
      loaded.bytes = state.length;
    } catch (error) {
      logger.error('document.snapshot_failed', { document, cause: String(error) });
      this.#parts.commitFailed(error);
    }
  }

  /** Makes room for a document that is being opened. */
  #evict(opened: LoadedDocument): void {
    for (const loaded of this.#loaded.values()) {
      if (this.#loaded.size <= this.#parts.documentsMax && this.#bytes <= DocumentCache.bytesMax) return;
      if (loaded === opened || loaded.pins > 0 || loaded.localPosition > this.#parts.log.durablePosition) continue;
      this.#forget(loaded);
    }
  }

  #forget(loaded: LoadedDocument): void {
    if (this.#loaded.delete(loaded.id)) this.#bytes -= loaded.bytes;
  }
}

/** Regions must agree on how a collection is kept; where they do not, showing half of a document would hide it. */
function otherLibrary(loaded: LoadedDocument, library: Library): string {
  return `it was written with ${library}, and this region keeps the collection with ${loaded.crdt.library}`;
}
