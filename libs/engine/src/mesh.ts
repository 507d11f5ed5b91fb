// All links of a replica, and what is decided over them: who is admitted, when a silent link is given up, what freshness
// each origin has. Which peer an origin is pulled from: origin-pulls.ts.
//
// Invariant 1: one link per peer process. Of two dialled against each other both sides keep the one dialled by the region
//              first by name; of two dialled by the same side, the newer.

import type { Clock, ErrorCode, Hash, Logger, Metrics, Random } from '@anabranch/base';
import { type OriginId, type RegionId, regionOf, VersionVector } from '@anabranch/causality';
import type { AwarenessFrame, DeniedFrame, HelloFrame, OpsFrame, OriginReport, ProbedFrame, RightsFrame } from '@anabranch/protocol';
import { admission } from './admission.ts';
import { collectionsDiffer } from './collections-feature.ts';
import { Flood } from './flood.ts';
import { Freshness } from './freshness.ts';
import { Handshake, type HandshakeIdentity } from './handshake.ts';
import { Holdings } from './holdings.ts';
import type { Intake } from './intake.ts';
import type { LinkConnection, LinkEnd, LinkRole, PeerLinkHandle } from './link-connection.ts';
import { LogRepair } from './log-repair.ts';
import type { OpLog } from './op-log.ts';
import { OriginPulls } from './origin-pulls.ts';
import { originReports, type ReportSources } from './origin-reports.ts';
import { type LinkOwner, type NewsFrame, PeerLink } from './peer-link.ts';
import { Scrub } from './scrub.ts';

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
  /** A region asks for rights to a bounded counter. */
  readonly onRights: (frame: RightsFrame) => void;
  /** A region was heard of in another process than before. */
  readonly onRestarted: (region: RegionId) => void;
  readonly onEstablished: (region: RegionId) => void;
  readonly concerns: MeshListener;
  /** Every region of the mesh that is known. */
  readonly members: () => ReadonlySet<RegionId>;
  readonly onQuarantined: (origin: OriginId) => void;
}

/** Who waits for what is heard over the links. */
export interface MeshListener {
  established(link: PeerLink): void;
  /** A peer told how much there is of each origin. */
  reported(): void;
  /** More may be known of what other regions hold durably. */
  holdingsChanged(): void;
  answered(link: PeerLink, frame: ProbedFrame): void;
}

export class Mesh implements LinkOwner {
  /** How often heads are sent on each link: the heartbeat. */
  static readonly headsMs = 150;
  /** A link that was silent for so long is given up: at most two missed probes of the transport. */
  static readonly silenceMsMax = 3_000;
  /** After so many refusals in a row as a duplicate of itself a region says so: a quick restart earns one or two. */
  static readonly duplicateRefusalsMax = 3;

  readonly freshness = new Freshness();
  readonly holdings: Holdings;
  readonly #parts: MeshParts;
  readonly #links = new Set<PeerLink>();
  readonly #established = new Map<RegionId, PeerLink>();
  readonly #pulls: OriginPulls;
  readonly #repair: LogRepair;
  readonly #scrub: Scrub;
  readonly #lastEnds = new Map<RegionId, LinkEnd>();
  /** How often in a row each region refused ours as its own duplicate. */
  readonly #duplicateRefusals = new Map<RegionId, number>();
  readonly #awareness = new Flood(() => this.#parts.identity().origin);
  readonly #rights = new Flood(() => this.#parts.identity().origin);
  #isStopped = false;

