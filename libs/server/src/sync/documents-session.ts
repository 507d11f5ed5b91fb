// One embedded client: between its socket and a subscription of the replica (libs/protocol/src/session).
//
//   joining --open: welcome--> naming --follow complete--> following --any end--> closed
//                                 \------resume key known-----^
//
// Frames are sent by one loop: what was missed, then states of documents that are new to the client, then what happens.
//
// Invariant 1: `changes` come in causal order and are durable; their `told` vectors add up to what the client has been told.
// Invariant 2: a state is made when everything before was told, and nothing is told before it is sent: what it lacks comes
//              after it.
// Invariant 3: pushes are taken in their order, and those of a client that has seen more than this region wait until the
//              region has it, as its new documents do: what a client writes never comes before what it had read.
// Invariant 4: what waits to be sent is bounded; behind it, the log is read instead.
// Invariant 5: a session that takes up what another one followed is held to its own description of the collections. What it is
//              refused for that is remembered with the rest: its `seen` goes on without these documents, so a session that
//              describes them as the region does is sent them whole.

import { AnabranchError, type ErrorCode, isAnabranchError } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import type { ReplicaDoor, Subscription } from '@anabranch/engine';
import {
  collectionOf,
  type DocumentId,
  decodeSessionRequest,
  encodeSessionFrame,
  type FollowedDocument,
  type FollowFrame,
  frameBytesTarget,
  frameInvalid,
  type OpenFrame,
  type SessionRequest,
  sessionProtocol,
  stateBytesMax,
  type UnfollowFrame,
} from '@anabranch/protocol';
import type { WebSocket } from 'ws';
import { DescribedCollections } from './described-collections.ts';
import { DocumentRefusals } from './document-refusals.ts';
import { DocumentsPresence } from './documents-presence.ts';
import { PushLane } from './push-lane.ts';
import { ReplicatedNews } from './replicated-news.ts';
import type { ResumableClients, ResumableFollows } from './resumable-follows.ts';
import { SessionSocket, type SessionSocketParts } from './session-socket.ts';
import type { YjsRooms } from './yjs-rooms.ts';

export interface DocumentsSessionParts extends SessionSocketParts {
  readonly replica: ReplicaDoor;
  readonly definitions: ReadonlyMap<string, string>;
  readonly resumable: ResumableClients;
  readonly rooms: YjsRooms;
  /** Called once, when the socket is gone. */
  readonly onClosed: () => void;
}

/** Ops missed in the whole region up to which they are read from the log, whatever the client follows. */
const readOpsMin = 10_000;
/** Ops that cost about as much to read as a document costs to be sent whole. */
const opsPerDocument = 64;

/** What is known of a client that has said who it is. */
interface Joined {
  readonly key: Uint8Array;
  readonly subscription: Subscription;
  readonly lane: PushLane;
  readonly news: ReplicatedNews;
  readonly described: DescribedCollections;
}

export class DocumentsSession {
  readonly socket: SessionSocket;
  readonly #parts: DocumentsSessionParts;
  readonly #presence: DocumentsPresence;
  readonly #refusals: DocumentRefusals;
  readonly #openedMs: number;
  /** Documents that the client wants to be sent. */
  readonly #wanted = new Set<DocumentId>();
  /** Named, and refused because the client describes their collection otherwise; or not sent whole again since (Invariant 5). */
  readonly #differing = new Set<DocumentId>();
  readonly #resync: DocumentId[] = [];
  readonly #holder = { handOver: (): ResumableFollows | undefined => this.#handOver() };
  #joined: Joined | undefined;
  #serial = 0;
  #isComplete = false;
  /** The region has all that the client has seen and written. */
  #isCovering = false;
  #told = VersionVector.empty;
  #mustTell = false;
  #isPumping = false;
  #hasMore = false;
  #isClosed = false;

