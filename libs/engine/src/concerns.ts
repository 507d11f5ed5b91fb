// The concerns of reads and writes over one mesh: who its regions are, and what is heard of them.
//
// Invariant 1: the regions of the mesh are those that this one is configured with, was ever linked with, or has heard of as
//              the author of a log. They become more and never fewer, so a majority here has a region in common with a
//              majority anywhere that knows of at most one region more or fewer.

import type { Clock } from '@anabranch/base';
import { type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import type { ProbedFrame } from '@anabranch/protocol';
import type { Mesh, MeshListener } from './mesh.ts';
import type { OpLog } from './op-log.ts';
import type { PeerLink } from './peer-link.ts';
import { ReadConcerns } from './read-concerns.ts';
import { WriteConcerns } from './write-concerns.ts';

export interface ConcernsParts {
  readonly clock: Clock;
  readonly region: RegionId;
  readonly log: OpLog;
  readonly mesh: () => Mesh;
  /** Configured, or met before. */
  readonly peers: () => Iterable<RegionId>;
}

export class Concerns implements MeshListener {
  readonly writes: WriteConcerns;
  readonly reads: ReadConcerns;
  readonly #parts: ConcernsParts;

  constructor(parts: ConcernsParts) {
    this.#parts = parts;
    const members = (): ReadonlySet<RegionId> => this.members();
    this.writes = new WriteConcerns({ ...parts, members, holdingOf: (region) => parts.mesh().holdings.of(region) });
    this.reads = new ReadConcerns({
      ...{ ...parts, members },
      lagMsOf: (region) => this.#lagMsOf(region),
      links: () => parts.mesh().links(),
    });
    void parts.log.whenFailed.then(() => this.close('the store has failed'));
  }

  /** Ops became durable here. */
  advance(): void {
    this.writes.advance();
    this.reads.advance();
  }

  established(link: PeerLink): void {
    this.reads.established(link);
  }

  reported(): void {
    this.reads.advance();
  }

  holdingsChanged(): void {
    this.writes.advance();
  }

  answered(link: PeerLink, frame: ProbedFrame): void {
    this.reads.answered(link, frame);
  }

  close(reason: string): void {
    this.writes.close();
    this.reads.close(reason);
  }

  /** The other regions that have told that they hold an op. */
  readonly heldBy = (origin: OriginId, seq: number): readonly RegionId[] => {
    const { mesh, region: own } = this.#parts;
    const { holdings } = mesh();
    const links = mesh().links();
    return [...this.members()].filter((region) => {
      if (region === own) return false;
      return holdings.of(region).get(origin) >= seq || (links.get(region)?.reports.get(origin)?.seq ?? 0) >= seq;
    });
  };

  /** Every region of the mesh that is known, this one first (Invariant 1). */
  members(): ReadonlySet<RegionId> {
    const { mesh, peers, region } = this.#parts;
    const others = new Set<RegionId>(peers());
    for (const origin of mesh().foreignOrigins()) others.add(regionOf(origin));
    others.delete(region);
    return new Set([region, ...[...others].sort()]);
  }

  /** Of earlier epochs only what is missing counts: nothing new is written under them. */
  #lagMsOf(region: RegionId): number | undefined {
    const { clock, region: own } = this.#parts;
    const mesh = this.#parts.mesh();
    const newest = mesh.newestOrigins().get(region);
    if (newest === undefined) return undefined;
    const measured = [...mesh.freshness.origins()].filter(
      (origin) => regionOf(origin) === region && origin !== newest && mesh.isMissing(origin),
    );
    if (region !== own) measured.push(newest);
    const lags = measured.map((origin) => {
      const completeMs = mesh.freshness.completeMs(origin);
      return completeMs === undefined ? undefined : Math.max(0, clock.monotonicMs() - completeMs);
    });
    return lags.includes(undefined) ? undefined : Math.max(0, ...lags.map((ms) => ms ?? 0));
  }
}
