// One end of a link: between a connection and the mesh that decides over all links.
//
//   handshaking --proof checked, admitted by the mesh--> established --close, silence, bad frame--> closed
//
// Frames in change state or go to the mesh; what this end sends of its own accord is heads (the heartbeat), acks and
// credit. Ops are sent by the Shipper.
//
// Invariant 1: before `established` nothing but the handshake is read or sent.
// Invariant 2: a frame that does not decode, or makes no sense now, closes this link and changes nothing else.
// Invariant 3: the peer may have at most `windowBytes` of ops unprocessed here, plus one frame.

import { AnabranchError, type Clock, type ErrorCode, isAnabranchError, type Logger, type Timer } from '@anabranch/base';
import { type OriginId, type RegionId, VersionVector } from '@anabranch/causality';
import {
  type AwarenessFrame,
  decodeLinkFrame,
  encodeLinkFrame,
  type FetchedFrame,
  type FetchFrame,
  frameInvalid,
  type HeadsFrame,
  type HelloFrame,
  type HoldingsFrame,
  type LinkFrame,
  type OpsFrame,
  type OriginReport,
  type ProbedFrame,
  type ProbeFrame,
  type RightsFrame,
  vectorOriginsMax,
} from '@anabranch/protocol';
import type { Handshake } from './handshake.ts';
import type { LinkConnection, LinkEnd, LinkRole, PeerLinkHandle } from './link-connection.ts';
import { LinkTiming } from './link-timing.ts';
import type { OpLog } from './op-log.ts';
import { Shipper } from './shipper.ts';

/** What is asked and told beside the streams of ops. */
export type NewsFrame = HoldingsFrame | ProbeFrame | ProbedFrame | FetchFrame | FetchedFrame;

/** What a link tells the mesh; each call may be answered by closing the link. */
export interface LinkOwner {
  /** @throws AnabranchError when the peer is not admitted. */
  admit(link: PeerLink, hello: HelloFrame): void;
  receiveHeads(link: PeerLink, reports: readonly OriginReport[]): void;
  receiveOps(link: PeerLink, frame: OpsFrame): void;
  receiveDenied(link: PeerLink, frame: Extract<LinkFrame, { type: 'denied' }>): void;
  /** The peer holds another log of the origin than we do. */
  contradicted(link: PeerLink, origin: OriginId): void;
  receiveAwareness(link: PeerLink, frame: Extract<LinkFrame, { type: 'awareness' }>): void;
  receiveRights(link: PeerLink, frame: RightsFrame): void;
  acknowledged(link: PeerLink, news: VersionVector): void;
  receiveNews(link: PeerLink, frame: NewsFrame): void;
  ended(link: PeerLink, end: LinkEnd): void;
}

export interface LinkParts {
  readonly connection: LinkConnection;
  readonly role: LinkRole;
  readonly handshake: Handshake;
  readonly owner: LinkOwner;
  readonly log: OpLog;
  readonly clock: Clock;
  readonly logger: Logger;
}

type LinkState =
  | { readonly name: 'handshaking' }
  | { readonly name: 'established'; readonly hello: HelloFrame }
  | { readonly name: 'closed'; readonly hello: HelloFrame | undefined };

export class PeerLink implements PeerLinkHandle {
  /** A peer that has not proven itself by then is closed with `handshake_timeout`. */
  static readonly handshakeMsMax = 5_000;
  /** Bytes of ops the peer may send ahead of our processing. */
  static readonly windowBytes: number = 8 << 20;
  /** Acks within this time share a frame. */
  static readonly acknowledgeMs = 20;
  /** What may get lost is dropped, not queued, on a link with more than this waiting. */
  static readonly floodBufferedBytesMax: number = 256 << 10;

  readonly whenClosed: Promise<LinkEnd>;
  readonly role: LinkRole;
  readonly #parts: LinkParts;
  readonly #shipper: Shipper;
  #state: LinkState = { name: 'handshaking' };
  #resolveClosed: (end: LinkEnd) => void = () => {};
  #end: { code: ErrorCode | 'normal'; reason: string } | undefined;
  #handshakeTimer: Timer | undefined;
  #acknowledgeTimer: Timer | undefined;
  #consumedBytes = 0;
  #unreturnedBytes = 0;
  #acknowledgedToPeer = VersionVector.empty;
  readonly #timing = new LinkTiming();

