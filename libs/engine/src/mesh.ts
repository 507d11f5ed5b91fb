// All links of a replica, and what is decided over them: who is admitted, which peer each origin is pulled from, when a
// silent link is given up, what freshness each origin has.
//
//   link events --> state here --> evaluate(): for each origin one upstream --> subscribe / unsubscribe
//
// Invariant 1: each origin is pulled from at most one peer at a time; ops that arrive from another are taken if they
//              continue the log and ignored if not.
// Invariant 2: one link per peer process. Of two dialled against each other both sides keep the one dialled by the region
//              first by name; of two dialled by the same side, the newer.
// Invariant 3: a quarantined origin (two different ops under one seq) is neither pulled nor taken any more.

import { type Clock, type Hash, type Logger, type Metrics, type Random, toHex } from '@anabranch/base';
import { type OriginId, type RegionId, regionOf, VersionVector } from '@anabranch/causality';
import {
  type AwarenessFrame,
  type DeniedFrame,
  type HelloFrame,
  type OpsFrame,
  type OriginReport,
  vectorOriginsMax,
} from '@anabranch/protocol';
import { admission } from './admission.ts';
import { collectionsDiffer } from './collections-feature.ts';
import { Freshness } from './freshness.ts';
import { Handshake, type HandshakeIdentity } from './handshake.ts';
import type { Intake } from './intake.ts';
import type { LinkConnection, LinkEnd, LinkRole, PeerLinkHandle } from './link-connection.ts';
import type { OpLog } from './op-log.ts';
import { originReports, type ReportSources } from './origin-reports.ts';
import { type LinkOwner, PeerLink } from './peer-link.ts';
import { evaluateUpstream, type UpstreamCandidate, type UpstreamState, upstreamStart } from './upstream.ts';

export interface MeshParts {
  readonly clock: Clock;
  readonly random: Random;
  readonly hash: Hash;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly log: OpLog;
  readonly intake: Intake;
  readonly meshKey: Uint8Array;
  readonly identity: () => HandshakeIdentity;
  /** A peer reported how much it knows of an origin. */
  readonly onReports: (region: RegionId, reports: readonly OriginReport[]) => void;
  readonly onAwareness: (frame: AwarenessFrame) => void;
  readonly onEstablished: (region: RegionId) => void;
  readonly onQuarantined: (origin: OriginId) => void;
}

/** After a denial or an overflow an origin is not asked for before this time; twice as long each time nothing has come since. */
const retryMs = 1_000;
const retryMsMax = 8_000;

interface Pause {
  readonly untilMs: number;
  readonly ms: number;
  /** What was in the log when it began. */
  readonly seq: number;
}

export class Mesh implements LinkOwner {
  /** How often heads are sent on each link: the heartbeat. */
  static readonly headsMs = 150;
  /** A link that was silent for so long is given up: at most two missed probes of the transport. */
  static readonly silenceMsMax = 3_000;

  readonly freshness = new Freshness();
  readonly quarantined = new Set<OriginId>();
  readonly #parts: MeshParts;
  readonly #links = new Set<PeerLink>();
  readonly #established = new Map<RegionId, PeerLink>();
  readonly #upstreams = new Map<OriginId, UpstreamState>();
  /** What each link is subscribed to. */
  readonly #subscriptions = new Map<PeerLink, Set<OriginId>>();
  readonly #pauses = new Map<OriginId, Pause>();
  readonly #lastEnds = new Map<RegionId, LinkEnd>();
  /** The counter of the newest awareness message taken of each origin. */
  readonly #awarenessSeen = new Map<OriginId, number>();
  #isStopped = false;

