// One replica: the composition of log, documents, intake, links and sessions, and the life of a write between them.
//
//   accept:  wait for what the session has seen -> plan -> apply to the document -> append -> durable -> answer
//   receive: frame -> intake (verify, hold) -> append -> durable -> merge into loaded documents
//   durable: merge -> deliver to sessions -> wake links -> release readers
//
// Invariant 1 (G2): nothing derived from an op leaves before the op is durable: answers, views and deliveries wait for the
//              position of the newest local op they may show.
// Invariant 2: a failed commit ends the replica: `whenFailed` resolves and every write is refused from then on.

import { toHex } from '@anabranch/base';
import { HlcClock, type OriginId, type RegionId, regionOf, VersionVector } from '@anabranch/causality';
import { type CollectionSchema, createDocument, type DocumentIdentity, identityOf } from '@anabranch/crdt';
import { collectionOf, type DocumentId } from '@anabranch/protocol';
import { BoundedRights } from './bounded-rights.ts';
import { collectionsFeature } from './collections-feature.ts';
import { Concerns } from './concerns.ts';
import { DocumentCache } from './document-cache.ts';
import { EpochGuard, type RenewalCause } from './epoch-guard.ts';
import { Past } from './history/past.ts';
import { IdempotencyKeys } from './idempotency-keys.ts';
import { Intake } from './intake.ts';
import type { LinkConnection, LinkRole, PeerLinkHandle } from './link-connection.ts';
import { LocalWrites } from './local-writes.ts';
import { Mesh } from './mesh.ts';
import { type AppendedOp, OpLog } from './op-log.ts';
import { type OpenedIdentity, openIdentity, renewed, settled } from './own-identity.ts';
import { newestOwnStamp, Receipts } from './receipts.ts';
import { collectionNotFound, notReady } from './refusals.ts';
import { RegionAuthors } from './region-authors.ts';
import type {
  DocumentRights,
  DocumentSession,
  DocumentSessionListener,
  DocumentView,
  EditRequest,
  EditResult,
  ReadOptions,
  ReclaimRequest,
  ReclaimResult,
  ReplicaDoor,
  ReplicaStatus,
  Subscription,
  SubscriptionListener,
  TransactionRequest,
  TransactionResult,
  WriteConcernDoor,
} from './replica-door.ts';
import type { ReplicaOptions, ReplicaPorts } from './replica-options.ts';
import type { ReplicaIdentity } from './replica-store.ts';
import { SessionHub } from './session-hub.ts';
import { SessionIntake } from './session-intake.ts';
import { statusOf } from './status.ts';
import { Visibility } from './visibility.ts';
import { versionShown, viewOf, WriteDoor } from './write-door.ts';
import { WriteGate } from './write-gate.ts';

/** How long a read or write waits for what its session has seen, unless it says otherwise. */
const waitMsDefault = 2_000;

export class Replica implements ReplicaDoor {
  readonly region: RegionId;
  readonly collections: ReadonlyMap<string, CollectionSchema>;
  readonly past: Past;
  /** Resolves with the cause when a commit has failed: the process must stop. */
  readonly whenFailed: Promise<Error>;
  readonly #ports: ReplicaPorts;
  readonly #peers: readonly RegionId[];
  readonly #rememberedPeers: Set<RegionId>;
  readonly #log: OpLog;
  readonly #hlc: HlcClock;
  readonly #documents: DocumentCache;
  readonly #mesh: Mesh;
  readonly #guard: EpochGuard;
  readonly #gate: WriteGate;
  readonly #sessions: SessionHub;
  readonly #visibility: Visibility;
  readonly #keys: IdempotencyKeys;
  readonly #receipts: Receipts;
  readonly #writes: LocalWrites;
  readonly #rights: BoundedRights;
  readonly #writeDoor: WriteDoor;
  readonly #sessionIntake: SessionIntake;
  readonly #concerns: Concerns;
  #identity: ReplicaIdentity;
  #crdtIdentity: DocumentIdentity;
  #isStopping = false;

  /**
   * Opens a replica on its store, giving a new store its identity.
   * @throws AnabranchError `config_invalid` when the store belongs to another region, `store_failed`.
   */
  static async open(options: ReplicaOptions): Promise<Replica> {
    return new Replica(options, await openIdentity(options));
  }

