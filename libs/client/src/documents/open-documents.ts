// The documents that are open in this tab, and those on the way to be.
//
//   open --> loading --from the store--> held: open
//               \--not held: followed--> waiting --state--> open
//   open --a write was refused--> loaded anew: open
//              ^---- in vain: again later ----'
//
// Invariant 1: what arrives while a document is loaded, or loaded anew, is applied after that: nothing is missed, and what
//              is applied twice has no effect. What arrived before is in the store: it was kept before it was told.
// Invariant 2: a document is loaded once, however many ask for it.
// Invariant 3: nothing is written to a document between the refusal of a write and its replacement.
// Invariant 4: a document that is forgotten is closed first, in every tab, and opened again only when it is forgotten whole.

import { AnabranchError, type Clock, isAnabranchError } from '@anabranch/base';
import { regionOf } from '@anabranch/causality';
import type { CollectionSchema } from '@anabranch/crdt';
import type { DocumentId, DocumentUpdate } from '@anabranch/protocol';
import type { ClientStore } from '../store/client-store.ts';
import type { ToCourier } from '../tabs/tab-message.ts';
import type { DeviceAuthors } from './device-author.ts';
import { clientClosed, damagedError, forgottenError } from './document-errors.ts';
import { type Entry, mergeInto, newEntry, retryMsMax, retryMsMin } from './entry.ts';
import { loadDocument } from './load-document.ts';
import { type ChangeSource, type DocumentHost, LocalDocument } from './local-document.ts';
import type { OpenOptions } from './open-options.ts';
import type { DocumentPresence } from './presence.ts';
import type { DocumentState, ShownOp } from './shown-op.ts';

export interface OpenDocumentsParts {
  readonly store: ClientStore;
  readonly clock: Clock;
  readonly host: DocumentHost;
  readonly authors: DeviceAuthors;
  readonly collection: (document: DocumentId) => CollectionSchema;
  readonly follow: (document: DocumentId) => void;
  /** It is held no more, for what was kept of it cannot be read. */
  readonly unheld: (document: DocumentId) => void;
  /** The store has forgotten it, at this time or soon after. */
  readonly forgotten: (document: DocumentId, atMs: number) => void;
  /** Resolves when the store has every write of this tab so far. */
  readonly whenSaved: () => Promise<void>;
  /** Whether this tab was told that a write is refused. */
  readonly isRefused: (writeId: string) => boolean;
  /** What is wrong with the document as it was loaded, or why it could not be; undefined when nothing is. */
  readonly noteLoading: (document: DocumentId, error: AnabranchError | undefined) => void;
}

const local: ChangeSource = { isLocal: true, region: undefined };
const sentWhole: ChangeSource = { isLocal: false, region: undefined };

interface Applying {
  /** The documents that changed. */
  readonly changed: Map<LocalDocument, ChangeSource>;
  /** The updates are all that a region has of the document. */
  readonly isWhole: boolean;
}

export class OpenDocuments {
  readonly #parts: OpenDocumentsParts;
  readonly #entries = new Map<DocumentId, Entry>();
  readonly #forgetting = new Map<DocumentId, Promise<void>>();
  readonly #tellings: Array<() => void> = [];
  #isTelling = false;
  #isClosed = false;

  constructor(parts: OpenDocumentsParts) {
    this.#parts = parts;
  }