  constructor(parts: MeshParts) {
    this.#parts = parts;
    this.#pulls = new OriginPulls({ ...parts, links: this.#established, knownOrigins: () => this.#knownOrigins() });
    this.#repair = new LogRepair({ ...parts, links: this.#established });
    this.#scrub = new Scrub(parts);
    const { region } = parts.identity();
    const onRestarted = (restarted: RegionId): void => {
      for (const flood of [this.#awareness, this.#rights]) flood.restarted(restarted);
      parts.onRestarted(restarted);
    };
    const onNews = (): void => parts.concerns.holdingsChanged();
    this.holdings = new Holdings({ ...parts, region, links: this.#established, onNews, onRestarted });
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

  /** Origins with two different ops under one seq. */
  get quarantined(): ReadonlySet<OriginId> {
    return this.#pulls.quarantined;
  }

  upstreamOf(origin: OriginId): RegionId | undefined {
    return this.#pulls.upstreamOf(origin);
  }

  /** The origin each region writes under now, as far as its peers have told. */
  newestOrigins(): ReadonlyMap<RegionId, OriginId> {
    const newest = new Map<RegionId, OriginId>();
    for (const origin of this.freshness.origins()) {
      const known = newest.get(regionOf(origin));
      if (known === undefined || this.freshness.isLater(origin, known)) newest.set(regionOf(origin), origin);
    }
    for (const { hello } of this.#established.values()) if (hello !== undefined) newest.set(hello.region, hello.origin);
    const { region, origin } = this.#parts.identity();
    return newest.set(region, origin);
  }

  /**
   * Whether a region was heard of lately: over a link of its own or of a peer, or by what others know of it. That a peer lacks something
   * that the region wrote, and can say of nothing that it is complete, does not mean that the region is not there.
   */
  isHeard(region: RegionId): boolean {
    if (this.#established.has(region) || this.holdings.isLinkedElsewhere(region)) return true;
    const origin = this.newestOrigins().get(region);
    return origin !== undefined && this.#isFresh(origin);
  }

  /** Whether its region is known to write under another origin by now; while nothing is heard of that one, it may be the older of the two. */
  isSuperseded(origin: OriginId): boolean {
    const newest = this.newestOrigins().get(regionOf(origin));
    if (newest === undefined || newest === origin) return false;
    return this.#established.has(regionOf(origin)) || this.#isFresh(newest);
  }

  /** Every origin but our own that anyone has told of. */
  foreignOrigins(): OriginId[] {
    const own = this.#parts.identity().origin;
    return [...this.#knownOrigins()].filter((origin) => origin !== own);
  }

  /** Whether ops of a foreign origin may exist, now or later, that are not durable here. */
  mayLackOps(origin: OriginId): boolean {
    const { region } = this.#parts.identity();
    const isToldOf = regionOf(origin) === region || this.freshness.completeMs(origin) !== undefined;
    if (!isToldOf || this.newestOrigins().get(regionOf(origin)) === origin) return true;
    return this.isMissing(origin);
  }

  /** Whether ops are missing here that somebody told of; none when every other region is linked and says that it has no more. */
  isMissing(origin: OriginId): boolean {
    const { identity, log, members } = this.#parts;
    const held = log.durableHead(origin);
    if (this.freshness.missing(origin, held).ops === 0) return false;
    return [...members()].some((region) => {
      const reports = this.#established.get(region)?.reports;
      const hasTold = reports !== undefined && reports.size > 0;
      return region !== identity().region && !(hasTold && (reports.get(origin)?.seq ?? 0) <= held.seq);
    });
  }

  /** What peers hold of our own region's logs and we do not; what all of them have lost too comes back from nobody. */
  lostTail(): VersionVector {
    const { region } = this.#parts.identity();
    const ends: Array<[OriginId, number]> = [];
    for (const origin of this.freshness.origins()) {
      const isLost = regionOf(origin) === region && this.freshness.isLacking(origin, this.#parts.log.durableHead(origin).seq);
      if (isLost) ends.push([origin, this.freshness.toldSeq(origin)]);
    }
    return VersionVector.of(ends);
  }

  flood(frame: AwarenessFrame | RightsFrame, except?: PeerLink): void {
    for (const link of this.#established.values()) if (link !== except) link.sendFlooded(frame);
  }

  /** Our origin has changed: peers learn of it by the hello of a new link. */
  renewed(): void {
    for (const link of [...this.#links]) link.end('not_ready', 'the region continues under a new epoch');
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#repair.stop();
    this.#scrub.stop();
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
      link.end(decision.refuse, refusalReason(decision.refuse, hello.region));
      return;
    }
    // A restarted region asks what its peers hold of its log: what is not in the log yet must not come back later.
    this.#pulls.dropHeldOf(hello.region);
    const replaced = this.#established.get(hello.region);
    this.#established.set(hello.region, link);
    // Known from here on, whatever becomes of the link.
    this.freshness.report({ origin: hello.origin, seq: 0, oldestSeq: 1, logBytes: 0 }, 0);
    this.holdings.begin(link);
    this.#pulls.begin(link);
    replaced?.end('link_duplicate', 'a newer link takes its place');
    this.#parts.logger.info('link.established', { peer: hello.region, origin: hello.origin, role: link.role });
    if (collectionsDiffer(this.#parts.identity().features, hello.features)) {
      this.#parts.logger.error('collections.differ', { peer: hello.region });
    }
    this.#parts.onEstablished(hello.region);
    this.#parts.concerns.established(link);
    this.#beginReports(link);
    this.#pulls.evaluate();
  }

  receiveHeads(link: PeerLink, reports: readonly OriginReport[]): void {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const report of reports) {
      // Nothing is complete beyond our own now, whatever the peer's clock shows or how wrong its measured offset still is;
      // and before it is measured, the peer's times say nothing.
      const whenMs = report.completeMs === 0 ? undefined : link.whenMs(report.completeMs);
      const completeMs = whenMs === undefined ? undefined : Math.min(whenMs, nowMs);
      this.freshness.report(report, this.#parts.log.durableHead(report.origin).seq, { completeMs, by: link.peerRegion });
    }
    if (link.peerRegion !== undefined) this.#parts.onReports(link.peerRegion, reports);
    this.#parts.concerns.reported();
    for (const { origin, seq } of reports) if (this.freshness.knows(origin)) this.#pulls.reported(origin, seq);
  }

  receiveOps(link: PeerLink, frame: OpsFrame): void {
    this.#pulls.receiveOps(link, frame);
  }

  receiveDenied(link: PeerLink, frame: DeniedFrame): void {
    this.#pulls.receiveDenied(link, frame);
  }

  /** Which log is the right one only the origin's region can say; when that is ours, ours went back in time and on. */
  contradicted(link: PeerLink, origin: OriginId): void {
    if (regionOf(origin) !== this.#parts.identity().region) return;
    this.#pulls.quarantine(origin, link, 'the peer holds another log under a name of this region');
  }

  receiveAwareness(link: PeerLink, frame: AwarenessFrame): void {
    if (!this.#awareness.take(frame)) return;
    this.flood(frame, link);
    this.#parts.onAwareness(frame);
  }

  receiveRights(link: PeerLink, frame: RightsFrame): void {
    if (!this.#rights.take(frame)) return;
    this.flood(frame, link);
    this.#parts.onRights(frame);
  }

  /** What a peer has made durable it can send: sooner known than by its next heads. */
  acknowledged(link: PeerLink, news: VersionVector): void {
    const own = this.#parts.identity().origin;
    if (link.peerRegion === undefined || this.#established.get(link.peerRegion) !== link) return;
    this.holdings.acknowledged(link);
    const known = this.#knownOrigins();
    for (const [origin, seq] of news.entries()) {
      if (origin !== own && known.has(origin) && seq > this.#parts.intake.cursor(origin).seq) this.#pulls.evaluateOrigin(origin);
    }
  }

  receiveNews(link: PeerLink, frame: NewsFrame): void {
    if (frame.type === 'probe') link.send({ type: 'probed', id: frame.id, durable: this.#parts.log.durableVector.entries() });
    else if (link.peerRegion === undefined || this.#established.get(link.peerRegion) !== link) return;
    else if (frame.type === 'fetch') this.#repair.serve(link, frame);
    else if (frame.type === 'fetched') this.#repair.take(link, frame);
    else if (frame.type === 'holdings') this.holdings.receive(link, frame);
    else this.#parts.concerns.answered(link, frame);
  }

  ended(link: PeerLink, end: LinkEnd): void {
    this.#links.delete(link);
    this.holdings.end(link);
    this.#pulls.end(link);
    const region = link.peerRegion;
    if (region === undefined || this.#established.get(region) !== link) return;
    this.#established.delete(region);
    this.#lastEnds.set(region, end);
    this.#parts.logger.info('link.ended', { peer: region, code: end.code, reason: end.reason });
    this.#countRefusal(region, end);
    if (!this.#isStopped) this.#pulls.evaluate();
  }

  /** A link in use is not ended so from this side: who checks the proof last refuses, and this side had taken it for established. */
  #countRefusal(peer: RegionId, { code }: LinkEnd): void {
    const refusals = code === 'region_duplicate' ? (this.#duplicateRefusals.get(peer) ?? 0) + 1 : 0;
    this.#duplicateRefusals.set(peer, refusals);
    if (refusals === 0 || refusals % Mesh.duplicateRefusalsMax !== 0) return;
    const advice = 'another process runs under the name of this region, perhaps on a copy of its data folder: stop one of the two';
    this.#parts.logger.error('region.duplicated', { peer, refusals, advice });
  }

  /** What the peer's region wrote before, and is on its way to the disk here, is reported too: then the peer knows all of it. */
  #beginReports(link: PeerLink): void {
    const { log } = this.#parts;
    const report = (): void => {
      link.isReporting = true;
      link.sendHeads(originReports(this.#reportSources()));
    };
    if (log.position === log.durablePosition) report();
    else log.whenDurable(log.position).then(report, () => {});
  }

  #isFresh(origin: OriginId): boolean {
    const completeMs = this.freshness.completeMs(origin);
    return completeMs !== undefined && this.#parts.clock.monotonicMs() - completeMs < Mesh.silenceMsMax;
  }

  #knownOrigins(): Set<OriginId> {
    const origins = new Set<OriginId>(this.freshness.origins());
    for (const link of this.#established.values()) {
      if (link.hello !== undefined) origins.add(link.hello.origin);
    }
    return origins;
  }

  /** Until a region is heard again, its log may be complete up to the last op held, by the clock of who wrote it. */
  #recall(): void {
    const { clock, log } = this.#parts;
    const [nowMs, wallMs] = [clock.monotonicMs(), clock.wallMs()];
    for (const [origin, head] of log.durableHeads()) {
      if (regionOf(origin) === this.#parts.identity().region) continue;
      this.freshness.recall({ origin, ...head }, nowMs - (wallMs - head.hlc.ms));
    }
  }

  #reportSources(): ReportSources {
    const { log, clock } = this.#parts;
    return { ...this.#parts.identity(), log, freshness: this.freshness, nowMs: clock.monotonicMs(), wallMs: clock.wallMs() };
  }

  #beat(): void {
    if (this.#isStopped) return;
    const nowMs = this.#parts.clock.monotonicMs();
    for (const link of [...this.#established.values()]) {
      if (nowMs - link.lastHeardMs > Mesh.silenceMsMax) link.end('link_silent', 'nothing was heard for too long');
    }
    const reports = originReports(this.#reportSources());
    for (const link of this.#established.values()) link.sendHeads(reports);
    this.holdings.spread();
    this.#pulls.evaluate();
    this.#parts.clock.setTimer(Mesh.headsMs, () => this.#beat());
  }
}

/** Why a peer is not admitted, for its status. */
function refusalReason(code: ErrorCode, region: RegionId): string {
  if (code === 'link_duplicate') return `region ${region} is linked already`;
  return `another process is linked here under the name ${region}; stop one of the two`;
}