  private constructor(options: ReplicaOptions, { identity, isMinted }: OpenedIdentity) {
    const { clock, hash, logger, metrics, store } = options.ports;
    const opening = store.opening();
    this.region = options.region;
    this.collections = options.collections;
    this.#ports = options.ports;
    this.#identity = identity;
    this.#crdtIdentity = identityOf(identity.origin, hash);
    this.#keys = new IdempotencyKeys(store);
    this.#rememberedPeers = new Set(opening.peerVectors.map(([region]) => region));
    this.#peers = [...new Set([...options.peers, ...this.#rememberedPeers])];
    this.#log = new OpLog(store, hash, opening, this.#keys);
    this.whenFailed = this.#log.whenFailed;
    this.#hlc = new HlcClock(clock, newestOwnStamp(opening, this.region));
    for (const head of opening.heads) this.#hlc.observe(head.hlc);
    this.#receipts = new Receipts({ ...options.ports, hlc: this.#hlc, offsetMs: (of) => this.#mesh.links().get(of)?.clockOffsetMs });
    const peers = (): RegionId[] => [...this.#peers, ...this.#rememberedPeers];
    this.#concerns = new Concerns({ clock, region: this.region, log: this.#log, mesh: () => this.#mesh, peers });
    this.#visibility = new Visibility(clock, () => this.#log.durableVector, this.#concerns.heldBy);
    this.#documents = new DocumentCache({
      store,
      log: this.#log,
      logger,
      commitFailed: (cause) => this.#commitFailed(cause),
      documentsMax: options.documentsLoadedMax ?? DocumentCache.documentsMaxDefault,
      create: (document) => createDocument(this.#schemaOf(document), this.#crdtIdentity),
    });
    this.past = new Past({ ...options, ...options.ports, log: this.#log, documents: this.#documents });
    // The wall clock may have been set back since the last process; the stamps of its ops tell.
    const counterStart = Math.max(0, Math.floor(clock.wallMs()), this.#hlc.last.ms);
    this.#sessions = this.#makeSessions(counterStart);
    this.#log.onDurable((ops) => this.#confirm(ops));
    this.#guard = new EpochGuard({
      clock,
      isOursAlone: isMinted || (options.meshKey === undefined && this.#peers.length === 0),
      peers: this.#peers,
      origin: () => this.#identity.origin,
      heldSeq: (origin) => this.#log.head(origin).seq,
      renew: (cause, reason) => this.#renewEpoch(cause, reason),
    });
    this.#rights = new BoundedRights({
      ...{ clock, logger, metrics, documents: this.#documents, log: this.#log, region: this.region, collections: this.collections },
      origin: () => this.#identity.origin,
      peers: () => new Set(peers()),
      unsettledEpochs: identity.unsettledEpochs,
      remember: (unsettledEpochs) => this.#remember(settled(this.#identity, unsettledEpochs)),
      isWritable: () => this.#guard.state === 'writable' && !this.#isStopping && !this.#log.hasFailed,
      mesh: () => this.#mesh,
      writes: () => this.#writes,
      counterStart: counterStart * SessionHub.awarenessPerMsMax,
    });
    this.#writes = new LocalWrites({
      ...{ metrics, log: this.#log, documents: this.#documents, hlc: this.#hlc },
      origin: () => this.#identity.origin,
      isWritable: () => this.#guard.state === 'writable',
      mayTakeOver: (holder) => this.#rights.mayTakeOver(holder),
      onApplied: (loaded, ops) => this.#rights.applied(loaded, ops),
      onReloaded: (document) => this.#sessions.end(document, 'not_ready'),
    });
    this.#gate = new WriteGate({
      ...{ clock, log: this.#log, guard: this.#guard, visibility: this.#visibility },
      origin: () => this.#identity.origin,
      lostTail: () => this.#mesh.lostTail(),
    });
    this.#writeDoor = new WriteDoor({
      ...{ clock, log: this.#log, documents: this.#documents, keys: this.#keys, gate: this.#gate },
      ...{ writes: this.#writes, rights: this.#rights },
      whenVisible: (request) => this.whenVisible(request),
      assertServed: (document) => void this.#schemaOf(document),
    });
    this.#sessionIntake = this.#makeSessionIntake(options);
    this.#mesh = this.#makeMesh(options);
  }

  get origin(): OriginId {
    return this.#identity.origin;
  }

  get version(): VersionVector {
    return this.#log.durableVector;
  }

  get writeConcerns(): WriteConcernDoor {
    return this.#concerns.writes;
  }

  /** Resolves when local writes are accepted (epoch-guard.ts). */
  whenWritable(): Promise<void> {
    return this.#guard.whenWritable();
  }

  attachLink(connection: LinkConnection, role: LinkRole): PeerLinkHandle {
    return this.#mesh.attach(connection, role);
  }

  async whenVisible({ minVersion, readConcern, waitMsMax = waitMsDefault }: ReadOptions): Promise<void> {
    if (readConcern !== undefined) await this.#concerns.reads.whenMet(readConcern, waitMsMax);
    if (minVersion !== undefined) await this.#visibility.whenCovers(minVersion, waitMsMax);
  }

  async read(document: DocumentId, options: ReadOptions = {}): Promise<DocumentView> {
    if (options.minVersion !== undefined || options.readConcern !== undefined) await this.whenVisible(options);
    const loaded = this.#documents.open(document);
    const view = { ...viewOf(loaded), version: versionShown(this.#log.durableVector, [loaded]) };
    await this.#log.whenDurable(loaded.localPosition);
    return view;
  }

  async digest(document: DocumentId): Promise<{ digest: string; version: VersionVector }> {
    // Waiting first, so that the digest and the vector are taken in one step.
    for (;;) {
      const { crdt, localPosition } = this.#documents.open(document);
      const isDurable = localPosition <= this.#log.durablePosition;
      if (isDurable) return { digest: toHex(crdt.digest(this.#ports.hash)), version: this.#log.durableVector };
      await this.#log.whenDurable(localPosition);
    }
  }

  edit(request: EditRequest): Promise<EditResult> {
    return this.#writeDoor.edit(request);
  }

  transact(request: TransactionRequest): Promise<TransactionResult> {
    return this.#writeDoor.transact(request);
  }

  async rights(document: DocumentId, options: ReadOptions = {}): Promise<DocumentRights> {
    if (options.minVersion !== undefined || options.readConcern !== undefined) await this.whenVisible(options);
    const loaded = this.#documents.open(document);
    const report = { ...this.#rights.report(loaded), version: versionShown(this.#log.durableVector, [loaded]) };
    await this.#log.whenDurable(loaded.localPosition);
    return report;
  }

  async reclaimRights(request: ReclaimRequest): Promise<ReclaimResult> {
    await this.#gate.whenOpen();
    const { origin, seq, position } = this.#rights.reclaim(request);
    await this.#log.whenDurable(position);
    return { opId: { origin, seq }, version: this.#log.durableVector };
  }

  listDocuments(collection: string, after: DocumentId | undefined, limit: number): readonly DocumentId[] {
    if (!this.collections.has(collection)) throw collectionNotFound(collection);
    return this.#ports.store.listDocuments(collection, after, limit);
  }

  openSession(document: DocumentId, listener: DocumentSessionListener): DocumentSession {
    this.#assertTakesSessions();
    this.#schemaOf(document);
    return this.#sessions.open(document, listener);
  }

  subscribe(after: VersionVector, listener: SubscriptionListener): Subscription {
    this.#assertTakesSessions();
    return this.#sessions.subscribe(after, listener);
  }

  status(): ReplicaStatus {
    return statusOf({
      ...{ identity: this.#identity, isStopping: this.#isStopping, epochState: this.#guard.state, peers: this.#peers },
      ...{ log: this.#log, mesh: this.#mesh, clock: this.#ports.clock, hlc: this.#hlc.last },
      ...{ documentsLoaded: this.#documents.size, sessions: this.#sessions.size },
    });
  }

  /** Ends sessions and links, waits for what was appended until then, and closes the store. */
  async stop(): Promise<void> {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#guard.stop();
    for (const door of [this.#gate, this.#visibility, this.#concerns]) door.close('the region is stopping');
    this.#rights.stop();
    this.#sessions.endAll('not_ready');
    await this.#log.whenDurable(this.#log.position).catch(() => {});
    await this.#mesh.stop();
    await this.#log.whenDurable(this.#log.position).catch(() => {});
    await this.#ports.store.close();
  }

  #makeSessions(counterStart: number): SessionHub {
    return new SessionHub({
      documents: this.#documents,
      origin: () => this.#identity.origin,
      intake: () => this.#sessionIntake,
      append: (applied) => this.#writes.append(applied, { hlc: this.#hlc.next() }),
      durable: () => this.#log.durableVector,
      readAfter: (after) => this.past.changes.readAfter(after, () => {}),
      whenDurable: (position) => this.#log.whenDurable(position),
      relay: (frame) => this.#mesh.flood(frame),
      counterStart,
    });
  }

  #makeSessionIntake({ ports }: ReplicaOptions): SessionIntake {
    return new SessionIntake({
      ...ports,
      documents: this.#documents,
      log: this.#log,
      undo: (loaded) => this.#writes.undo(loaded),
      whenAccepting: () => (this.#gate.isOpen() ? undefined : this.#gate.whenOpen()),
      authors: new RegionAuthors({
        hash: ports.hash,
        foreignOrigins: () => this.#mesh.foreignOrigins(),
        mayLackOps: (origin) => this.#mesh.mayLackOps(origin),
      }),
    });
  }

  #makeMesh(options: ReplicaOptions): Mesh {
    const { clock, random, hash, logger, metrics } = options.ports;
    const ofProcess = { instanceId: random.bytes(16), features: [collectionsFeature(this.collections, hash)] };
    let [named, announced] = [this.#identity, { ...this.#identity, ...ofProcess }];
    return new Mesh({
      ...{ clock, random, hash, logger, metrics, log: this.#log, meshKey: options.meshKey ?? random.bytes(32) },
      intake: new Intake(this.#log, hash),
      identity: () => {
        // Asked with every frame, and another one only in a new epoch.
        if (named !== this.#identity) [named, announced] = [this.#identity, { ...this.#identity, ...ofProcess }];
        return announced;
      },
      onReports: (region, reports) => {
        this.#rights.hear(region, reports);
        this.#guard.hear(region, reports);
      },
      onRights: (frame) => this.#rights.receive(frame),
      onRestarted: (region) => this.#rights.restarted(region),
      onAwareness: (frame) => this.#sessions.receiveAwareness(frame),
      onEstablished: (region) => this.#rememberPeer(region),
      concerns: this.#concerns,
      members: () => this.#concerns.members(),
      onQuarantined: (origin) => this.#noteQuarantined(origin),
    });
  }

  #assertTakesSessions(): void {
    if (this.#isStopping || this.#guard.state === 'renewing') throw notReady('the region is not ready for sessions');
  }

  /** Ops became durable: from here on they may be shown. */
  #confirm(ops: readonly AppendedOp[]): void {
    this.#documents.confirm(ops);
    for (const { op, isLocal, origin, position } of ops) {
      if (op.idempotency) this.#keys.confirm(op.idempotency, position);
      if (!isLocal) this.#receipts.note(op, origin);
    }
    this.#sessions.deliver(ops, this.#log.durableVector);
    this.#rights.advance(ops);
    this.#visibility.advance();
    this.#concerns.advance();
    this.past.changes.advance();
  }

  /** Continues under a new epoch: what was loaded under the old one is loaded anew, with a new CRDT identity. */
  async #renewEpoch(cause: RenewalCause, reason: string): Promise<void> {
    const { store, hash, logger } = this.#ports;
    const before = this.#identity.origin;
    await this.#log.whenDurable(this.#log.position);
    const identity = renewed(this.#identity, this.#ports);
    await store.commit({ identity }).catch((error: unknown) => {
      this.#commitFailed(error);
      throw error;
    });
    this.#identity = identity;
    this.#crdtIdentity = identityOf(identity.origin, hash);
    this.#writes.renewed();
    this.#rights.renewed();
    this.#sessions.endAll('not_ready');
    this.#documents.clear();
    this.#mesh.renewed();
    const log = cause === 'rolled_back' ? logger.error : logger.info;
    log.call(logger, 'epoch.renewed', { before, origin: identity.origin, cause, reason });
  }

  /** What this region would write depends on ops that its peers will never take: it must not go on as if nothing were. */
  #noteQuarantined(origin: OriginId): void {
    if (regionOf(origin) !== this.region) return;
    this.#guard.fence();
    this.#gate.close(`peers hold another log under ${origin}, a name of this region`);
  }

  /** Peers met once are asked about our own log after a restart, configured or not. */
  #rememberPeer(region: RegionId): void {
    if (this.#rememberedPeers.has(region)) return;
    this.#rememberedPeers.add(region);
    this.#ports.store.commit({ peerVectors: [[region, VersionVector.empty]] }).catch((error) => this.#commitFailed(error));
  }

  #remember(identity: ReplicaIdentity): void {
    this.#identity = identity;
    this.#ports.store.commit({ identity }).catch((error) => this.#commitFailed(error));
  }

  /** A commit of something else than ops has failed. While the replica stops its store may be closed before the last one. */
  #commitFailed(cause: unknown): void {
    if (!this.#isStopping) this.#log.fail(cause);
  }

  #schemaOf(document: DocumentId): CollectionSchema {
    const collection = collectionOf(document);
    const schema = this.collections.get(collection);
    if (schema === undefined) throw collectionNotFound(collection);
    return schema;
  }
}
