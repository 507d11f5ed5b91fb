// From which peer each origin is pulled, between what peers report and the streams that are asked of them.
//
//   reports, links, acks --> evaluate(): for each origin one upstream --> subscribe / unsubscribe
//   ops out of place     --> gap: ask again | overflow, denial: pause | broken chain: quarantine
//   ops that do not come --> another upstream | ask again
//
// Invariant 1: each origin is pulled from at most one peer at a time; ops that arrive from another are taken if they
//              continue the log and ignored if not.
// Invariant 2: a quarantined origin (two different ops under one seq) is neither pulled nor taken any more.

import { type Clock, type Logger, type Metrics, toHex } from '@anabranch/base';
import { type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import type { DeniedFrame, OpsFrame } from '@anabranch/protocol';
import type { HandshakeIdentity } from './handshake.ts';
import type { Intake } from './intake.ts';
import type { OpLog } from './op-log.ts';
import type { PeerLink } from './peer-link.ts';
import { evaluateUpstream, type UpstreamCandidate, type UpstreamState, upstreamStart } from './upstream.ts';

export interface OriginPullsParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly log: OpLog;
  readonly intake: Intake;
  readonly identity: () => HandshakeIdentity;
  readonly onQuarantined: (origin: OriginId) => void;
  /** The established links. */
  readonly links: ReadonlyMap<RegionId, PeerLink>;
  /** Every origin that anyone has told of. */
  readonly knownOrigins: () => ReadonlySet<OriginId>;
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

export class OriginPulls {
  readonly quarantined = new Set<OriginId>();
  readonly #parts: OriginPullsParts;
  readonly #upstreams = new Map<OriginId, UpstreamState>();
  /** What each link is subscribed to. */
  readonly #subscriptions = new Map<PeerLink, Set<OriginId>>();
  readonly #pauses = new Map<OriginId, Pause>();

  constructor(parts: OriginPullsParts) {
    this.#parts = parts;
  }

  upstreamOf(origin: OriginId): RegionId | undefined {
    return this.#upstreams.get(origin)?.upstream;
  }

  /** The link is established: streams may be asked of it. */
  begin(link: PeerLink): void {
    this.#subscriptions.set(link, new Set());
  }

  end(link: PeerLink): void {
    this.#subscriptions.delete(link);
  }

  /** Forgets what is held of a region's logs and not in ours yet. */
  dropHeldOf(region: RegionId): void {
    for (const origin of this.#parts.knownOrigins()) {
      // A stream that had come further than the cursor is now would never fill the gap: it is asked for again.
      if (regionOf(origin) === region && this.#parts.intake.drop(origin)) this.#unsubscribe(origin);
    }
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
        return this.quarantine(frame.origin, link, 'the hash chain does not continue ours');
      case 'overflow':
        return this.#pause(link, frame.origin, 'too much waits for its dependencies');
    }
  }

  receiveDenied(link: PeerLink, frame: DeniedFrame): void {
    // Only who was asked can deny: a stray denial says nothing about the origin.
    if (!this.#subscriptions.get(link)?.delete(frame.origin)) return;
    if (frame.reason === 'equivocation') this.quarantine(frame.origin, link, 'the peer holds another log under this name');
    else this.#pause(link, frame.origin, frame.reason);
  }

  /** Decides the upstream of every origin anyone has reported, and asks for what changed. */
  evaluate(): void {
    for (const origin of this.#parts.knownOrigins()) this.evaluateOrigin(origin);
  }

  /** A peer has reported so much of an origin: what is news is followed at once, the rest is evaluated with the next heartbeat. */
  reported(origin: OriginId, seq: number): void {
    const isPulled = this.#upstreams.get(origin)?.upstream !== undefined;
    if (!isPulled || seq > this.#parts.intake.cursor(origin).seq) this.evaluateOrigin(origin);
  }

  /** Our own origin is pulled from nobody. */
  evaluateOrigin(origin: OriginId): void {
    if (origin === this.#parts.identity().origin) return;
    const nowMs = this.#parts.clock.monotonicMs();
    if (this.quarantined.has(origin) || (this.#pauses.get(origin)?.untilMs ?? 0) > nowMs) return;
    const before = this.#upstreams.get(origin) ?? upstreamStart;
    const after = evaluateUpstream(before, this.#candidates(origin), this.#parts.intake.cursor(origin).seq, nowMs);
    this.#upstreams.set(origin, after);
    if (after.asked !== undefined && after.asked !== before.asked) this.#askAgain(origin, after.upstream);
    this.#follow(origin, after.upstream, before.upstream);
  }

  quarantine(origin: OriginId, link: PeerLink, reason: string): void {
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

  #follow(origin: OriginId, upstream: RegionId | undefined, before: RegionId | undefined): void {
    for (const [region, link] of this.#parts.links) {
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
    for (const [region, link] of this.#parts.links) {
      const isDirect = region === regionOf(origin);
      const report = link.reports.get(origin);
      const seq = Math.max(report?.seq ?? 0, link.acknowledged.get(origin));
      if (seq === 0 && !isDirect) continue;
      candidates.push({ region, isDirect, seq, roundTripMs: link.roundTripMs ?? 0 });
    }
    return candidates;
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

  /** What the upstream sent has not come, and no later op shows the gap. */
  #askAgain(origin: OriginId, upstream: RegionId | undefined): void {
    const link = upstream && this.#parts.links.get(upstream);
    if (link === undefined || !this.#subscriptions.get(link)?.delete(origin)) return;
    this.#parts.metrics.count('anabranch_streams_asked_again_total');
    this.#parts.logger.info('stream.asked_again', { origin, peer: upstream });
  }

  #pause(link: PeerLink, origin: OriginId, reason: string): void {
    const { seq } = this.#parts.log.head(origin);
    const last = this.#pauses.get(origin);
    const ms = last?.seq === seq ? Math.min(last.ms * 2, retryMsMax) : retryMs;
    this.#pauses.set(origin, { untilMs: this.#parts.clock.monotonicMs() + ms, ms, seq });
    if (this.#subscriptions.get(link)?.delete(origin)) link.send({ type: 'unsubscribe', origin });
    this.#parts.logger.error('origin.paused', { origin, peer: link.peerRegion, reason });
  }
}
