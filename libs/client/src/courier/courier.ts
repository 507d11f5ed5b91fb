// Speaks with regions for all tabs of the device: between the store, one session at a time, and what the tabs say.
//
//   tab: wrote, follow, switch ... --+                       +--> told to the tabs: received, settled, refused, status ...
//                                    +--> state, evaluate ---+
//   region: frames, loss ------------+                       +--> session: open, follow, push
//
// Invariant 1: what is told of documents and writes was kept in the store before, in the same order.
// Invariant 2: a session is opened only when everything of the session before is kept.
// Invariant 3: what a region refuses for reasons of its own (it stops, it is full, its copy is damaged, its schema is another)
//              is not taken as refused: it is kept, and pushed again, there or elsewhere. Where it is about documents, writes to
//              others go on.
// Invariant 4: a region that sends what cannot be read has ended its session, and comes last for a while; nothing of it is kept. When
//              there is no other to ask, the session goes on without that document: it holds up no other one.

import { AnabranchError, assertNever, type ErrorCode, isAnabranchError, type Timer } from '@anabranch/base';
import {
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
import type { ClientStore, StoreOpening } from '../store/client-store.ts';
import type { FromCourier, ToCourier } from '../tab-message.ts';
import { CommitQueue } from './commit-queue.ts';
import { credentialOf } from './credential.ts';
import { Folds } from './folds.ts';
import { FollowedDocuments } from './followed-documents.ts';
import { Follows } from './follows.ts';
import { Inbox } from './inbox.ts';
import { Inspection } from './inspection.ts';
import { Outbox } from './outbox.ts';
import { Probes } from './probes.ts';
import { nearest, type RegionAddress, type RegionChoice } from './region-choice.ts';
import { Session } from './session.ts';
import { StatusTeller } from './status-teller.ts';
import { WallOffset } from './wall-offset.ts';

export interface CourierParts {
  readonly platform: Platform;
  readonly store: ClientStore;
  readonly choice: RegionChoice;
  readonly collections: Collections;
  readonly writer: string;
  readonly credential: (() => Promise<string>) | undefined;
  readonly tell: (message: FromCourier) => void;
}

/** How long a region may lack what was shown here before another one is tried. */
const behindMsMax = 5_000;

/** What ends a session with a region that sends what cannot be read. */
const unreadableCodes: ReadonlySet<ErrorCode> = new Set(['frame_invalid', 'update_invalid', 'update_incomplete'] as const);

export class Courier {
  readonly #parts: CourierParts;
  readonly #queue: CommitQueue;
  readonly #outbox = new Outbox();
  readonly #follows = new Follows();
  readonly #offset = new WallOffset();
  readonly #probes: Probes;
  readonly #status: StatusTeller;
  readonly #endOnline: () => void;
  readonly #inspection: Inspection;
  readonly #folds: Folds;
  readonly #documents: FollowedDocuments;
  readonly #inbox: Inbox;
  /** The region of the session has all that was shown here. */
  #isCovered = false;
  #session: Session | undefined;
  #region: RegionAddress | undefined;
  #isConnecting = false;
  #isOffline = false;
  #isStopped = false;
  /** The store takes nothing any more. */
  #hasFailed = false;
  #lastError: Refusal | undefined;
  #retry: Timer | undefined;
  #behind: Timer | undefined;

  constructor(parts: CourierParts, { session, followed }: StoreOpening) {
    this.#parts = parts;
    this.#follows.restore(followed, session?.followSerial ?? 0);
    this.#queue = new CommitQueue(parts.store, (cause) => this.#fail(cause));
    this.#status = new StatusTeller(() => this.#look(), parts.tell);
    this.#inspection = new Inspection(parts.collections);
    const ways = { queue: this.#queue, follows: this.#follows, inspection: this.#inspection, tell: parts.tell };
    const note = (refusal: Refusal): void => {
      this.#lastError = refusal;
      this.#status.note();
    };
    const region = { session: () => this.#session, avoidRegion: () => this.#avoidRegion() };
    this.#documents = new FollowedDocuments({ ...ways, ...region, clock: parts.platform.clock, note });
    this.#folds = new Folds({
      ...{ store: parts.store, queue: this.#queue, random: parts.platform.random },
      collection: (document) => this.#inspection.collectionOf(document),
      damaged: (document) => this.#documents.lost(document),
      failed: (cause) => note(refusalOf(cause)),
    });
    this.#inbox = new Inbox({ ...ways, documents: this.#documents, grew: (...growth) => this.#folds.grew(...growth) }, session);
    this.#probes = new Probes(parts.platform, { choice: parts.choice, offset: this.#offset }, () => this.#probed());
    this.#endOnline = parts.platform.onOnline(() => {
      parts.choice.retryNow();
      this.#evaluate();
    });
  }

  /** Begins: takes up the writes that were left, and opens a session. */
  async start(): Promise<void> {
    await this.#takeUp();
    this.#probes.start();
    this.#evaluate();
  }

  receive(message: ToCourier): void {
    if (this.#isStopped) return;
    switch (message.type) {
      case 'wrote':
        if (message.write.n === this.#outbox.lastN + 1) this.#outbox.add(message.write);
        // Writes of several tabs are told in another order than they were kept: the store has it.
        else void this.#takeUp().then(() => this.#evaluate());
        break;
      case 'follow':
        this.#documents.follow(message.document);
        break;
      case 'lost':
        this.#documents.lost(message.document);
        break;
      case 'forget':
        this.#folds.forget(message.document);
        // A region that remembers the device would go on sending it: the next one is told anew what is followed.
        if (!this.#documents.forget(message.document)) this.#inbox.resumeKey = new Uint8Array();
        break;
      case 'forgetSeen':
        this.#leave();
        this.#inbox.forgetSeen();
        break;
      case 'present':
        this.#session?.send({ type: 'presence', document: message.document, update: message.update });
        break;
      case 'switch':
        this.#switch(message.isOffline, message.region);
        break;
      case 'ask':
        this.#status.note();
        break;
      default:
        assertNever(message);
    }
    this.#evaluate();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#endOnline();
    this.#probes.stop();
    this.#evaluate();
    await this.#folds.stop();
    await this.#queue.whenIdle();
  }

  /** The one place that decides what is open and what is sent. */
  #evaluate(): void {
    const isWanted = !this.#isStopped && !this.#isOffline && !this.#hasFailed;
    if (!isWanted) {
      this.#retry?.cancel();
      this.#session?.end(new AnabranchError('region_unreachable', 'the device is offline'));
    } else if (this.#session?.isOpen === true) {
      for (let push = this.#nextPush(); push !== undefined; push = this.#nextPush()) this.#session?.send(push);
    } else if (this.#session === undefined && !this.#isConnecting && this.#probes.hasAnswer) {
      this.#chooseRegion();
    }
    this.#status.note();
  }

  #nextPush() {
    return this.#session?.mayPush === true ? this.#outbox.next() : undefined;
  }

  #chooseRegion(): void {
    this.#retry?.cancel();
    const next = this.#parts.choice.next();
    if ('region' in next) void this.#connect(next.region);
    else this.#retry = this.#parts.platform.clock.setTimer(next.waitMs, () => this.#evaluate());
  }

  async #connect(region: RegionAddress): Promise<void> {
    this.#isConnecting = true;
    const credential = await this.#prepare(region);
    this.#isConnecting = false;
    const { wanted } = this.#parts.choice;
    const isWanted = !this.#isStopped && !this.#isOffline && !this.#hasFailed && (wanted === nearest || wanted === region.name);
    if (credential === undefined || !isWanted) return this.#evaluate();
    const { clock, connect } = this.#parts.platform;
    this.#region = region;
    const url = `${region.url.replace(/^http/, 'ws').replace(/\/$/, '')}/v1/sync/documents`;
    try {
      this.#session = new Session(url, clock, connect, {
        open: () => this.#openFrame(credential),
        welcomed: (frame) => this.#welcomed(frame),
        receive: (frame) => this.#receiveFrame(frame),
        ended: (cause) => this.#ended(cause),
      });
      this.#status.note();
    } catch (error) {
      // A platform that opens no such connection, as a page over https none without TLS.
      this.#ended(new AnabranchError('region_unreachable', `no connection to ${url}: ${String(error)}`));
    }
  }

  /** The credential for the session, once everything of the one before is kept; undefined when there is none to be had. */
  async #prepare(region: RegionAddress): Promise<string | undefined> {
    await this.#queue.whenIdle();
    try {
      // Without the library of some documents the others go on; those are asked for again, each for itself.
      await this.#inspection.prepare(this.#follows.names())?.catch((error: unknown) => {
        this.#lastError = refusalOf(error);
      });
      return await credentialOf(this.#parts.credential, this.#parts.platform.clock);
    } catch (error) {
      this.#lastError = refusalOf(error);
      this.#parts.choice.failed(region.name);
      return undefined;
    }
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
    const { clock } = this.#parts.platform;
    this.#isCovered = frame.coversRequired;
    this.#lastError = undefined;
    if (this.#region !== undefined) {
      this.#parts.choice.opened(this.#region.name);
      this.#offset.welcomed(this.#region.name, frame.wallMs - clock.wallMs());
    }
    for (const request of this.#follows.welcomed(frame.followSerial)) this.#session?.send(request);
    this.#inbox.resumeKey = frame.resumeKey;
    if (!frame.coversRequired && this.#parts.choice.isFree) {
      this.#behind = clock.setTimer(behindMsMax, () => this.#leaveIfBehind());
    }
    this.#evaluate();
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
        if (this.#documents.unavailable(frame)) this.#leave();
        break;
      case 'pushed': {
        // Before the write is taken out: one that is not confirmed is pushed again.
        const required = this.#inbox.believe(frame.covered);
        const write = this.#outbox.answered(frame.id);
        if (write !== undefined) this.#inbox.settle(write, frame.covered, required);
        if (this.#region !== undefined) this.#parts.choice.worked(this.#region.name);
        break;
      }
      case 'refused':
        this.#takeRefused(frame);
        break;
      case 'covering':
        this.#isCovered = true;
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
      this.#lastError = { code, message, details: {} };
      this.#outbox.hold(id);
      if (isDamageOfRegion(code) && this.#avoidRegion()) this.#leave();
      return;
    }
    if (!isFinalRefusal(code)) {
      this.#session?.end(new AnabranchError('region_unreachable', message, { code }));
      return;
    }
    const write = this.#outbox.answered(id);
    if (write === undefined) return;
    const refusal = { code, message, details: parseDetails(details) };
    this.#lastError = refusal;
    this.#queue.add([{ type: 'drop', n: write.n }], () => this.#parts.tell({ type: 'refused', write, refusal }));
  }

  #ended(cause: AnabranchError): void {
    this.#session = undefined;
    this.#behind?.cancel();
    this.#inbox.ended();
    this.#documents.ended();
    this.#outbox.ended();
    const region = this.#region;
    this.#region = undefined;
    // Another device has a copy of the store: it is another client from now on.
    if (cause.code === 'session_superseded') this.#inbox.resumeKey = new Uint8Array();
    if (this.#isStopped || this.#isOffline || this.#hasFailed || region === undefined) return this.#status.note();
    if (cause.code !== 'region_left') {
      this.#lastError = refusalOf(cause);
      this.#parts.choice.failed(region.name);
      if (unreadableCodes.has(cause.code)) this.#parts.choice.avoid(region.name);
    }
    this.#evaluate();
  }

  #switch(isOffline: boolean, region: string): void {
    this.#isOffline = isOffline;
    if (!isOffline) this.#parts.choice.retryNow();
    if (region !== this.#parts.choice.wanted) {
      this.#parts.choice.want(region);
      if (region !== nearest && this.#region !== undefined && this.#region.name !== region) this.#leave();
    }
    this.#probes.ask();
  }

  /** The region comes last for a while: it cannot be worked with for some documents. True when another one is to be asked. */
  #avoidRegion(): boolean {
    const { choice } = this.#parts;
    return this.#region !== undefined && choice.isFree && choice.avoid(this.#region.name);
  }

  /** Another region is to be spoken with. */
  #leave(): void {
    this.#session?.end(new AnabranchError('region_left', 'another region was chosen'));
  }

  #leaveIfBehind(): void {
    if (this.#isCovered || this.#region === undefined || !this.#parts.choice.isFree) return;
    this.#parts.choice.behind(this.#region.name);
    this.#leave();
  }

  #probed(): void {
    const nearer = this.#region === undefined ? undefined : this.#parts.choice.nearerThan(this.#region.name);
    if (nearer !== undefined) this.#leave();
    this.#evaluate();
  }

  async #takeUp(): Promise<void> {
    try {
      for (const write of await this.#parts.store.pendingAfter(this.#outbox.lastN)) this.#outbox.add(write);
    } catch (error) {
      this.#fail(error);
    }
  }

  #fail(cause: unknown): void {
    this.#hasFailed = true;
    this.#lastError = isAnabranchError(cause) ? refusalOf(cause) : { code: 'store_failed', message: String(cause), details: {} };
    this.#evaluate();
  }

  #look() {
    const isOnline = this.#session?.isOpen === true;
    const { trouble } = this.#parts.store;
    const isSwitchedOff = this.#isOffline || this.#isStopped || this.#hasFailed;
    return {
      wallOffsetMs: this.#offset.ms,
      status: {
        connection: isOnline ? 'online' : isSwitchedOff || !this.#probes.isAnyReachable ? 'offline' : 'connecting',
        region: isOnline ? this.#region?.name : undefined,
        isOffline: this.#isOffline,
        wantedRegion: this.#parts.choice.wanted,
        pendingWrites: this.#outbox.count,
        lacksHere: isOnline && !this.#isCovered,
        lastError: this.#lastError ?? (trouble === undefined ? undefined : refusalOf(trouble)),
        regions: this.#parts.choice.view(),
      },
    } as const;
  }
}
