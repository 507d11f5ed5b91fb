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
  #look: Timer | undefined;
  #isStopped = false;
  #lastError: Refusal | undefined;

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
    this.#lookLater();
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
        this.#documents.follow(message.document);
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
        this.#connection.switch(message.isOffline, message.region);
        break;
      case 'ask':
        this.#inbox.tellRefusals();
        break;
      case 'refusalsTaken':
        this.#inbox.refusalsTaken(message.ids);
        break;
      case 'askWrites':
        void this.#answer(message.ids);
        break;
      default:
        assertNever(message);
    }
    this.#evaluate();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#look?.cancel();
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
      if (isDamageOfRegion(code) && this.#connection.avoidRegion()) this.#connection.leave();
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
    try {
      // A tab that has opened it again may have said so before: the store has what came last.
      if (!(await this.#parts.store.load(document)).isFollowed || this.#isStopped) return;
      this.#documents.follow(document);
    } catch (error) {
      this.#note(refusalOf(error));
    }
  }

  /** Tells a tab of its writes that somebody who led before had answers for, and perhaps did not tell. */
  async #answer(ids: readonly string[]): Promise<void> {
    if (!(await this.#takeUpFound())) return;
    const pending = this.#outbox.ids();
    const answered = ids.filter((id) => !pending.has(id));
    if (answered.length > 0 && !this.#isStopped) this.#inbox.tellAnswered(answered);
  }

  #lookLater(): void {
    const { clock, tabs } = this.#parts.platform;
    if (this.#isStopped || tabs.isAlone === true) return;
    this.#look = clock.setTimer(Courier.lookMs, () => {
      void this.#takeUpFound().then((isRead) => isRead && this.#lookLater());
    });
  }

  /** Takes up what the store has and nobody has told of, and shows it, but for a write that was told. False when it cannot be read. */
  async #takeUpFound(told?: string): Promise<boolean> {
    const found = await this.#takeUp();
    for (const write of found ?? []) if (write.id !== told) this.#parts.tell({ type: 'found', write });
    if (found?.length !== 0) this.#evaluate();
    return found !== undefined;
  }

  /** The writes of the store that were not known, which are on their way from now on. Undefined when it cannot be read. */
  async #takeUp(): Promise<readonly PendingWrite[] | undefined> {
    try {
      const pending = await this.#parts.store.pendingAfter(this.#outbox.lastN);
      return pending.filter((write) => this.#outbox.add(write));
    } catch (error) {
      if (!this.#isStopped) this.#fail(error);
      return undefined;
    }
  }

  #note(refusal: Refusal): void {
    this.#lastError = refusal;
    this.#status.note();
  }

  /** The store takes nothing any more. */
  #fail(cause: unknown): void {
    this.#lastError = isAnabranchError(cause) ? refusalOf(cause) : { code: 'store_failed', message: String(cause), details: {} };
    this.#connection.giveUp();
    this.#evaluate();
  }

  #seeStatus() {
    const { trouble } = this.#parts.store;
    const status = {
      ...this.#connection.status,
      pendingWrites: this.#outbox.count,
      lastError: this.#lastError ?? (trouble === undefined ? undefined : refusalOf(trouble)),
    };
    return { wallOffsetMs: this.#connection.wallOffsetMs, status };
  }
}