  constructor(parts: MeshParts) {
    this.#parts = parts;
    parts.log.onDurable((ops) => {
      for (const { origin, seq } of ops) this.freshness.reach(origin, seq);
      for (const link of this.#established.values()) link.wake();
    });
    this.#recall();
    void parts.log.whenFailed.then(() => this.stop());
    this.#beat();
  }

  attach(connection: LinkConnection, role: LinkRole): PeerLinkHandle {
    const { hash, meshKey, random } = this.#parts;
    const nonce = random.bytes(32);
    const handshake = new Handshake({ hash, meshKey, role, identity: this.#parts.identity(), nonce });
    const link = new PeerLink({ ...this.#parts, connection, role, handshake, owner: this });
    this.#links.add(link);
    if (this.#isStopped) link.close();
    return link;
  }

  /** The established links by peer region. */
  links(): ReadonlyMap<RegionId, PeerLink> {
    return this.#established;
  }

  /** How the newest link to each region that had one ended. */
  lastEnds(): ReadonlyMap<RegionId, LinkEnd> {
    return this.#lastEnds;
  }

  upstreamOf(origin: OriginId): RegionId | undefined {
    return this.#upstreams.get(origin)?.upstream;
  }

  /** The origin each region writes under now, as far as its peers have told. */
  newestOrigins(): ReadonlyMap<RegionId, OriginId> {
    const newest = new Map<RegionId, OriginId>();
    for (const origin of this.freshness.origins()) {
      const known = newest.get(regionOf(origin));
      const isNewer = known === undefined || this.freshness.completeMs(origin) >= this.freshness.completeMs(known);
      if (isNewer) newest.set(regionOf(origin), origin);
    }
    for (const { hello } of this.#established.values()) if (hello !== undefined) newest.set(hello.region, hello.origin);
    const { region, origin } = this.#parts.identity();
    return newest.set(region, origin);
  }

  /** Every origin but our own that anyone has told of. */
  foreignOrigins(): OriginId[] {
    const own = this.#parts.identity().origin;
    return [...this.#knownOrigins()].filter((origin) => origin !== own);
  }

  /** Whether ops of a foreign origin may exist, now or later, that are not durable here. */
  mayLackOps(origin: OriginId): boolean {
    if (this.newestOrigins().get(regionOf(origin)) === origin) return true;
    return this.freshness.missing(origin, this.#parts.log.durableHead(origin)).ops > 0;
  }

  /** What peers hold of our own region's logs and we do not. */
  lostTail(): VersionVector {
    const { region } = this.#parts.identity();
    const ends: Array<[OriginId, number]> = [];
    for (const origin of this.freshness.origins()) {
      const { seq, logBytes } = this.#parts.log.durableHead(origin);
      const { ops } = this.freshness.missing(origin, { seq, logBytes });
      if (ops > 0 && regionOf(origin) === region) ends.push([origin, seq + ops]);
    }
    return VersionVector.of(ends);
  }

  relayAwareness(frame: AwarenessFrame, except?: PeerLink): void {
    for (const link of this.#established.values()) if (link !== except) link.sendAwareness(frame);
  }

  /** Our origin has changed: peers learn of it by the hello of a new link. */
  renewed(): void {
    for (const link of [...this.#links]) link.end('not_ready', 'the region continues under a new epoch');
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    const links = [...this.#links];
    for (const link of links) link.close();
    await Promise.all(links.map((link) => link.whenClosed));
  }

  admit(link: PeerLink, hello: HelloFrame): void {
    const decision = admission(this.#parts.identity().region, link, this.#established.get(hello.region));
    if (decision.refuse !== undefined) {
      const { logger } = this.#parts;
      // Two regions that dial each other meet in this way all the time.
      const log = decision.refuse === 'link_duplicate' ? logger.debug : logger.error;
      log.call(logger, 'link.not_admitted', { peer: hello.region, code: decision.refuse });
      link.end(decision.refuse, `region ${hello.region} is linked already`);
      return;
    }
    // A restarted region asks what its peers hold of its log: what is not in the log yet must not come back later.
    for (const origin of this.#knownOrigins()) {
      // A stream that had come further than the cursor is now would never fill the gap: it is asked for again.
      if (regionOf(origin) === hello.region && this.#parts.intake.drop(origin)) this.#unsubscribe(origin);
    }
    const replaced = this.#established.get(hello.region);
    this.#established.set(hello.region, link);
    this.#subscriptions.set(link, new Set());
    replaced?.end('link_duplicate', 'a newer link takes its place');
    this.#parts.logger.info('link.established', { peer: hello.region, origin: hello.origin, role: link.role });
    if (collectionsDiffer(this.#parts.identity().features, hello.features)) {
      this.#parts.logger.error('collections.differ', { peer: hello.region });
    }
    this.#parts.onEstablished(hello.region);
    link.sendHeads(originReports(this.#reportSources()));
    this.evaluate();
  }

  receiveHeads(link: PeerLink, reports: readonly OriginReport[]): void {
    const { clockOffsetMs } = link;
    const nowMs = this.#parts.clock.wallMs();
    for (const report of reports) {
      // Nothing is complete beyond our own now, whatever the peer's clock shows or how wrong its measured offset still is;
      // and before it is measured, the peer's times say nothing.
      const completeMs = clockOffsetMs === undefined ? 0 : Math.min(report.completeMs, nowMs + clockOffsetMs);
      this.freshness.report({ ...report, completeMs }, this.#parts.log.durableHead(report.origin).seq, clockOffsetMs ?? 0);
    }
    if (link.peerRegion !== undefined) this.#parts.onReports(link.peerRegion, reports);
    this.evaluate();
  }

  receiveOps(link: PeerLink, frame: OpsFrame): void {
    if (this.quarantined.has(frame.origin) || this.#parts.log.hasFailed) return;
    if (frame.origin === this.#parts.identity().origin) {
      this.#parts.logger.error('ops.own_origin', { origin: frame.origin, peer: link.peerRegion, firstSeq: frame.firstSeq });
      return;
    }
    const result = this.#parts.intake.receive(frame);
    this.#parts.metrics.count('anabranch_ops_frames_received_total', { result });
    switch (result) {
      case 'taken':
      case 'duplicate':
        return;
      case 'gap':
        return this.#resubscribe(link, frame.origin);
      case 'broken':
        return this.#quarantine(frame.origin, link, 'the hash chain does not continue ours');
      case 'overflow':
        return this.#pause(link, frame.origin, 'too much waits for its dependencies');
    }
  }

  receiveDenied(link: PeerLink, frame: DeniedFrame): void {
    // Only who was asked can deny: a stray denial says nothing about the origin.
    if (!this.#subscriptions.get(link)?.delete(frame.origin)) return;
    if (frame.reason === 'equivocation') this.#quarantine(frame.origin, link, 'the peer holds another log under this name');
    else this.#pause(link, frame.origin, frame.reason);
  }

  /** Which log is the right one only the origin's region can say; when that is ours, ours went back in time and on. */
  contradicted(link: PeerLink, origin: OriginId): void {
    if (regionOf(origin) !== this.#parts.identity().region) return;
    this.#quarantine(origin, link, 'the peer holds another log under a name of this region');
  }

  receiveAwareness(link: PeerLink, frame: AwarenessFrame): void {
    const isNew = this.#takeAwareness(frame);
    if (!isNew) return;
    this.relayAwareness(frame, link);
    this.#parts.onAwareness(frame);
  }

  /** What a peer has made durable it can send: sooner known than by its next heads. */
  acknowledged(link: PeerLink, news: VersionVector): void {
    const own = this.#parts.identity().origin;
    if (!this.#subscriptions.has(link)) return;
    const known = this.#knownOrigins();
    for (const [origin, seq] of news.entries()) {
      if (origin !== own && known.has(origin) && seq > this.#parts.intake.cursor(origin).seq) this.#evaluateOrigin(origin);
    }
  }

  ended(link: PeerLink, end: LinkEnd): void {
    this.#links.delete(link);
    this.#subscriptions.delete(link);
    const region = link.peerRegion;
    if (region === undefined || this.#established.get(region) !== link) return;
    this.#established.delete(region);
    this.#lastEnds.set(region, end);
    this.#parts.logger.info('link.ended', { peer: region, code: end.code, reason: end.reason });
    if (!this.#isStopped) this.evaluate();
  }

  /** Decides the upstream of every origin anyone has reported, and asks for what changed. */
  evaluate(): void {
    const own = this.#parts.identity().origin;
    for (const origin of this.#knownOrigins()) if (origin !== own) this.#evaluateOrigin(origin);
  }

  #evaluateOrigin(origin: OriginId): void {
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.quarantined.has(origin) || (this.#pauses.get(origin)?.untilMs ?? 0) > nowMs) return;
    const before = this.#upstreams.get(origin) ?? upstreamStart;
    const after = evaluateUpstream(before, this.#candidates(origin), this.#parts.intake.cursor(origin).seq, nowMs);
    this.#upstreams.set(origin, after);
    this.#follow(origin, after.upstream, before.upstream);
  }

  #follow(origin: OriginId, upstream: RegionId | undefined, before: RegionId | undefined): void {
    for (const [region, link] of this.#established) {
      const subscribed = this.#subscriptions.get(link);
      if (region !== upstream && subscribed?.delete(origin)) link.send({ type: 'unsubscribe', origin });
      if (region !== upstream || subscribed === undefined || subscribed.has(origin)) continue;
      subscribed.add(origin);
      const { seq, chainHash } = this.#parts.intake.cursor(origin);
      link.send({ type: 'subscribe', origin, afterSeq: seq, chainHash });
      if (upstream !== before) this.#noteUpstream(origin, region, before);
    }
  }

  #noteUpstream(origin: OriginId, region: RegionId, before: RegionId | undefined): void {
    const kind = region === regionOf(origin) ? 'direct' : 'relay';
    this.#parts.metrics.count('anabranch_upstream_changes_total', { kind });
    this.#parts.logger.info('upstream.changed', { origin, upstream: region, before, kind });
  }

  #candidates(origin: OriginId): UpstreamCandidate[] {
    const candidates: UpstreamCandidate[] = [];
    for (const [region, link] of this.#established) {
      const isDirect = region === regionOf(origin);
      const report = link.reports.get(origin);
      const seq = Math.max(report?.seq ?? 0, link.acknowledged.get(origin));
      if (seq === 0 && !isDirect) continue;
      candidates.push({ region, isDirect, seq, roundTripMs: link.roundTripMs ?? 0 });
    }
    return candidates;
  }

  #knownOrigins(): Set<OriginId> {
    const origins = new Set<OriginId>(this.freshness.origins());
    for (const link of this.#established.values()) {
      if (link.hello !== undefined) origins.add(link.hello.origin);
    }
    return origins;
  }

  #unsubscribe(origin: OriginId): void {
    for (const [link, subscribed] of this.#subscriptions) {
      if (subscribed.delete(origin)) link.send({ type: 'unsubscribe', origin });
    }
  }

  #resubscribe(link: PeerLink, origin: OriginId): void {
    const subscribed = this.#subscriptions.get(link);
    if (!subscribed?.delete(origin)) return;
    this.#parts.metrics.count('anabranch_gaps_total');
    this.evaluate();
  }

  #pause(link: PeerLink, origin: OriginId, reason: string): void {
    const { seq } = this.#parts.log.head(origin);
    const last = this.#pauses.get(origin);
    const ms = last?.seq === seq ? Math.min(last.ms * 2, retryMsMax) : retryMs;
    this.#pauses.set(origin, { untilMs: this.#parts.clock.monotonicMs() + ms, ms, seq });
    if (this.#subscriptions.get(link)?.delete(origin)) link.send({ type: 'unsubscribe', origin });
    this.#parts.logger.error('origin.paused', { origin, peer: link.peerRegion, reason });
  }

  #quarantine(origin: OriginId, link: PeerLink, reason: string): void {
    if (this.quarantined.has(origin)) return;
    this.quarantined.add(origin);
    this.#parts.intake.drop(origin);
    this.#upstreams.delete(origin);
    this.#unsubscribe(origin);
    const chainHash = toHex(this.#parts.log.durableHead(origin).chainHash);
    this.#parts.logger.error('origin.quarantined', { origin, peer: link.peerRegion, reason, chainHash });
    this.#parts.metrics.count('anabranch_origins_quarantined_total');
    this.#parts.onQuarantined(origin);
  }

  #takeAwareness(frame: AwarenessFrame): boolean {
    const seen = this.#awarenessSeen.get(frame.origin) ?? 0;
    if (frame.origin === this.#parts.identity().origin || frame.counter <= seen) return false;
    if (seen === 0 && this.#awarenessSeen.size >= vectorOriginsMax) return false;
    this.#awarenessSeen.set(frame.origin, frame.counter);
    return true;
  }

  /** Until a region is heard again, its log is complete up to the last op held, by the clock of who wrote it. */
  #recall(): void {
    const nowMs = this.#parts.clock.wallMs();
    for (const [origin, head] of this.#parts.log.durableHeads()) {
      if (regionOf(origin) === this.#parts.identity().region) continue;
      this.freshness.report({ origin, ...head, completeMs: Math.min(head.hlc.ms, nowMs) }, head.seq, 0);
    }
  }

  #reportSources(): ReportSources {
    return { ...this.#parts.identity(), log: this.#parts.log, freshness: this.freshness, nowMs: this.#parts.clock.wallMs() };
  }

  #beat(): void {
    if (this.#isStopped) return;
    const nowMs = this.#parts.clock.monotonicMs();
    for (const link of [...this.#established.values()]) {
      if (nowMs - link.lastHeardMs > Mesh.silenceMsMax) link.end('link_silent', 'nothing was heard for too long');
    }
    const reports = originReports(this.#reportSources());
    for (const link of this.#established.values()) link.sendHeads(reports);
    this.evaluate();
    this.#parts.clock.setTimer(Mesh.headsMs, () => this.#beat());
  }
}
