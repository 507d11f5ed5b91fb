// The embedded client, one in each tab: between the application and the store of the device. It applies writes at once, keeps
// them, and shows what the courier has received, in whichever tab that is.
//
//   edit --> applied, shown --> saved --> (courier: pushed) --> settled --> replicated
//   received --> applied to open documents, shown
//   refused  --> the documents are loaded anew, without it
//
// Invariant 1: a write that throws has changed nothing; one that returns is shown everywhere in this tab.
// Invariant 2: a document is shown as the store has it and never older: what arrives while it is loaded is applied after.
// Invariant 3: all documents of an op, and of a transaction, change in one turn, before anybody is told.

import { AnabranchError, assert } from '@anabranch/base';
import { HlcClock, VersionVector } from '@anabranch/causality';
import type { CollectionSchema, DocumentOp } from '@anabranch/crdt';
import { collectionOf, type DocumentId, type DocumentUpdate, documentIdOf } from '@anabranch/protocol';
import { callSafely } from './call-safely.ts';
import { type ClientOptions, checkOptions } from './client-options.ts';
import type { ClientStatus } from './client-status.ts';
import { Courier } from './courier/courier.ts';
import { nearest, RegionChoice } from './courier/region-choice.ts';
import { DeviceAuthor, drawName } from './documents/device-author.ts';
import { type ClientDocument, LocalDocument } from './documents/local-document.ts';
import { OpenDocuments } from './documents/open-documents.ts';
import { DocumentPresence } from './documents/presence.ts';
import { sizeFault, stageTransaction } from './documents/stage-transaction.ts';
import { LocalWrites } from './local-writes.ts';
import type { Platform } from './ports.ts';
import { errorOf, refusalOf } from './refusal.ts';
import type { Collections, DocumentViewOf } from './schema.ts';
import type { ClientStore, StoreOpening, WriteDescription } from './store/client-store.ts';
import { parseOpId, type SubmitOptions, type Submitted, type SubmittedWrite, submitTo, unreached } from './submit.ts';
import type { FromCourier, TabMessage, ToCourier } from './tab-message.ts';
import { whenSo, within } from './waiting.ts';
import type { Write } from './write.ts';

export interface OpenOptions {
  /** How long to wait for a region, in milliseconds, when the device does not hold the document; for ever unless given. */
  readonly waitMs?: number;
  /** Do not wait: begin with an empty document, which what regions have is merged into. For documents that are new. */
  readonly startEmpty?: boolean;
}

export interface DocumentWrite {
  readonly document: ClientDocument<never> | ClientDocument<object>;
  readonly ops: readonly DocumentOp[];
}

export interface ClientParts {
  readonly platform: Platform;
  readonly store: ClientStore;
}

/** How long a submission waits for its effect to be shown in the open documents. */
const showMsMax = 5_000;

