// The documents that are open in this tab, and those on the way to be.
//
//   open --> loading --from the store--> held: open
//               \--not held: followed--> waiting --state--> open
//
// Invariant 1: what arrives while a document is loaded, or loaded anew, is applied after that: nothing is missed, and what
//              is applied twice has no effect.
// Invariant 2: a document is loaded once, however many ask for it.

import { AnabranchError, type Clock } from '@anabranch/base';
import { type OriginId, regionOf } from '@anabranch/causality';
import type { CollectionSchema } from '@anabranch/crdt';
import type { DocumentId, DocumentUpdate } from '@anabranch/protocol';
import type { ClientStore } from '../store/client-store.ts';
import type { DeviceAuthor } from './device-author.ts';
import { loadDocument } from './load-document.ts';
import { type ChangeSource, type DocumentHost, LocalDocument } from './local-document.ts';
import type { DocumentPresence } from './presence.ts';

export interface OpenDocumentsParts {
  readonly store: ClientStore;
  readonly clock: Clock;
  readonly host: DocumentHost;
  readonly author: () => DeviceAuthor;
  readonly collection: (document: DocumentId) => CollectionSchema;
  readonly follow: (document: DocumentId) => void;
  /** What was kept of it cannot be read, and it counts as not held. */
  readonly lost: (document: DocumentId) => void;
}

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: AnabranchError) => void;
}

interface Entry {
  whenLoaded: Promise<void>;
  document: LocalDocument | undefined;
  /** What arrived while it is loaded; undefined when it is not. */
  buffered: Uint8Array[] | undefined;
  /** The store had something of it: it is shown without waiting for a region. */
  isWritten: boolean;
  /** It must be loaded once more. */
  isStale: boolean;
  /** Why no region sends it, as long as nothing else was heard. */
  refusal: AnabranchError | undefined;
  readonly waiters: Set<Waiter>;
}

/** Updates of one op, or of a write of another tab. */
export interface ShownOp {
  /** Undefined for a write of this device. */
  readonly origin: OriginId | undefined;
  readonly writes: readonly DocumentUpdate[];
}

const local: ChangeSource = { isLocal: true, region: undefined };

export class OpenDocuments {
  readonly #parts: OpenDocumentsParts;
  readonly #entries = new Map<DocumentId, Entry>();
  readonly #tellings: Array<() => void> = [];
  #isTelling = false;

  constructor(parts: OpenDocumentsParts) {
    this.#parts = parts;
  }

  names(): IterableIterator<DocumentId> {
    return this.#entries.keys();
  }

  isOpen(name: string): boolean {
    return this.#entries.get(name as DocumentId)?.document !== undefined;
  }

  has(document: LocalDocument): boolean {
    return this.#entries.get(document.name)?.document === document;
  }

  /** False for one that the device has not whole: also for one that is still loaded, of which that will be told. */
  isHeld(name: DocumentId): boolean {
    return this.#entries.get(name)?.document?.isHeld ?? false;
  }

  presenceOf(name: DocumentId): DocumentPresence | undefined {
    return this.#entries.get(name)?.document?.presenceInUse;
  }

