// Speaks with regions for all tabs of the device: what tabs say, the store and what a region says come together here. With which
// region, and when, is the connection's affair (RegionConnection).
//
//   tab: wrote, follow, switch ... --+                       +--> told to the tabs: received, settled, refused, status ...
//                                    +--> state, evaluate ---+
//   region: frames, loss ------------+                       +--> session: open, follow, push
//
// Invariant 1: what is told of documents and writes was kept in the store before, in the same order.
// Invariant 2: what a region refuses for reasons of its own (it stops, it is full, its copy is damaged, its schema is another)
//              is not taken as refused: it is kept, and pushed again, there or elsewhere. Where it is about documents, writes to
//              others go on.
// Invariant 3: nothing is kept of what cannot be read. When there is no other region to ask, the session goes on without that
//              document: it holds up no other one.
// Invariant 4: a read of the store that fails ends nothing: it is told, and read again. A commit that fails ends the sending: what
//              would be kept after it must not be kept without it.

import { AnabranchError, assertNever, isAnabranchError, type Timer } from '@anabranch/base';
import {
  type DocumentId,
  isDamageOfRegion,
  isDocumentRefusal,
  isFinalRefusal,
  type OpenFrame,
  type RefusedFrame,
  type SessionAnswer,
  sessionProtocol,
  type WelcomeFrame,
} from '@anabranch/protocol';
import { definitionsOf } from '../client-options.ts';
import type { Platform } from '../ports.ts';
import { parseDetails, type Refusal, refusalOf } from '../refusal.ts';
import type { Collections } from '../schema.ts';
import type { ClientStore, PendingWrite, StoreOpening } from '../store/client-store.ts';
import type { FromCourier, ToCourier } from '../tabs/tab-message.ts';
import type { Switch } from '../tabs/tab-status.ts';
import { CommitQueue } from './commit-queue.ts';
import { Folds } from './folds.ts';
import { FollowedDocuments } from './followed-documents.ts';
import { Follows } from './follows.ts';
import { Inbox } from './inbox.ts';
import { Inspection } from './inspection.ts';
import { Outbox } from './outbox.ts';
import type { RegionChoice } from './region-choice.ts';
import { RegionConnection } from './region-connection.ts';
import { StatusTeller } from './status-teller.ts';

export interface CourierParts {
  readonly platform: Platform;
  readonly store: ClientStore;
  readonly choice: RegionChoice;
  readonly collections: Collections;
  readonly writer: string;
  readonly credential: (() => Promise<string>) | undefined;
  readonly tell: (message: FromCourier) => void;
}

export class Courier {
  /** How often the store is looked at for writes of tabs that ended before they told of them. */
  static readonly lookMs = 15_000;
  /** How long after a read of the store that failed it is read again. */
  static readonly readAgainMs = 1_000;

  readonly #parts: CourierParts;
  readonly #connection: RegionConnection;
  readonly #queue: CommitQueue;
  readonly #outbox = new Outbox();
  readonly #follows = new Follows();
  readonly #status: StatusTeller;
  readonly #inspection: Inspection;
  readonly #folds: Folds;
  readonly #documents: FollowedDocuments;
  readonly #inbox: Inbox;
  /** The number of the switch by which each is as it is. */
  readonly #switchedBy = { isOffline: 0, region: 0 };
  #look: Timer | undefined;
  /** Reads that failed, and are tried again. */
  readonly #retries = new Set<Timer>();
  /** Writes of which tabs ask what became of them, until the store was read after that. */
  #asked: string[] = [];
  #hasTakenUp = false;
  #isStopped = false;
  #lastError: Refusal | undefined;
  /** Why the writes that the store has could not be read, as long as they cannot. */
  #unread: Refusal | undefined;

