// The embedded client, one in each tab: between the application and the store of the device. It applies writes at once, keeps
// them, and shows what the courier has received, in whichever tab that is.
//
//   documents/  what is open here, and merging   courier/  connection, session, what is exchanged   store/  what is kept
//   tabs/       who of a device is told what     local-writes, submissions: writes on their way
//
//   edit --> applied, shown --> saved --> (courier: pushed) --> settled --> replicated
//   received --> applied to open documents, shown
//   refused  --> the documents are loaded anew, without it; until then they take no edits
//
// Invariant 1: a write that throws has changed nothing; one that returns is shown everywhere in this tab.
// Invariant 2: a document is shown as the store has it and never older: what arrives while it is loaded is applied after.
// Invariant 3: all documents of an op, and of a transaction, change in one turn, before anybody is told.

import { AnabranchError } from '@anabranch/base';
import { HlcClock, VersionVector } from '@anabranch/causality';
import type { CollectionSchema, DocumentOp } from '@anabranch/crdt';
import { collectionOf, type DocumentId, type DocumentUpdate, documentIdOf } from '@anabranch/protocol';
import { checkCallOptions } from './call-options.ts';
import { type ClientOptions, checkOptions } from './client-options.ts';
import type { ClientStatus } from './client-status.ts';
import { nearest } from './courier/region-choice.ts';
import { DeviceAuthor, DeviceAuthors, drawName } from './documents/device-author.ts';
import { type ClientDocument, LocalDocument, replacedError } from './documents/local-document.ts';
import { OpenDocuments, type OpenDocumentsParts } from './documents/open-documents.ts';
import { type OpenOptions, openOptions } from './documents/open-options.ts';
import { DocumentPresence } from './documents/presence.ts';
import { sizeFault, stageTransaction } from './documents/stage-transaction.ts';
import { LocalWrites } from './local-writes.ts';
import type { Platform } from './ports.ts';
import type { Collections, DocumentViewOf } from './schema.ts';
import type { ClientStore, StoreOpening, WriteDescription } from './store/client-store.ts';
import { Submissions } from './submissions.ts';
import { type SubmitOptions, type Submitted, type SubmittedWrite, submitOptions } from './submit.ts';
import { Switchboard } from './tabs/switchboard.ts';
import type { ToCourier } from './tabs/tab-message.ts';
import { type Switch, TabStatus } from './tabs/tab-status.ts';
import type { Write } from './write.ts';
import { checkWrites } from './write-shape.ts';

export interface DocumentWrite {
  readonly document: ClientDocument<never> | ClientDocument<object>;
  readonly ops: readonly DocumentOp[];
}

export interface ClientParts {
  readonly platform: Platform;
  readonly store: ClientStore;
}

export class Client<C extends Collections = Collections> {
  readonly #options: ClientOptions<C>;
  readonly #platform: Platform;
  readonly #store: ClientStore;
  readonly #device: string;
  readonly #hlc: HlcClock;
  readonly #documents: OpenDocuments;
  readonly #writes: LocalWrites;
  readonly #submissions: Submissions;
  readonly #status: TabStatus;
  readonly #switchboard: Switchboard;
  readonly #authors: DeviceAuthors;
  #isClosed = false;
  #whenClosed: Promise<void> | undefined;

  /** @throws AnabranchError `config_invalid`, `store_failed`, `store_locked`, `store_format_unknown`. */
  static async create<C extends Collections>(options: ClientOptions<C>, { platform, store }: ClientParts): Promise<Client<C>> {
    checkOptions(options);
    const opening = await store.open(() => drawName(platform.random, 16));
    return new Client(options, { platform, store, opening });
  }