  constructor(webSocket: WebSocket, parts: DocumentsSessionParts) {
    this.#parts = parts;
    this.#openedMs = parts.clock.monotonicMs();
    this.socket = new SessionSocket(
      webSocket,
      {
        receive: (message) => this.#receive(message),
        keepAlive: () => this.socket.send(encodeSessionFrame({ type: 'alive' })),
        drained: () => this.#drained(),
        closed: () => this.#closed(),
      },
      parts,
    );
    this.#refusals = new DocumentRefusals(this.socket, parts.limits);
    const onRefused = (document: DocumentId, error: AnabranchError): void => this.#refusals.add(document, error);
    this.#presence = new DocumentsPresence({ ...parts, socket: this.socket, onRefused });
  }

  sweep(nowMs: number): void {
    const isLate = this.#joined === undefined && nowMs - this.#openedMs > this.#parts.limits.joinMsMax;
    if (isLate) this.socket.close('handshake_timeout', 'the client did not open');
    else this.socket.sweep(nowMs);
    // The vector moves on with documents that the client does not follow; it is told now and then.
    this.#pump();
  }

  #drained(): void {
    this.#refusals.tell();
    this.#pump();
  }

  #receive(message: Uint8Array): void {
    const frame = decodeSessionRequest(message);
    if (frame === undefined) return;
    const joined = this.#joined;
    if (frame.type === 'open') {
      if (joined !== undefined) throw frameInvalid('the client opens twice');
      this.#open(frame);
    } else if (joined === undefined) {
      throw frameInvalid('the client has not opened');
    } else {
      this.#receiveJoined(frame, message.length, joined);
    }
  }

  #receiveJoined(frame: Exclude<SessionRequest, OpenFrame>, frameBytes: number, joined: Joined): void {
    switch (frame.type) {
      case 'follow':
        this.#follow(frame, joined);
        return;
      case 'unfollow':
        this.#unfollow(frame, joined);
        return;
      case 'push':
        joined.lane.push(frame, frameBytes, joined.described);
        return;
      case 'presence':
        this.#presence.receive(frame);
        return;
      case 'alive':
        return;
    }
  }

  #open(frame: OpenFrame): void {
    const { replica, definitions, resumable, clock, limits } = this.#parts;
    const seen = VersionVector.of(frame.seen);
    const subscription = replica.subscribe(seen, {
      onMore: () => this.#pump(),
      ended: (code) => this.socket.close(code, 'the region ended the session'),
    });
    const described = new DescribedCollections(definitions, frame.collections);
    const { key, follows: kept } = resumable.begin(frame.resumeKey, this.#holder);
    // Of a store that was put back: what it holds, and follows, is not what was let go of since.
    const follows = kept !== undefined && kept.serial <= frame.followSerial ? kept : undefined;
    if (follows === undefined) kept?.following.release();
    const news = new ReplicatedNews({ clock, limits, replica, send: (bytes) => this.socket.send(bytes) });
    const lane = new PushLane({
      ...{ replica, subscription, limits, socket: this.socket },
      onPushed: (covered) => news.watch(covered),
    });
    const joined = { key, subscription, lane, news, described };
    this.#joined = joined;
    this.#told = seen;
    this.#serial = follows?.serial ?? 0;
    const durable = replica.version;
    const required = seen.merge(VersionVector.of(frame.required));
    this.#isCovering = durable.covers(required);
    this.socket.send(
      encodeSessionFrame({
        ...{ type: 'welcome', protocolVersion: sessionProtocol.version, region: replica.region, origin: replica.status().origin },
        ...{ resumeKey: key, followSerial: this.#serial, wallMs: Math.max(0, Math.floor(clock.wallMs())) },
        ...{ durable: durable.entries(), coversRequired: this.#isCovering },
      }),
    );
    news.watch(required.merge(durable));
    if (this.#isCovering) lane.open();
    else void this.#awaitCover(required);
    if (follows !== undefined) this.#resume(follows, joined);
  }

  #resume({ following, agreed, differing }: ResumableFollows, joined: Joined): void {
    const { updates } = joined.subscription;
    updates.takeUp(following);
    // Those that are to be refused from now on are looked for only when the client describes less than before as the region does.
    const isAgreed = [...agreed].every((collection) => joined.described.agreed.has(collection));
    for (const document of isAgreed ? [] : [...updates.documents()]) {
      if (joined.described.agreesOn(document)) continue;
      updates.remove(document);
      this.#name({ document, isHeld: true }, joined);
    }
    for (const document of differing) {
      this.#differing.add(document);
      this.#name({ document, isHeld: false }, joined);
    }
    this.#begin(joined.subscription);
  }

  /** Until the region has what the client has seen. */
  async #awaitCover(minVersion: VersionVector): Promise<void> {
    while (!this.#isClosed && !this.#isCovering) {
      try {
        await this.#parts.replica.whenVisible({ minVersion, waitMsMax: this.#parts.limits.sessionWaitMsMax });
        this.#isCovering = true;
        this.socket.send(encodeSessionFrame({ type: 'covering' }));
      } catch (error) {
        if (!isAnabranchError(error)) return this.socket.fail(error);
        for (const document of this.#wanted) this.#refusals.add(document, error);
        this.#wanted.clear();
        // Whoever may not even wait asks again later.
        if (error.code !== 'not_yet_visible') return this.socket.fail(error);
      }
    }
    this.#joined?.lane.open();
    this.#pump();
  }

  /** All that the client follows is known: what it missed is told, or sent whole when that is less. */
  #begin({ updates }: Subscription): void {
    this.#isComplete = true;
    let missedOps = 0;
    for (const [origin, seq] of this.#parts.replica.version.since(updates.version)) missedOps += seq - updates.version.get(origin);
    if (missedOps > Math.max(readOpsMin, opsPerDocument * updates.size)) this.#beginResync();
    // Told in any case: with it the client knows that it was understood.
    this.#mustTell = true;
    this.#pump();
  }

  #beginResync(): void {
    const updates = this.#joined?.subscription.updates;
    updates?.jump();
    this.#resync.push(...(updates?.documents() ?? []));
    this.#mustTell = true;
  }

  #follow({ serial, documents, isComplete }: FollowFrame, joined: Joined): void {
    if (!this.#isNext(serial)) return;
    for (const followed of documents) this.#name(followed, joined);
    if (isComplete && !this.#isComplete) this.#begin(joined.subscription);
    else this.#pump();
  }

  #name({ document, isHeld }: FollowedDocument, { subscription, described }: Joined): void {
    const refusal = this.#refusalOf(document, subscription, described);
    if (refusal?.code === 'collection_differs') this.#differing.add(document);
    if (refusal !== undefined) this.#refusals.add(document, refusal);
    else if (isHeld && !this.#differing.has(document)) subscription.updates.add(document);
    else this.#wanted.add(document);
  }

  #refusalOf(document: DocumentId, { updates }: Subscription, described: DescribedCollections): AnabranchError | undefined {
    const collection = collectionOf(document);
    const { followedDocumentsMax } = this.#parts.limits;
    if (!this.#parts.definitions.has(collection)) {
      return new AnabranchError('collection_not_found', 'the region serves no collection of this name');
    }
    const isNamed = updates.has(document) || this.#differing.has(document);
    if (!isNamed && updates.size + this.#wanted.size + this.#differing.size >= followedDocumentsMax) {
      return new AnabranchError('overloaded', `a client follows at most ${followedDocumentsMax} documents`);
    }
    return described.agreesOn(document) ? undefined : described.refusalOf(document);
  }

  #unfollow({ serial, documents }: UnfollowFrame, { subscription }: Joined): void {
    if (!this.#isNext(serial)) return;
    for (const document of documents) {
      subscription.updates.remove(document);
      this.#wanted.delete(document);
      this.#differing.delete(document);
      this.#refusals.forget(document);
      this.#presence.leave(document);
    }
  }

  #isNext(serial: number): boolean {
    if (serial <= this.#serial) return false;
    if (serial > this.#serial + 1) throw frameInvalid('a frame that changed what is followed is missing');
    this.#serial = serial;
    return true;
  }

  #pump(): void {
    this.#hasMore = true;
    if (this.#isPumping || !this.#isComplete) return;
    this.#isPumping = true;
    void this.#send().catch((error: unknown) => this.socket.fail(error));
  }

  async #send(): Promise<void> {
    while (this.#hasMore && this.socket.isOpen) {
      this.#hasMore = false;
      // A turn later: what becomes durable together is told together.
      await Promise.resolve();
      while (this.socket.isOpen && this.socket.bufferedBytes < this.#parts.limits.documentsUnsentBytesHigh) {
        if (!(await this.#sendNext())) break;
      }
    }
    this.#isPumping = false;
  }

  /** Sends one frame; false when there is nothing to send. */
  async #sendNext(): Promise<boolean> {
    const subscription = this.#joined?.subscription;
    if (subscription === undefined) return false;
    const missed = this.#resync.pop();
    if (missed !== undefined) {
      if (subscription.updates.has(missed)) await this.#sendState(missed, subscription, true);
      return true;
    }
    const isReading = !subscription.updates.isLive;
    const hasTold = this.#tellChanges(subscription);
    if (isReading) await new Promise<void>((resolve) => void this.#parts.clock.setTimer(0, resolve));
    if (hasTold || isReading) return true;
    const [wanted] = this.#wanted;
    if (wanted === undefined || !this.#isCovering) return false;
    this.#wanted.delete(wanted);
    await this.#sendState(wanted, subscription, false);
    return true;
  }

  #tellChanges({ updates }: Subscription): boolean {
    let taken: ReturnType<typeof updates.take>;
    try {
      taken = updates.take(frameBytesTarget);
    } catch (error) {
      // The log no longer has all that the client missed: it is sent the documents whole.
      if (!isAnabranchError(error, 'record_damaged') || updates.isLive) throw error;
      this.#parts.logger.error('session.resync', { cause: error.message });
      this.#beginResync();
      return true;
    }
    if (taken === undefined && !this.#mustTell) return false;
    this.#mustTell = false;
    const { ops, version } = taken ?? { ops: [], version: updates.version };
    const told = version.since(this.#told);
    this.#told = version;
    const followed = ops.map(({ opId: { origin, seq }, writes }) => ({ origin, seq, writes }));
    this.socket.send(encodeSessionFrame({ type: 'changes', ops: followed, told }));
    return true;
  }

  async #sendState(document: DocumentId, subscription: Subscription, isResync: boolean): Promise<void> {
    try {
      subscription.updates.add(document);
      const { state, whenDurable } = subscription.stateOf(document);
      if (state.length > stateBytesMax) throw new AnabranchError('document_too_large', `${state.length} bytes are not sent whole`);
      await whenDurable;
      this.socket.answer(encodeSessionFrame({ type: 'state', document, isResync, state }));
      this.#differing.delete(document);
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      if (!isResync) subscription.updates.remove(document);
      this.#refusals.add(document, error);
    }
  }

  /** Another session of this client has begun. */
  #handOver(): ResumableFollows | undefined {
    const follows = this.#follows();
    this.socket.close('session_superseded' satisfies ErrorCode, 'another session of the client has begun');
    return follows;
  }

  /** Undefined when it was not complete, or was handed over. */
  #follows(): ResumableFollows | undefined {
    if (!this.#isComplete || this.#joined === undefined) return undefined;
    const { subscription, described } = this.#joined;
    const following = subscription.detach();
    return following && { following, agreed: described.agreed, differing: [...this.#differing], serial: this.#serial };
  }

  #closed(): void {
    this.#isClosed = true;
    this.#presence.close();
    const joined = this.#joined;
    if (joined !== undefined) {
      this.#parts.resumable.end(joined.key, this.#holder, this.#follows(), this.#parts.clock.monotonicMs());
      joined.lane.close();
      joined.news.close();
      joined.subscription.close();
    }
    this.#parts.onClosed();
  }
}
