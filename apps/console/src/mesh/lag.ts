// How far regions are behind each other, seen from above: a region that is cut off cannot know what it misses, but whoever asks
// all of them can.

import type { RegionStatus } from '../api/region-api.ts';

export interface PairLag {
  /** Whose ops are missed. */
  readonly from: string;
  /** Where they are missed. */
  readonly at: string;
  readonly ops: number;
  /** As the region itself says it: the age of what it knows of the other. */
  readonly ms: number;
}

/** An origin is a region and an epoch, with a dot between. */
export function regionOf(origin: string): string {
  return origin.slice(0, origin.lastIndexOf('.'));
}

/** The highest seq of each origin that any region has. */
export function newestSeqs(statuses: readonly RegionStatus[]): ReadonlyMap<string, number> {
  const newest = new Map<string, number>();
  for (const { versionVector } of statuses) {
    for (const [origin, seq] of versionVector) newest.set(origin, Math.max(seq, newest.get(origin) ?? 0));
  }
  return newest;
}

/** Of each ordered pair of regions. */
export function pairLags(statuses: readonly RegionStatus[]): PairLag[] {
  const newest = newestSeqs(statuses);
  return statuses.flatMap((to) =>
    statuses
      .filter(({ region }) => region !== to.region)
      .map(({ region: from }) => {
        let ops = 0;
        for (const [origin, seq] of newest) if (regionOf(origin) === from) ops += seq - (to.versionVector.get(origin) ?? 0);
        const known = to.lag.filter(({ origin }) => regionOf(origin) === from).map(({ ms }) => ms);
        return { from, at: to.region, ops, ms: known.length === 0 ? 0 : Math.max(...known) };
      }),
  );
}