  constructor(parts: CourierParts, opening: StoreOpening) {
    const { platform, store, choice, credential, collections, tell } = parts;
    this.#parts = parts;
    this.#follows.restore(opening.followed, opening.session?.followSerial ?? 0);
    this.#queue = new CommitQueue(store, (cause) => this.#fail(cause));
    this.#status = new StatusTeller(() => this.#seeStatus(), tell);
    this.#inspection = new Inspection(collections);
    const note = (refusal: Refusal): void => this.#note(refusal);
    this.#connection = new RegionConnection({
      ...{ platform, choice, credential, note },
      prepare: () => this.#prepare(),
      open: (given) => this.#openFrame(given),
      welcomed: (frame) => this.#welcomed(frame),
      receive: (frame) => this.#receiveFrame(frame),
      ended: (cause) => this.#ended(cause),
      changed: () => this.#evaluate(),
    });
    const ways = { queue: this.#queue, follows: this.#follows, inspection: this.#inspection, tell };
    const region = { session: () => this.#connection.session, avoidRegion: () => this.#connection.avoidRegion() };
    this.#documents = new FollowedDocuments({ ...ways, ...region, clock: platform.clock, note });
    this.#folds = new Folds({
      ...{ store, queue: this.#queue, random: platform.random },
      collection: (document) => this.#inspection.collectionOf(document),
      unheld: (document) => this.#documents.unheld(document),
      failed: (cause) => note(refusalOf(cause)),
    });
    this.#inbox = new Inbox({ ...ways, documents: this.#documents, grew: (...growth) => this.#folds.grew(...growth) }, opening);
  }

  /** Begins: takes up the writes that were left, and opens a session. */
  async start(): Promise<void> {
    await this.#takeUp();
    this.#inbox.tellRefusals();
    this.#connection.start();
    this.#evaluate();
  }

  receive(message: ToCourier): void {
    if (this.#isStopped) return;
    switch (message.type) {
      case 'wrote':
        if (message.write.n === this.#outbox.lastN + 1) this.#outbox.add(message.write);
        // Writes of several tabs are told in another order than they were kept: the store has it.
        else void this.#takeUpFound(message.write.id);
        break;
      case 'follow':
        // A tab has it not held: its state is on its way there, or the tab that had it forgotten ended before it told that.
        if (this.#follows.isHeld(message.document)) void this.#followAgain(message.document);
        else this.#documents.follow(message.document);
        break;
      case 'unheld':
        this.#documents.unheld(message.document);
        break;
      case 'forget':
        void this.#forget(message.document);
        break;
      case 'forgetSeen':
        this.#connection.leave();
        this.#inbox.forgetSeen();
        break;
      case 'present':
        this.#connection.session?.send({ type: 'presence', document: message.document, update: message.update });
        break;
      case 'switch':
        this.#switch(message);
        break;
      case 'ask':
        this.#inbox.tellRefusals();
        break;
      case 'refusalsTaken':
        this.#inbox.refusalsTaken(message.ids);
        break;
      case 'askWrites':
        this.#asked.push(...message.ids);
        void this.#takeUpFound();
        break;
      default:
        assertNever(message);
    }
    this.#evaluate();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#look?.cancel();
    for (const retry of this.#retries) retry.cancel();
    this.#connection.stop();
    this.#evaluate();
    await this.#folds.stop();
    await this.#queue.whenIdle();
  }

  /** The one place that decides what is open and what is sent. */
  #evaluate(): void {
    this.#connection.evaluate();
    for (let push = this.#nextPush(); push !== undefined; push = this.#nextPush()) this.#connection.session?.send(push);
    this.#status.note();
  }

  /** Of each that can be switched the newest switch counts, whichever arrives last. */
  #switch({ number, isOffline, region }: Switch): void {
    const [by, { status }] = [this.#switchedBy, this.#connection];
    const wanted = { isOffline: status.isOffline, region: status.wantedRegion };
    if (isOffline !== undefined && number >= by.isOffline) [wanted.isOffline, by.isOffline] = [isOffline, number];
    if (region !== undefined && number >= by.region) [wanted.region, by.region] = [region, number];
    this.#connection.switch(wanted.isOffline, wanted.region);
  }

  #nextPush() {
    return this.#connection.session?.mayPush === true ? this.#outbox.next() : undefined;
  }

  /** Before a session is opened: everything of the one before is kept. */
  async #prepare(): Promise<void> {
    await this.#queue.whenIdle();
    // Without the library of some documents the others go on; those are asked for again, each for itself.
    await this.#inspection.prepare(this.#follows.collections)?.catch((error: unknown) => this.#note(refusalOf(error)));
  }

  #openFrame(credential: string): OpenFrame {
    const { collections, writer } = this.#parts;
    return {
      ...{ type: 'open', protocolVersion: sessionProtocol.version, protocolVersionFloor: sessionProtocol.floor },
      ...{ writer, seen: this.#inbox.seen, required: this.#inbox.required, resumeKey: this.#inbox.resumeKey },
      followSerial: this.#follows.serial,
      ...{ credential, collections: definitionsOf(collections) },
    };
  }

  #welcomed(frame: WelcomeFrame): void {
    this.#lastError = undefined;
    for (const request of this.#follows.welcomed(frame.followSerial)) this.#connection.session?.send(request);
    this.#inbox.resumeKey = frame.resumeKey;
  }

  #receiveFrame(frame: SessionAnswer): void {
    switch (frame.type) {
      case 'changes':
        this.#inbox.takeChanges(frame);
        break;
      case 'state':
        this.#inbox.takeState(frame);
        break;
      case 'unavailable':
        if (this.#documents.unavailable(frame)) this.#connection.leave();
        break;
      case 'pushed': {
        // Before the write is taken out: one that is not confirmed is pushed again.
        const required = this.#inbox.believe(frame.covered);
        const write = this.#outbox.answered(frame.id);
        if (write !== undefined) this.#inbox.settle(write, frame.covered, required);
        this.#connection.worked();
        break;
      }
      case 'refused':
        this.#takeRefused(frame);
        break;
      case 'replicated':
        this.#parts.tell({ type: 'replicated', majority: frame.majority, all: frame.all });
        return;
      case 'covering':
        this.#documents.covered();
        break;
      case 'presence':
        this.#parts.tell({ type: 'presence', document: frame.document, update: frame.update });
        return;
      default:
        return;
    }
    this.#evaluate();
  }

  #takeRefused({ id, code, message, details }: RefusedFrame): void {
    if (isDocumentRefusal(code)) {
      // It waits for another session: of an application that describes the collection as regions do, or with a sound region.
      this.#lastError = { code, message, details: parseDetails(details) };
      this.#outbox.defer(id);
      if (isDamageOfRegion(code)) this.#connection.avoidRegion();
      return;
    }
    if (!isFinalRefusal(code)) {
      this.#connection.session?.end(new AnabranchError('region_unreachable', message, { code }));
      return;
    }
    const write = this.#outbox.answered(id);
    if (write === undefined) return;
    this.#inbox.refuse(write, { code, message, details: parseDetails(details) });
  }

  #ended(cause: AnabranchError): void {
    this.#inbox.ended();
    this.#documents.ended();
    this.#outbox.ended();
    // Another device has a copy of the store: it is another client from now on.
    if (cause.code === 'session_superseded') this.#inbox.resumeKey = new Uint8Array();
  }

  async #forget(document: DocumentId): Promise<void> {
    this.#folds.forget(document);
    // A region that remembers the device would go on sending it: the next one is told anew what is followed.
    if (!this.#documents.forget(document)) this.#inbox.resumeKey = new Uint8Array();
    await this.#followAgain(document);
  }

  /** A tab that has opened it again may have said so before it was forgotten, or heard of that: the store has what came last. */
  async #followAgain(document: DocumentId): Promise<void> {
    try {
      await this.#queue.whenIdle();
      const { isFollowed, isHeld } = await this.#parts.store.load(document);
      if (!isFollowed || this.#isStopped) return;
      if (isHeld || !this.#follows.isHeld(document)) this.#documents.follow(document);
      else this.#documents.unheld(document);
    } catch (error) {
      if (this.#isStopped) return;
      this.#note(storeRefusal(error));
      const retry = this.#parts.platform.clock.setTimer(Courier.readAgainMs, () => {
        this.#retries.delete(retry);
        void this.#followAgain(document);
      });
      this.#retries.add(retry);
    }
  }

  /** The store is looked at again after a time. */
  #lookAfter(afterMs: number): void {
    this.#look?.cancel();
    this.#look = this.#isStopped ? undefined : this.#parts.platform.clock.setTimer(afterMs, () => void this.#takeUpFound());
  }

  /**
   * Takes up what the store has and nobody has told of, and shows it, but for a write that was told. Then tabs are told of the writes that
   * somebody who led before had answers for, and perhaps told nobody.
   */
  async #takeUpFound(told?: string): Promise<void> {
    // Those that are asked for from now on may be kept after this is read.
    const asked = this.#asked;
    this.#asked = [];
    const found = await this.#takeUp();
    if (this.#isStopped) return;
    if (found === undefined) {
      this.#asked.push(...asked);
      return;
    }
    for (const write of found) if (write.id !== told) this.#parts.tell({ type: 'found', write });
    this.#evaluate();
    const pending = this.#outbox.ids();
    const answered = asked.filter((id) => !pending.has(id));
    if (answered.length > 0) this.#inbox.tellAnswered(answered);
  }

  /** The writes of the store that were not known, which are on their way from now on. Undefined when it cannot be read now. */
  async #takeUp(): Promise<readonly PendingWrite[] | undefined> {
    try {
      const pending = await this.#parts.store.pendingAfter(this.#outbox.lastN);
      this.#unread = undefined;
      if (this.#parts.platform.tabs.isAlone !== true) this.#lookAfter(Courier.lookMs);
      this.#hasTakenUp = true;
      return pending.filter((write) => this.#outbox.add(write));
    } catch (error) {
      this.#unread = storeRefusal(error);
      if (!this.#isStopped) this.#status.note();
      this.#lookAfter(Courier.readAgainMs);
      return undefined;
    }
  }

  #note(refusal: Refusal): void {
    this.#lastError = refusal;
    this.#status.note();
  }

  /** The store takes nothing any more. */
  #fail(cause: unknown): void {
    this.#lastError = storeRefusal(cause);
    this.#connection.giveUp();
    this.#evaluate();
  }

  #seeStatus() {
    const { trouble } = this.#parts.store;
    const status = {
      ...this.#connection.status,
      pendingWrites: this.#outbox.count,
      lastError: this.#lastError ?? this.#unread ?? (trouble === undefined ? undefined : refusalOf(trouble)),
    };
    return {
      wallOffsetMs: this.#connection.wallOffsetMs,
      status,
      switchNumber: Math.max(this.#switchedBy.isOffline, this.#switchedBy.region),
      countedTo: this.#hasTakenUp ? this.#outbox.lastN : undefined,
    };
  }
}

/** Why a store does not do what it is asked; one of somebody else's making may throw anything. */
function storeRefusal(cause: unknown): Refusal {
  return isAnabranchError(cause) ? refusalOf(cause) : { code: 'store_failed', message: String(cause), details: {} };
}