  private constructor(options: ClientOptions<C>, { platform, store, opening }: ClientParts & { opening: StoreOpening }) {
    this.#options = options;
    this.#platform = platform;
    this.#store = store;
    this.#device = opening.device;
    this.#authors = new DeviceAuthors(this.#device, platform.random);
    this.#writes = new LocalWrites(store, (write) => this.#switchboard.tell({ type: 'wrote', write }));
    this.#writes.onUnsaved = (write) => this.#switchboard.hear({ type: 'refused', write });
    this.#documents = new OpenDocuments(this.#documentsParts());
    const regions = options.regions.map((region) => ({ ...region, isReachable: undefined, roundTripMs: undefined }));
    this.#writes.pendingCount.counted(opening.pendingCount, 0);
    const first: ClientStatus = {
      ...{ connection: 'connecting', region: undefined, isOffline: false, wantedRegion: options.region ?? nearest },
      ...{ pendingWrites: opening.pendingCount, lacksHere: false, lastError: undefined, regions },
    };
    this.#status = new TabStatus(first, this.#writes.pendingCount);
    this.#switchboard = new Switchboard({
      ...{ documents: this.#documents, writes: this.#writes, status: this.#status, authors: this.#authors },
      seen: VersionVector.of(opening.session?.seen ?? []),
      seat: { options, platform, store, device: this.#device },
    });
    const { clock } = platform;
    // Stamps follow the clock of the region: a device whose clock is wrong must not win every register.
    this.#hlc = new HlcClock({
      wallMs: () => clock.wallMs() + this.#switchboard.wallOffsetMs,
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (afterMs, callback) => clock.setTimer(afterMs, callback),
    });
    this.#submissions = new Submissions({
      ...{ platform, regions: options.regions, writes: this.#writes, documents: this.#documents, listeners: this.#switchboard.listeners },
      status: () => this.status,
      seen: () => this.#switchboard.seen,
      isClosed: () => this.#isClosed,
      drawKey: () => `${this.#authors.current.writer}.${drawName(platform.random, 16)}`,
    });
    this.#switchboard.begin();
  }

  get status(): ClientStatus {
    return this.#status.shown;
  }

  /** Calls back after each change of {@link status}; returns how to end that. */
  onStatus(listener: () => void): () => void {
    return this.#status.subscribe(listener);
  }

  /** The device's writes that no region has confirmed, in order, whichever tab made them. @throws AnabranchError `store_failed`. */
  pendingWrites(): Promise<readonly Write[]> {
    this.#assertOpen();
    return this.#writes.takeUp();
  }

  /**
   * Calls back when a write of this device was refused; soon also for each that was refused before and that no listener has taken, in any
   * tab, since the application was there last, too. A write that `edit` or `transact` returns refused is told only to who listens then.
   */
  onRefused(listener: (write: Write) => void): () => void {
    return this.#writes.onRefused(listener);
  }

  /** Ends the session and opens none until {@link goOnline}: of all tabs of the device. */
  goOffline(): void {
    this.#switch({ isOffline: true });
  }

  goOnline(): void {
    this.#switch({ isOffline: false });
  }

  /** Moves to a region and stays with it, or with `nearest` wherever is best. @throws AnabranchError `region_not_found`. */
  moveTo(name: string): void {
    const isKnown = name === nearest || this.#options.regions.some((region) => region.name === name);
    if (!isKnown) throw new AnabranchError('region_not_found', `the client knows no region ${name}`);
    this.#switch({ region: name });
  }

  /**
   * The document, from the store at once; one of which the device has nothing, as soon as a region has sent it. From then on
   * the device keeps it up to date. @throws AnabranchError `config_invalid` for an option, `collection_not_found`, `document_id_invalid`,
   * `document_unavailable` when the time is up, `record_damaged`, `client_closed`, and what the region refused it for.
   */
  async open<Name extends keyof C & string>(
    collection: Name,
    id: string,
    options: OpenOptions = {},
  ): Promise<ClientDocument<DocumentViewOf<C[Name]>>> {
    this.#assertOpen();
    checkCallOptions('open', options, openOptions);
    const name = documentIdOf(collection, id);
    this.#collectionOf(name);
    // The view of a document is what its schema says; that is checked where documents are merged, not by the compiler.
    const document: ClientDocument<object> = await this.#documents.open(name, options);
    return document as ClientDocument<DocumentViewOf<C[Name]> & object>;
  }

  /**
   * The device keeps the document no longer: it is closed in every tab ({@link ClientDocument.closed}). Writes to it that no region
   * has confirmed are still sent. @throws AnabranchError `store_failed`: the device keeps it still.
   */
  async forget(collection: keyof C & string, id: string): Promise<void> {
    this.#assertOpen();
    await this.#documents.forget(documentIdOf(collection, id));
  }

  /**
   * What the device has seen counts no more: any region will do, and tells its documents anew. What is kept here, and was written,
   * stays. A way out when no region has what was seen: when `status.lacksHere` stays true with every region.
   */
  forgetSeen(): void {
    this.#assertOpen();
    this.#switchboard.forgetSeen();
  }

  /**
   * Changes several documents together: all at once here, and in every region. At most one of them is freeform.
   * @throws AnabranchError as {@link ClientDocument.edit}, details name the `writeIndex`; `op_invalid` for a bounded counter.
   */
  transact(writes: readonly DocumentWrite[]): Write {
    this.#assertOpen();
    checkWrites(writes);
    const staged = writes.map(({ document, ops }) => ({ document: this.#ownDocument(document), ops }));
    const takenBack = staged.find(({ document }) => document.isTakenBack)?.document;
    if (takenBack !== undefined) {
      const described = staged.map(({ document, ops }) => ({ document: document.name, ops: JSON.stringify(ops) }));
      return this.#refuse(described, replacedError(takenBack.name));
    }
    const { updates, described } = stageTransaction(staged, this.#hlc.next(), (document) => this.#collectionOf(document));
    return this.#wrote(updates, described);
  }

  /**
   * Has a region make the changes itself, as one transaction: for bounded counters, and for what must be refused rather than
   * merged. It comes after the writes that this tab made before: always after those to the documents it names, and after others
   * unless a region does not serve their documents. Resolves when the region has it, and open documents show it.
   * @throws AnabranchError `insufficient_rights` and other refusals of the region: nothing was done; `region_unreachable`,
   *   `client_closed`: nothing was done; `outcome_unknown`: submit it again with `details.retryKey`.
   */
  async submit(writes: readonly SubmittedWrite[], options: SubmitOptions = {}): Promise<Submitted> {
    this.#assertOpen();
    checkCallOptions('submit', options, submitOptions);
    return await this.#submissions.submit(writes, options);
  }

  /** Ends the session and lets go of the store, once what was written is saved. */
  close(): Promise<void> {
    this.#whenClosed ??= this.#close();
    return this.#whenClosed;
  }

  async #close(): Promise<void> {
    this.#isClosed = true;
    this.#documents.close();
    this.#switchboard.close();
    await this.#writes.whenSaved();
    this.#writes.close(clientClosed());
    await this.#switchboard.stop();
    await this.#store.close();
  }

  #documentsParts(): OpenDocumentsParts {
    const { random, clock } = this.#platform;
    const tell = (message: ToCourier): void => this.#switchboard.tell(message);
    return {
      ...{ store: this.#store, clock, authors: this.#authors },
      collection: (document) => this.#collectionOf(document),
      host: {
        edit: (document, ops) => this.transact([{ document, ops }]),
        edited: ({ name: document }, update) => void this.#wrote([{ document, update }], [{ document, ops: '' }]),
        editRefused: ({ name: document }, error) => void this.#refuse([{ document, ops: '' }], error),
        presence: (document) => this.#presenceOf(document),
        newClientId: () => new DeviceAuthor(this.#device, random).identity.yjsClientId,
      },
      follow: (document) => tell({ type: 'follow', document }),
      unheld: (document) => tell({ type: 'unheld', document }),
      forgotten: (document, atMs) => tell({ type: 'forget', document, atMs }),
      whenSaved: () => this.#writes.whenSaved(),
      isRefused: (writeId) => this.#writes.isRefused(writeId),
      noteLoading: (document, error) => this.#status.noteLoading(document, error),
    };
  }

  /** Takes a write that was applied; shows it, and has it kept and sent. */
  #wrote(updates: readonly DocumentUpdate[], described: readonly WriteDescription[]): Write {
    const error = sizeFault(updates);
    if (error !== undefined) {
      // What follows builds on nothing of it: not under the old names, and not on the documents as they are.
      this.#authors.renew();
      this.#documents.reload(updates.map(({ document }) => document));
      return this.#refuse(described, error);
    }
    const write = this.#writes.add({ id: this.#nextWriteId(), writer: this.#authors.current.writer, updates, described });
    this.#documents.wrote(updates);
    this.#status.recount();
    return write;
  }

  /** A write that was not applied, or is taken back. */
  #refuse(described: readonly WriteDescription[], error: AnabranchError): Write {
    return this.#writes.refuse({ id: this.#nextWriteId(), described }, error);
  }

  #nextWriteId(): string {
    return `${this.#authors.current.writer}.${this.#writes.nextNumber()}`;
  }

  #switch(wanted: Omit<Switch, 'number'>): void {
    this.#assertOpen();
    const numbered = { ...wanted, number: this.#status.switchNumber + 1 };
    this.#status.switchTo(numbered);
    this.#switchboard.tell({ type: 'switch', ...numbered });
  }

  #presenceOf(document: LocalDocument): DocumentPresence {
    const send = (update: Uint8Array): void => this.#switchboard.tell({ type: 'present', document: document.name, update });
    return new DocumentPresence(this.#platform.clock, this.#authors.current.identity.yjsClientId, send);
  }

  #collectionOf(document: DocumentId): CollectionSchema {
    const name = collectionOf(document);
    const { collections } = this.#options;
    const collection = Object.hasOwn(collections, name) ? collections[name] : undefined;
    if (collection === undefined) throw new AnabranchError('collection_not_found', `the client was not told of a collection ${name}`);
    return collection;
  }

  #ownDocument(document: DocumentWrite['document']): LocalDocument {
    if (document instanceof LocalDocument && document.closed !== undefined) throw document.closed;
    if (document instanceof LocalDocument && this.#documents.has(document)) return document;
    throw new AnabranchError('op_invalid', 'a write is to a document that this client has opened');
  }

  #assertOpen(): void {
    if (this.#isClosed) throw clientClosed();
  }
}

function clientClosed(): AnabranchError {
  return new AnabranchError('client_closed', 'the client was closed');
}