export class Client<C extends Collections = Collections> {
  readonly #options: ClientOptions<C>;
  readonly #platform: Platform;
  readonly #store: ClientStore;
  readonly #device: string;
  readonly #hlc: HlcClock;
  readonly #documents: OpenDocuments;
  readonly #writes: LocalWrites;
  readonly #statusListeners = new Set<() => void>();
  readonly #seenListeners = new Set<() => void>();
  #courier: Courier | undefined;
  #author: DeviceAuthor;
  #seen: VersionVector;
  #status: ClientStatus;
  #wallOffsetMs = 0;
  #isClosed = false;

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
    this.#seen = VersionVector.of(opening.session?.seen ?? []);
    this.#author = new DeviceAuthor(this.#device, platform.random);
    const { clock } = platform;
    // Stamps follow the clock of the region: a device whose clock is wrong must not win every register.
    this.#hlc = new HlcClock({
      wallMs: () => clock.wallMs() + this.#wallOffsetMs,
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (afterMs, callback) => clock.setTimer(afterMs, callback),
    });
    this.#writes = new LocalWrites(store, (write) => this.#toCourier({ type: 'wrote', write }));
    this.#writes.onUnsaved = (write, refusal) => this.#receive({ type: 'refused', write, refusal });
    this.#documents = new OpenDocuments({
      store,
      clock,
      author: () => this.#author,
      collection: (document) => this.#collectionOf(document),
      host: {
        edit: (document, ops) => this.transact([{ document, ops }]),
        edited: (document, update) => this.#edited(document, update),
        presence: (document) => this.#presenceOf(document),
      },
      follow: (document) => this.#toCourier({ type: 'follow', document }),
      lost: (document) => this.#toCourier({ type: 'lost', document }),
    });
    const regions = options.regions.map((region) => ({ ...region, isReachable: undefined, roundTripMs: undefined }));
    this.#status = {
      ...{ connection: 'connecting', region: undefined, isOffline: false, wantedRegion: options.region ?? nearest },
      ...{ pendingWrites: 0, lacksHere: false, lastError: undefined, regions },
    };
    platform.tabs.listen((message) => this.#receive(message));
    this.#toCourier({ type: 'ask' });
    platform.tabs
      .lead()
      .then(() => this.#lead())
      .catch((error: unknown) => this.#cannotLead(error));
  }

  get status(): ClientStatus {
    return this.#status;
  }

  /** Calls back after each change of {@link status}; returns how to end that. */
  onStatus(listener: () => void): () => void {
    this.#statusListeners.add(listener);
    return () => this.#statusListeners.delete(listener);
  }

  /** The device's writes that no region has confirmed, in order, whichever tab made them. @throws AnabranchError `store_failed`. */
  pendingWrites(): Promise<readonly Write[]> {
    this.#assertOpen();
    return this.#writes.takeUp();
  }

  /** Calls back when a write of this device was refused, also one that was made before this tab was opened. */
  onRefused(listener: (write: Write) => void): () => void {
    return this.#writes.onRefused(listener);
  }

  /** Ends the session and opens none until {@link goOnline}: of all tabs of the device. */
  goOffline(): void {
    this.#switch(true, this.#status.wantedRegion);
  }

  goOnline(): void {
    this.#switch(false, this.#status.wantedRegion);
  }

  /** Moves to a region and stays with it, or with `nearest` wherever is best. @throws AnabranchError `region_not_found`. */
  moveTo(name: string): void {
    const isKnown = name === nearest || this.#options.regions.some((region) => region.name === name);
    if (!isKnown) throw new AnabranchError('region_not_found', `the client knows no region ${name}`);
    this.#switch(this.#status.isOffline, name);
  }

  /**
   * The document, from the store at once; one of which the device has nothing, as soon as a region has sent it. From then on
   * the device keeps it up to date. @throws AnabranchError `collection_not_found`, `document_id_invalid`,
   * `document_unavailable` when the time is up, `record_damaged`, `client_closed`, and what the region refused it for.
   */
  async open<Name extends keyof C & string>(
    collection: Name,
    id: string,
    options: OpenOptions = {},
  ): Promise<ClientDocument<DocumentViewOf<C[Name]>>> {
    this.#assertOpen();
    const name = documentIdOf(collection, id);
    this.#collectionOf(name);
    // The view of a document is what its schema says; that is checked where documents are merged, not by the compiler.
    const document: ClientDocument<object> = await this.#documents.open(name, options);
    return document as ClientDocument<DocumentViewOf<C[Name]> & object>;
  }

  /** The device keeps the document no longer. Writes to it that no region has confirmed are still sent. */
  async forget(collection: keyof C & string, id: string): Promise<void> {
    this.#assertOpen();
    const document = documentIdOf(collection, id);
    await this.#documents.forget(document);
    this.#toCourier({ type: 'forget', document });
  }

  /**
   * What the device has seen counts no more: any region will do, and tells its documents anew. What is kept here, and was written,
   * stays. A way out when no region has what was seen: when `status.lacksHere` stays true with every region.
   */
  forgetSeen(): void {
    this.#assertOpen();
    this.#receive({ type: 'forgetSeen' });
    this.#platform.tabs.post({ type: 'forgetSeen' });
  }

  /**
   * Changes several documents together: all at once here, and in every region. At most one of them is freeform.
   * @throws AnabranchError as {@link ClientDocument.edit}, details name the `writeIndex`; `op_invalid` for a bounded counter.
   */
  transact(writes: readonly DocumentWrite[]): Write {
    this.#assertOpen();
    const staged = writes.map(({ document, ops }) => ({ document: this.#ownDocument(document), ops }));
    const { updates, described } = stageTransaction(staged, this.#hlc.next(), (document) => this.#collectionOf(document));
    return this.#wrote(updates, described);
  }

  /**
   * Has a region make the changes itself, as one transaction: for bounded counters, and for what must be refused rather than
   * merged. Writes of this tab go first; resolves when the region has it, and open documents show it.
   * @throws AnabranchError `insufficient_rights` and other refusals of the region: nothing was done; `region_unreachable`:
   *   nothing was done; `outcome_unknown`: submit it again with `details.retryKey`.
   */
  async submit(writes: readonly SubmittedWrite[], options: SubmitOptions = {}): Promise<Submitted> {
    this.#assertOpen();
    const { clock, sendHttp, random } = this.#platform;
    const timeoutMs = options.timeoutMs ?? 10_000;
    const deadlineMs = clock.monotonicMs() + timeoutMs;
    const region = await this.#regionFor(options.retryKey, timeoutMs);
    const isDelivered = await within(clock, deadlineMs - clock.monotonicMs(), this.#writes.whenDurable());
    if (!isDelivered) throw unreached(options.retryKey, 'writes that were made before have not reached a region yet');
    const retryKey = options.retryKey ?? `${region.name}|${this.#author.writer}.${drawName(random, 16)}`;
    const seen = this.#seen.merge(this.#writes.covered);
    const leftMs = Math.max(1, deadlineMs - clock.monotonicMs());
    const submitted = await submitTo({ clock, sendHttp, url: region.url, seen, retryKey }, writes, { ...options, timeoutMs: leftMs });
    const op = parseOpId(submitted.opId);
    const isShown = writes.some(({ document }) => this.#documents.isOpen(document));
    if (op !== undefined && isShown) await within(clock, showMsMax, this.#whenSeen(VersionVector.of([op])));
    return submitted;
  }

  /** Ends the session and lets go of the store, once what was written is saved. */
  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#documents.close();
    await this.#writes.whenSaved();
    await this.#courier?.stop();
    this.#platform.tabs.close();
    await this.#store.close();
  }

  async #lead(): Promise<void> {
    if (this.#isClosed) return;
    const { collections, credential, region = nearest, regions } = this.#options;
    const opening = await this.#store.open(() => this.#device);
    if (this.#isClosed) return;
    const { clock, random } = this.#platform;
    const choice = new RegionChoice(regions, clock, random);
    choice.want(this.#status.wantedRegion ?? region);
    const courier = new Courier(
      {
        ...{ platform: this.#platform, store: this.#store, choice, collections, credential, writer: this.#author.writer },
        tell: (message) => {
          this.#receive(message);
          this.#platform.tabs.post(message);
        },
      },
      opening,
    );
    this.#courier = courier;
    if (this.#status.isOffline) courier.receive({ type: 'switch', isOffline: true, region: this.#status.wantedRegion });
    // What was asked for before anybody led.
    for (const document of this.#documents.names()) {
      courier.receive({ type: this.#documents.isHeld(document) ? 'follow' : 'lost', document });
    }
    await courier.start();
  }

  /** What is kept is shown, and nothing is sent or received. */
  #cannotLead(error: unknown): void {
    const status: ClientStatus = { ...this.#status, connection: 'offline', lastError: refusalOf(error) };
    this.#receive({ type: 'status', status, wallOffsetMs: this.#wallOffsetMs });
  }

  #toCourier(message: ToCourier): void {
    this.#courier?.receive(message);
    this.#platform.tabs.post(message);
  }

  #receive(message: TabMessage): void {
    if (this.#isClosed) return;
    switch (message.type) {
      case 'wrote':
        this.#documents.show([{ origin: undefined, writes: message.write.updates }]);
        this.#courier?.receive(message);
        return;
      case 'present':
        this.#documents.presenceOf(message.document)?.receive(message.update);
        this.#courier?.receive(message);
        return;
      case 'forgetSeen':
        this.#seen = VersionVector.empty;
        this.#writes.forgetCovered();
        this.#courier?.receive(message);
        return;
      case 'follow':
      case 'lost':
      case 'forget':
      case 'switch':
      case 'ask':
        this.#courier?.receive(message);
        return;
      default:
        this.#hear(message);
    }
  }

  #hear(message: FromCourier): void {
    switch (message.type) {
      case 'received':
        this.#seen = this.#seen.merge(VersionVector.of(message.seen));
        this.#documents.receiveStates(message.states);
        this.#documents.show(message.ops);
        for (const listener of [...this.#seenListeners]) callSafely(listener);
        return;
      case 'settled':
        this.#writes.settled(message.id, VersionVector.of(message.covered));
        return;
      case 'refused':
        this.#author = new DeviceAuthor(this.#device, this.#platform.random);
        this.#writes.refused(message.write, errorOf(message.refusal));
        this.#documents.reload(message.write.updates.map(({ document }) => document));
        return;
      case 'replicated':
        this.#writes.replicated(VersionVector.of(message.majority), VersionVector.of(message.all));
        return;
      case 'unavailable':
        this.#documents.unavailable(message.document, errorOf(message.refusal));
        return;
      case 'presence':
        this.#documents.presenceOf(message.document)?.receive(message.update);
        return;
      case 'status': {
        const isNewSession = message.status.region !== undefined && message.status.region !== this.#status.region;
        this.#status = message.status;
        this.#wallOffsetMs = message.wallOffsetMs;
        if (isNewSession) this.#documents.renewPresence();
        for (const listener of [...this.#statusListeners]) callSafely(listener);
      }
    }
  }

  /** Takes a write that was applied; shows it, and has it kept and sent. */
  #wrote(updates: readonly DocumentUpdate[], described: readonly WriteDescription[]): Write {
    const id = `${this.#author.writer}.${this.#writes.nextNumber()}`;
    const error = sizeFault(updates);
    if (error !== undefined) {
      const write = { n: 0, id, writer: this.#author.writer, updates, described };
      const refused = this.#writes.refuseAtOnce(write);
      this.#receive({ type: 'refused', write, refusal: refusalOf(error) });
      return refused;
    }
    const write = this.#writes.add({ id, writer: this.#author.writer, updates, described });
    this.#documents.wrote(updates);
    return write;
  }

  #edited(document: LocalDocument, update: Uint8Array): void {
    if (this.#isClosed) return;
    this.#wrote([{ document: document.name, update }], [{ document: document.name, ops: '' }]);
  }

  #switch(isOffline: boolean, region: string): void {
    this.#assertOpen();
    this.#status = { ...this.#status, isOffline, wantedRegion: region };
    this.#toCourier({ type: 'switch', isOffline, region });
  }

  async #regionFor(retryKey: string | undefined, timeoutMs: number) {
    const isOnline = (): boolean => this.#status.connection === 'online';
    const mayComeOnline = this.#status.connection === 'connecting' && !this.#status.isOffline;
    if (!isOnline() && mayComeOnline) await within(this.#platform.clock, timeoutMs, whenSo(this.#statusListeners, isOnline));
    const name = retryKey?.slice(0, retryKey.indexOf('|')) ?? this.#status.region;
    const region = this.#options.regions.find((candidate) => candidate.name === name);
    if (!this.#status.isOffline && region !== undefined) return region;
    throw unreached(retryKey, 'the device is not connected to a region');
  }

  #whenSeen(vector: VersionVector): Promise<void> {
    return whenSo(this.#seenListeners, () => this.#seen.covers(vector));
  }

  #presenceOf(document: LocalDocument): DocumentPresence {
    const send = (update: Uint8Array): void => this.#toCourier({ type: 'present', document: document.name, update });
    return new DocumentPresence(this.#platform.clock, this.#author.identity.yjsClientId, send);
  }

  #collectionOf(document: DocumentId): CollectionSchema {
    const name = collectionOf(document);
    const { collections } = this.#options;
    const collection = Object.hasOwn(collections, name) ? collections[name] : undefined;
    if (collection === undefined) throw new AnabranchError('collection_not_found', `the client was not told of a collection ${name}`);
    return collection;
  }

  #ownDocument(document: DocumentWrite['document']): LocalDocument {
    assert(document instanceof LocalDocument && this.#documents.has(document), 'the document was opened by this client');
    return document;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new AnabranchError('client_closed', 'the client was closed');
  }
}
