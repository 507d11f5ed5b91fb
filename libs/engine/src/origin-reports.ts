// What the heads of this replica say of every origin: what is held durably, and up to when that is all there was.
//
// Invariant 1: every origin that anyone told of is named, as far as vectors go, also one without an op: who hears of a region
//              by relay only must know the name it writes under, to take nothing under it from clients.
// Invariant 2: what we write to is complete as of now. The logs of our ended epochs are as complete as peers have told: nothing
//              says better which of a region's origins is the newest, in regions that hear of it by relay only.
// Invariant 3: of another region no origin is said to be complete beyond one of which we lack ops: who hears of the region by us
//              only knows how much we hold, not how much there is, and would take the region for complete. What is complete beyond is
//              told by name only: with that moment for its own it would look older than the epoch before it.

import { type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import { type OriginReport, vectorOriginsMax } from '@anabranch/protocol';
import type { Freshness } from './freshness.ts';
import type { OpLog } from './op-log.ts';

export interface ReportSources {
  /** The origin that local writes go to. */
  readonly origin: OriginId;
  readonly log: OpLog;
  readonly freshness: Freshness;
  /** By the monotonic clock. */
  readonly nowMs: number;
  /** By the wall clock, at the same moment. */
  readonly wallMs: number;
}

/** Our own origin, then those with ops, then those that are known by name; of more than a vector holds the last are left out. */
export function originReports({ origin: own, log, freshness, nowMs, wallMs }: ReportSources): OriginReport[] {
  const origins = new Set<OriginId>([own]);
  for (const [origin] of log.durableHeads()) origins.add(origin);
  for (const origin of freshness.origins()) origins.add(origin);
  const reports: OriginReport[] = [];
  const boundsMs = completenessBounds(log, freshness);
  for (const origin of origins) {
    if (reports.length === vectorOriginsMax) break;
    const { seq, oldestSeq, logBytes } = log.durableHead(origin);
    const completeMs = origin === own ? nowMs : withinBound(freshness.completeMs(origin), boundsMs.get(regionOf(origin)));
    const completeWallMs = completeMs === undefined ? 0 : Math.max(0, Math.floor(wallMs - (nowMs - completeMs)));
    reports.push({ origin, seq, oldestSeq, logBytes, completeMs: completeWallMs });
  }
  return reports;
}

const never = Number.NEGATIVE_INFINITY;

/** Up to when regions are complete of which somebody has ops that are not here. */
function completenessBounds(log: OpLog, freshness: Freshness): ReadonlyMap<RegionId, number> {
  const bounds = new Map<RegionId, number>();
  for (const origin of freshness.origins()) {
    if (!freshness.isLacking(origin, log.durableHead(origin).seq)) continue;
    const region = regionOf(origin);
    bounds.set(region, Math.min(bounds.get(region) ?? Number.POSITIVE_INFINITY, freshness.completeMs(origin) ?? never));
  }
  return bounds;
}

function withinBound(completeMs: number | undefined, boundMs = Number.POSITIVE_INFINITY): number | undefined {
  return completeMs !== undefined && completeMs <= boundMs ? completeMs : undefined;
}