  /** What a courier that begins is told of them: one that is still loaded counts as not held, and says later what it is. */
  asked(): ToCourier[] {
    return [...this.#entries].map(([document, entry]) => ({ type: entry.document?.isHeld === true ? 'follow' : 'unheld', document }));
  }

  isOpen(name: string): boolean {
    return this.#entries.get(name as DocumentId)?.document !== undefined;
  }

  has(document: LocalDocument): boolean {
    return this.#entries.get(document.name)?.document === document;
  }

  presenceOf(name: DocumentId): DocumentPresence | undefined {
    return this.#entries.get(name)?.document?.presenceInUse;
  }

  renewPresence(): void {
    for (const { document } of this.#entries.values()) document?.presenceInUse?.renew();
  }

  /** A region has said that it does not serve it, and nothing else was heard since. */
  isUnserved(name: string): boolean {
    return this.#entries.get(name as DocumentId)?.refusal !== undefined;
  }

  async open(name: DocumentId, { waitMs, startEmpty = false }: OpenOptions): Promise<LocalDocument> {
    for (let before = this.#forgetting.get(name); before !== undefined; before = this.#forgetting.get(name)) await before.catch(() => {});
    if (this.#isClosed) throw clientClosed();
    const entry = this.#entries.get(name) ?? this.#begin(name);
    if (entry.retry !== undefined) this.#reload(name, entry);
    try {
      await entry.whenLoaded;
    } catch (error) {
      if (this.#entries.get(name) === entry) this.#entries.delete(name);
      throw entry.closed ?? error;
    }
    const { document, closed } = entry;
    if (document === undefined || closed !== undefined) throw closed ?? forgottenError(name);
    if (!document.isHeld && !entry.isWritten && !startEmpty) {
      if (entry.refusal !== undefined) throw entry.refusal;
      const late = (): AnabranchError => new AnabranchError('document_unavailable', `no region has sent ${name} in time`);
      await entry.waiters.wait(this.#parts.clock, waitMs, late);
    }
    return document;
  }

  async forget(name: DocumentId): Promise<void> {
    const before = this.#forgetting.get(name);
    const forgetting = this.#forget(name, before);
    this.#forgetting.set(name, forgetting);
    try {
      await forgetting;
    } finally {
      if (this.#forgetting.get(name) === forgetting) this.#forgetting.delete(name);
    }
  }

  /**
   * Another tab has had the device forget it, at some time: it is closed, unless it was opened after that. In a moment in which nobody
   * can say, the store can.
   */
  async closeForgotten(name: DocumentId, atMs: number): Promise<void> {
    this.#parts.authors.renew();
    const entry = this.#entries.get(name);
    if (entry === undefined) return;
    if (entry.followedMs === undefined) {
      entry.isStale = true;
      return;
    }
    try {
      const isFollowed = entry.followedMs >= atMs && (await this.#parts.store.load(name)).isFollowed;
      if (!isFollowed && this.#entries.get(name) === entry) this.#drop(name, forgottenError(name));
    } catch {
      // Loaded anew, which is tried until it can be: then it is known.
      this.reload([name]);
    }
  }

  close(): void {
    this.#isClosed = true;
    for (const name of [...this.#entries.keys()]) this.#drop(name, clientClosed());
  }

  /** Documents that regions have sent whole, and the ops that follow: they are shown together, none before these. */
  receive(states: readonly DocumentState[], ops: readonly ShownOp[]): void {
    if (states.length === 0) return this.show(ops);
    const changed = new Map<LocalDocument, ChangeSource>();
    const sent = this.#applyStates(states, changed);
    for (const { writes } of ops) for (const write of writes) this.#applyOne(write, sentWhole, changed);
    this.#tell(changed);
    for (const { waiters } of sent) waiters.end();
  }

  /**
   * Another tab leads from now on: what the one before kept and did not tell is read, and shown together. Of a document that is not held the
   * rest is asked for whole anyhow, but for what the device wrote.
   */
  async readAgain(): Promise<void> {
    const { store, isRefused } = this.#parts;
    const entries = [...this.#entries];
    const sentBefore = entries.map(([, entry]) => entry.sentCount);
    const read = await Promise.all(entries.map(([name]) => store.load(name).catch(() => undefined)));
    const states: DocumentState[] = [];
    const written: ShownOp[] = [];
    for (const [at, [name, entry]] of entries.entries()) {
      const stored = read[at];
      if (this.#entries.get(name) !== entry) continue;
      if (stored === undefined) {
        // Read again, and told if that fails too.
        this.reload([name]);
        continue;
      }
      // What was refused while the store was read is shown no more.
      const pending = stored.pending.filter(({ id }) => !isRefused(id)).flatMap(({ updates }) => updates);
      const own = pending.filter(({ document }) => document === name).map(({ update }) => update);
      const updates = [...stored.updates.map(({ bytes }) => bytes), ...own];
      if (stored.isHeld) states.push(...updates.map((state) => ({ document: name, state })));
      else if (entry.sentCount === sentBefore[at]) this.passedOver(name);
      if (!stored.isHeld) written.push({ origin: undefined, writes: updates.map((update) => ({ document: name, update })) });
    }
    this.receive(states, written);
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
      for (const write of writes) this.#applyOne(write, { isLocal: origin === undefined, region }, changed);
    }
    this.#tell(changed);
  }

  /** This tab has written, and applied it. */
  wrote(updates: readonly DocumentUpdate[]): void {
    const changed = new Map<LocalDocument, ChangeSource>();
    for (const { document: name, update } of updates) {
      const entry = this.#entries.get(name);
      if (entry === undefined) continue;
      entry.buffered?.push(update);
      entry.isWritten = true;
      if (entry.document !== undefined) changed.set(entry.document, local);
    }
    this.#tell(changed);
  }

  /** A write to these was refused: they are shown as without it, soon. */
  reload(names: readonly DocumentId[]): void {
    for (const name of names) {
      const entry = this.#entries.get(name);
      if (entry === undefined) continue;
      entry.document?.takeBack();
      if (entry.buffered !== undefined && entry.retry === undefined) entry.isStale = true;
      else this.#reload(name, entry);
    }
  }

  /** Something of it was not taken: until it is sent whole, it may lack what later changes build on. What is here stays shown. */
  passedOver(name: DocumentId): void {
    const entry = this.#entries.get(name);
    // What is being read was perhaps kept before.
    if (entry?.buffered !== undefined) entry.isStale = true;
    if (entry?.document?.isHeld !== true) return;
    entry.isWritten = true;
    entry.document.isHeld = false;
  }

  unavailable(name: DocumentId, error: AnabranchError): void {
    const entry = this.#entries.get(name);
    // What may pass is asked for again by the courier.
    if (entry === undefined || error.entry.retryable) return;
    entry.refusal = error;
    entry.waiters.end(error);
  }

  #begin(name: DocumentId): Entry {
    const entry = newEntry();
    this.#entries.set(name, entry);
    entry.whenLoaded = this.#load(name, entry);
    return entry;
  }

  #reload(name: DocumentId, entry: Entry): void {
    entry.retry?.cancel();
    entry.retry = undefined;
    entry.whenLoaded = this.#load(name, entry).then(
      () => {
        entry.retryMs = retryMsMin;
      },
      (error: unknown) => this.#loadFailed(name, entry, error),
    );
  }

  #loadFailed(name: DocumentId, entry: Entry, cause: unknown): void {
    if (this.#entries.get(name) !== entry) return;
    const error = isAnabranchError(cause) ? cause : new AnabranchError('store_failed', `${name} cannot be loaded: ${String(cause)}`);
    entry.retry = this.#parts.clock.setTimer(entry.retryMs, () => this.#reload(name, entry));
    entry.retryMs = Math.min(2 * entry.retryMs, retryMsMax);
    this.#parts.noteLoading(name, error);
  }

  async #load(name: DocumentId, entry: Entry): Promise<void> {
    const { store, collection, host, follow, unheld, noteLoading } = this.#parts;
    const { as, content, arrived } = await this.#read(name, entry, collection(name));
    if (this.#entries.get(name) !== entry) return;
    const { crdt, isFollowed, isDamaged, isWritten, withheld } = content;
    const isHeld = content.isHeld || (entry.isSent && !isDamaged);
    // Another tab has had the device forget it, and that was not heard yet.
    if (!isFollowed && entry.followedMs !== undefined) return this.#drop(name, forgottenError(name));
    entry.isWritten ||= isWritten;
    entry.withheld = withheld;
    if (arrived.length > 0) mergeInto(crdt, entry, arrived, isHeld);
    entry.buffered = undefined;
    if (entry.document === undefined) entry.document = new LocalDocument(name, host, { crdt, author: as, isHeld });
    else entry.document.replace(crdt, as);
    entry.document.isHeld = isHeld || (entry.document.isHeld && !isDamaged);
    entry.document.isWithholding = entry.withheld.length > 0;
    this.#tell(new Map([[entry.document, local]]));
    if (!isFollowed) await store.commit([{ type: 'follow', document: name }]);
    entry.followedMs ??= this.#parts.clock.wallMs();
    if (this.#entries.get(name) !== entry) return;
    // It was said to be forgotten meanwhile.
    if (entry.isStale) this.#reload(name, entry);
    noteLoading(name, isDamaged ? damagedError(name) : undefined);
    if (isDamaged) unheld(name);
    else if (!isHeld) follow(name);
  }

  /**
   * What the store has of a document, and what arrived meanwhile; read again when a write to it was refused meanwhile, or when it was
   * damaged: what the device wrote may be among what was let go of.
   */
  async #read(name: DocumentId, entry: Entry, collection: CollectionSchema) {
    const { store, authors, whenSaved } = this.#parts;
    let wasDamaged = false;
    for (;;) {
      entry.buffered ??= [];
      await whenSaved();
      entry.isStale = false;
      entry.isSent = false;
      // What arrived before is in the store, or was refused.
      const arrived: Uint8Array[] = [];
      entry.buffered = arrived;
      const as = authors.current;
      const content = await loadDocument(store, name, collection, as.identity);
      const isDamaged: boolean = content.isDamaged || wasDamaged;
      if (content.isDamaged && !wasDamaged) authors.renew();
      else if (!entry.isStale || this.#entries.get(name) !== entry) return { as, content: { ...content, isDamaged }, arrived };
      wasDamaged = isDamaged;
    }
  }

  #applyStates(states: readonly DocumentState[], changed: Applying['changed']): readonly Entry[] {
    const sent: Entry[] = [];
    for (const { document: name, state } of states) {
      const entry = this.#entries.get(name);
      if (entry === undefined) continue;
      this.#apply(entry, [state], sentWhole, { changed, isWhole: true });
      entry.isSent = true;
      entry.sentCount += 1;
      if (entry.document !== undefined) entry.document.isHeld = true;
      entry.refusal = undefined;
      if (entry.retry === undefined) this.#parts.noteLoading(name, undefined);
      sent.push(entry);
    }
    return sent;
  }

  #applyOne({ document, update }: DocumentUpdate, source: ChangeSource, changed: Applying['changed']): void {
    const entry = this.#entries.get(document);
    if (entry !== undefined) this.#apply(entry, [update], source, { changed, isWhole: false });
  }

  #apply(entry: Entry, updates: readonly Uint8Array[], source: ChangeSource, { changed, isWhole }: Applying): void {
    entry.buffered?.push(...updates);
    const { document } = entry;
    if (document === undefined) return;
    try {
      document.change((crdt) => mergeInto(crdt, entry, updates, isWhole || document.isHeld));
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
    entry.closed = error;
    entry.retry?.cancel();
    this.#parts.noteLoading(name, undefined);
    entry.document?.close(error);
    entry.waiters.end(error);
  }

  async #forget(name: DocumentId, before: Promise<void> | undefined): Promise<void> {
    this.#parts.authors.renew();
    this.#drop(name, forgottenError(name));
    await before?.catch(() => {});
    const atMs = this.#parts.clock.wallMs();
    await this.#parts.store.commit([{ type: 'forget', document: name }]);
    this.#parts.forgotten(name, atMs);
  }
}