  renewPresence(): void {
    for (const { document } of this.#entries.values()) document?.presenceInUse?.renew();
  }

  async open(name: DocumentId, { waitMs, startEmpty = false }: { waitMs?: number; startEmpty?: boolean }): Promise<LocalDocument> {
    const entry = this.#entries.get(name) ?? this.#begin(name);
    try {
      await entry.whenLoaded;
    } catch (error) {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
      throw error;
    }
    const { document } = entry;
    if (document === undefined) throw new AnabranchError('document_unavailable', 'the document was forgotten while it was opened');
    if (!document.isHeld && !entry.isWritten && !startEmpty) {
      if (entry.refusal !== undefined) throw entry.refusal;
      await this.#whenHeld(entry, name, waitMs);
    }
    return document;
  }

  async forget(name: DocumentId): Promise<void> {
    this.#drop(name, new AnabranchError('document_unavailable', 'the document was forgotten'));
    await this.#parts.store.commit([{ type: 'forget', document: name }]);
  }

  close(): void {
    for (const name of [...this.#entries.keys()]) this.#drop(name, new AnabranchError('client_closed', 'the client was closed'));
  }

  /** Documents that regions have sent whole. */
  receiveStates(states: readonly { readonly document: DocumentId; readonly state: Uint8Array }[]): void {
    const changed = new Map<LocalDocument, ChangeSource>();
    const held: Entry[] = [];
    for (const { document: name, state } of states) {
      const entry = this.#entries.get(name);
      if (entry === undefined) continue;
      this.#apply(entry, [state], { isLocal: false, region: undefined }, changed);
      if (entry.document !== undefined) entry.document.isHeld = true;
      entry.refusal = undefined;
      held.push(entry);
    }
    this.#tell(changed);
    for (const { waiters } of held) {
      for (const { resolve } of waiters) resolve();
      waiters.clear();
    }
  }

  /** Applies ops in order and shows them. Those of one region in a row are shown as one change. */
  show(ops: readonly ShownOp[]): void {
    let changed = new Map<LocalDocument, ChangeSource>();
    let shownRegion: string | undefined;
    for (const { origin, writes } of ops) {
      const region = origin === undefined ? undefined : regionOf(origin);
      if (changed.size > 0 && region !== shownRegion) {
        this.#tell(changed);
        changed = new Map();
      }
      shownRegion = region;
      for (const { document, update } of writes) {
        const entry = this.#entries.get(document);
        if (entry !== undefined) this.#apply(entry, [update], { isLocal: origin === undefined, region }, changed);
      }
    }
    this.#tell(changed);
  }

  /** This tab has written, and applied it. */
  wrote(updates: readonly DocumentUpdate[]): void {
    const changed = new Map<LocalDocument, ChangeSource>();
    for (const { document: name, update } of updates) {
      const entry = this.#entries.get(name);
      entry?.buffered?.push(update);
      if (entry?.document !== undefined) changed.set(entry.document, local);
    }
    this.#tell(changed);
  }

  /** A write to these was refused: they are shown as without it. */
  reload(names: readonly DocumentId[]): void {
    for (const name of names) {
      const entry = this.#entries.get(name);
      if (entry === undefined) continue;
      if (entry.buffered !== undefined) entry.isStale = true;
      else entry.whenLoaded = this.#load(name, entry);
    }
  }

  unavailable(name: DocumentId, error: AnabranchError): void {
    const entry = this.#entries.get(name);
    // What may pass is asked for again by the courier.
    if (entry === undefined || error.entry.retryable) return;
    entry.refusal = error;
    for (const { reject } of entry.waiters) reject(error);
    entry.waiters.clear();
  }

  #begin(name: DocumentId): Entry {
    const entry: Entry = {
      whenLoaded: Promise.resolve(),
      document: undefined,
      buffered: undefined,
      isWritten: false,
      isStale: false,
      refusal: undefined,
      waiters: new Set(),
    };
    this.#entries.set(name, entry);
    entry.whenLoaded = this.#load(name, entry);
    return entry;
  }

  async #load(name: DocumentId, entry: Entry): Promise<void> {
    const { store, author, collection, host, follow, lost } = this.#parts;
    entry.buffered = [];
    const as = author();
    const { crdt, isFollowed, isHeld, isDamaged, isWritten } = await loadDocument(store, name, collection(name), as.identity);
    if (this.#entries.get(name) !== entry) return;
    entry.isWritten ||= isWritten;
    if (entry.buffered.length > 0) crdt.apply(entry.buffered);
    entry.buffered = undefined;
    if (entry.document === undefined) entry.document = new LocalDocument(name, host, { crdt, author: as, isHeld });
    else entry.document.replace(crdt, as);
    entry.document.isHeld ||= isHeld;
    this.#tell(new Map([[entry.document, local]]));
    if (entry.isStale) {
      entry.isStale = false;
      return this.#load(name, entry);
    }
    if (!isFollowed) await store.commit([{ type: 'follow', document: name }]);
    if (isDamaged) lost(name);
    else if (!isHeld) follow(name);
  }

  #whenHeld(entry: Entry, name: DocumentId, waitMs: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = (): void => {
        timer?.cancel();
        entry.waiters.delete(waiter);
      };
      const waiter: Waiter = {
        resolve: () => {
          end();
          resolve();
        },
        reject: (error) => {
          end();
          reject(error);
        },
      };
      const late = (): void => waiter.reject(new AnabranchError('document_unavailable', `no region has sent ${name} in time`));
      const timer = waitMs === undefined ? undefined : this.#parts.clock.setTimer(waitMs, late);
      entry.waiters.add(waiter);
      // It may have come while the caller waited for the store.
      if (entry.document?.isHeld === true) waiter.resolve();
    });
  }

  #apply(entry: Entry, updates: readonly Uint8Array[], source: ChangeSource, changed: Map<LocalDocument, ChangeSource>): void {
    entry.buffered?.push(...updates);
    const { document } = entry;
    if (document === undefined) return;
    try {
      document.change((crdt) => crdt.apply(updates));
      changed.set(document, source);
    } catch {
      // It contradicts the document, and may be merged in part: what the store has of it is read, and mended.
      this.reload([document.name]);
    }
  }

  /** What listeners change is told after what they are being told. */
  #tell(changed: ReadonlyMap<LocalDocument, ChangeSource>): void {
    const calls = [...changed].map(([document, source]) => document.show(source));
    this.#tellings.push(...calls.flatMap((call) => call ?? []));
    if (this.#isTelling) return;
    this.#isTelling = true;
    for (let call = this.#tellings.shift(); call !== undefined; call = this.#tellings.shift()) call();
    this.#isTelling = false;
  }

  #drop(name: DocumentId, error: AnabranchError): void {
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    this.#entries.delete(name);
    entry.document?.close();
    for (const { reject } of [...entry.waiters]) reject(error);
  }
}