  lastHeardMs: number;
  bytesSent = 0;
  bytesReceived = 0;
  /** Whether heads may be sent: everything appended before the link was established is durable. */
  isReporting = false;
  /** What the peer reported last, by origin. */
  reports: ReadonlyMap<OriginId, OriginReport> = new Map();
  /** What the peer has made durable. */
  acknowledged: VersionVector = VersionVector.empty;

  constructor(parts: LinkParts) {
    this.#parts = parts;
    this.role = parts.role;
    this.lastHeardMs = parts.clock.monotonicMs();
    this.#shipper = new Shipper({ log: parts.log, clock: parts.clock, outlet: this });
    this.whenClosed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    // Before anything is heard: what arrives is answered, and an answer without the hello it is bound to is refused.
    this.#sendBytes(parts.handshake.start());
    parts.connection.listen({
      receiveFrame: (frame) => this.#receive(frame),
      drained: () => this.#shipper.pump(),
      closed: (code, reason) => this.#closed(code, reason),
    });
    this.#handshakeTimer = parts.clock.setTimer(PeerLink.handshakeMsMax, () => {
      if (this.#state.name === 'handshaking') this.end('handshake_timeout', 'the handshake took too long');
    });
  }

  get isEstablished(): boolean {
    return this.#state.name === 'established';
  }

  /** Who the peer proved to be; undefined before that. */
  get hello(): HelloFrame | undefined {
    return this.#state.name === 'handshaking' ? undefined : this.#state.hello;
  }

  get peerRegion(): RegionId | undefined {
    return this.hello?.region;
  }

  get roundTripMs(): number | undefined {
    return this.#timing.roundTripMs;
  }

  /** The peer's wall clock minus ours. */
  get clockOffsetMs(): number | undefined {
    const { clock } = this.#parts;
    return this.#timing.clockOffsetMs(clock.monotonicMs(), clock.wallMs());
  }

  /** LinkTiming.whenMs */
  whenMs(peerWallMs: number): number | undefined {
    return this.#timing.whenMs(peerWallMs);
  }

  get bufferedBytes(): number {
    return this.#parts.connection.bufferedBytes;
  }

  close(): void {
    this.end('normal', 'this region is stopping');
  }

  /** Closes the link and tells the peer why. */
  end(code: ErrorCode | 'normal', reason: string): void {
    this.#end ??= { code, reason };
    this.#shipper.stop();
    this.#parts.connection.close(code, reason);
  }

  send(frame: LinkFrame): void {
    if (this.isEstablished) this.#sendBytes(encodeLinkFrame(frame));
  }

  sendHeads(origins: readonly OriginReport[]): void {
    // A peer that hears nothing at all would give the link up.
    if (!this.isReporting) return this.send({ type: 'credit', bytes: 0 });
    const nowMs = this.#parts.clock.monotonicMs();
    this.send({
      type: 'heads',
      sentAtMs: Math.floor(nowMs),
      wallMs: Math.max(0, Math.floor(this.#parts.clock.wallMs())),
      ...this.#timing.echo(nowMs),
      origins,
    });
  }

  /** Sends what may get lost, unless the link is busy with what may not. */
  sendFlooded(frame: AwarenessFrame | RightsFrame): void {
    if (this.bufferedBytes < PeerLink.floodBufferedBytesMax) this.send(frame);
  }

  creditExhausted(): void {
    this.#parts.logger.debug('link.credit_exhausted', { peer: this.peerRegion });
  }

  /** Ops became durable here: ship what the peer follows, and acknowledge soon. */
  wake(): void {
    if (!this.isEstablished) return;
    this.#shipper.wake();
    this.#acknowledgeTimer ??= this.#parts.clock.setTimer(PeerLink.acknowledgeMs, () => {
      this.#acknowledgeTimer = undefined;
      this.#acknowledge();
    });
  }

  #receive(bytes: Uint8Array): void {
    if (this.#state.name === 'closed' || this.#end !== undefined) return;
    this.lastHeardMs = this.#parts.clock.monotonicMs();
    this.bytesReceived += bytes.length;
    try {
      if (this.#state.name === 'handshaking') this.#shakeHands(bytes);
      else this.#dispatch(decodeLinkFrame(bytes));
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      this.#parts.logger.error('link.refused', { peer: this.peerRegion, code: error.code, reason: error.message });
      this.end(error.code, error.message);
    }
  }

  #shakeHands(bytes: Uint8Array): void {
    const step = this.#parts.handshake.receive(bytes);
    if (step.reply !== undefined) this.#sendBytes(step.reply);
    if (step.peer === undefined) return;
    this.#handshakeTimer?.cancel();
    this.#state = { name: 'established', hello: step.peer };
    this.#parts.owner.admit(this, step.peer);
    if (this.#end !== undefined) return;
    this.send({ type: 'credit', bytes: PeerLink.windowBytes });
    this.#acknowledge();
  }

  #dispatch(frame: LinkFrame | undefined): void {
    const { owner } = this.#parts;
    switch (frame?.type) {
      case undefined:
        return;
      case 'heads':
        return this.#receiveHeads(frame);
      case 'ops':
        return this.#receiveOps(frame);
      case 'subscribe':
        if (this.#shipper.subscribe(frame) === 'equivocation') owner.contradicted(this, frame.origin);
        return;
      case 'unsubscribe':
        return this.#shipper.unsubscribe(frame.origin);
      case 'credit':
        return this.#shipper.grant(frame.bytes);
      case 'acknowledge':
        return this.#receiveAcknowledge(VersionVector.of(frame.durable));
      case 'denied':
        return owner.receiveDenied(this, frame);
      case 'awareness':
        return owner.receiveAwareness(this, frame);
      case 'rights':
        return owner.receiveRights(this, frame);
      case 'holdings':
      case 'probe':
      case 'probed':
      case 'fetch':
      case 'fetched':
        return owner.receiveNews(this, frame);
      case 'hello':
      case 'proof':
        throw frameInvalid('the handshake is over');
    }
  }

  #receiveHeads(frame: HeadsFrame): void {
    const { clock, owner } = this.#parts;
    this.#timing.hear(frame, clock.monotonicMs());
    this.reports = new Map(frame.origins.map((report) => [report.origin, report]));
    owner.receiveHeads(this, frame.origins);
  }

  #receiveAcknowledge(news: VersionVector): void {
    this.acknowledged = this.acknowledged.merge(news);
    if (this.acknowledged.size > vectorOriginsMax) throw frameInvalid('it acknowledges too many origins');
    this.#parts.owner.acknowledged(this, news);
  }

  #receiveOps(frame: OpsFrame): void {
    let bytes = 0;
    for (const op of frame.ops) bytes += op.length;
    this.#unreturnedBytes += bytes;
    // The peer may pass its credit by the one frame it had begun (Invariant 3).
    if (this.#unreturnedBytes - bytes > PeerLink.windowBytes) {
      throw new AnabranchError('credit_exceeded', 'the peer sent more than it was granted');
    }
    this.#parts.owner.receiveOps(this, frame);
    this.#returnCreditWhenDurable(bytes);
  }

  /** Credit comes back when the ops are on disk, so a peer is never faster than our disk for longer than the window. */
  #returnCreditWhenDurable(bytes: number): void {
    const { log } = this.#parts;
    const giveBack = (): void => {
      this.#consumedBytes += bytes;
      if (this.#consumedBytes < PeerLink.windowBytes / 8) return;
      this.send({ type: 'credit', bytes: this.#consumedBytes });
      this.#unreturnedBytes -= this.#consumedBytes;
      this.#consumedBytes = 0;
    };
    log.whenDurable(log.position).then(giveBack, () => {});
  }

  #acknowledge(): void {
    const durable = this.#parts.log.durableVector;
    const news = durable.since(this.#acknowledgedToPeer);
    if (news.length === 0) return;
    this.#acknowledgedToPeer = durable;
    this.send({ type: 'acknowledge', durable: news });
  }

  #sendBytes(bytes: Uint8Array): void {
    this.bytesSent += bytes.length;
    this.#parts.connection.send(bytes);
  }

  #closed(code: LinkEnd['code'], reason: string): void {
    if (this.#state.name === 'closed') return;
    const wasEstablished = this.#state.name === 'established';
    this.#state = { name: 'closed', hello: this.hello };
    this.#shipper.stop();
    this.#handshakeTimer?.cancel();
    this.#acknowledgeTimer?.cancel();
    const end: LinkEnd = { ...(this.#end ?? { code, reason }), wasEstablished };
    this.#parts.owner.ended(this, end);
    this.#resolveClosed(end);
  }
}
