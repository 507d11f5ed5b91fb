// What the heads of this replica say of every origin: what is held durably, and up to when that is all there was.
//
// Invariant 1: every origin that anyone told of is named, as far as vectors go, also one without an op: who hears of a region
//              by relay only must know the name it writes under, to take nothing under it from clients.
// Invariant 2: our own region's logs are complete as of now, unless a peer knows a tail of them that we lost.

import { type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import { type OriginReport, vectorOriginsMax } from '@anabranch/protocol';
import type { Freshness } from './freshness.ts';
import type { OpLog } from './op-log.ts';

export interface ReportSources {
  readonly region: RegionId;
  /** The origin that local writes go to. */
  readonly origin: OriginId;
  readonly log: OpLog;
  readonly freshness: Freshness;
  /** Wall time. */
  readonly nowMs: number;
}

/** Our own origin, then those with ops, then those that are known by name; of more than a vector holds the last are left out. */
export function originReports({ region, origin: own, log, freshness, nowMs }: ReportSources): OriginReport[] {
  const origins = new Set<OriginId>([own]);
  for (const [origin] of log.durableHeads()) origins.add(origin);
  for (const origin of freshness.origins()) origins.add(origin);
  const reports: OriginReport[] = [];
  for (const origin of origins) {
    if (reports.length === vectorOriginsMax) break;
    const { seq, oldestSeq, logBytes } = log.durableHead(origin);
    const isOurs = origin === own || (regionOf(origin) === region && freshness.missing(origin, { seq, logBytes }).ops === 0);
    const completeMs = Math.max(0, Math.floor(isOurs ? nowMs : freshness.completeMs(origin)));
    reports.push({ origin, seq, oldestSeq, logBytes, completeMs });
  }
  return reports;
}
