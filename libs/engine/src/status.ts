// The region's status, as the status door shows it: assembled on request from what log and mesh hold anyway.

import { type Clock, compareStrings, toHex } from '@anabranch/base';
import { type Hlc, type RegionId, regionOf, VersionVector } from '@anabranch/causality';
import type { EpochState } from './epoch-guard.ts';
import type { Mesh } from './mesh.ts';
import type { OpLog } from './op-log.ts';
import type { OriginLag, PeerStatus, ReplicaStatus } from './replica-door.ts';
import type { ReplicaIdentity } from './replica-store.ts';

export interface StatusParts {
  readonly identity: ReplicaIdentity;
  readonly isStopping: boolean;
  readonly epochState: EpochState;
  readonly peers: readonly RegionId[];
  readonly log: OpLog;
  readonly mesh: Mesh;
  readonly clock: Clock;
  readonly hlc: Hlc;
  readonly documentsLoaded: number;
  readonly sessions: number;
}

export function statusOf(parts: StatusParts): ReplicaStatus {
  const { identity, log, mesh } = parts;
  const heads = [...log.durableHeads()]
    .sort(([a], [b]) => compareStrings(a, b))
    .map(([origin, head]) => ({ origin, seq: head.seq, oldestSeq: head.oldestSeq, chainHash: toHex(head.chainHash) }));
  const regions = new Set([...parts.peers, ...mesh.links().keys(), ...mesh.lastEnds().keys()]);
  return {
    region: identity.region,
    origin: identity.origin,
    isWritable: parts.epochState === 'writable' && !parts.isStopping,
    notWritableReason: notWritableReason(parts),
    version: log.durableVector,
    hlc: parts.hlc,
    heads,
    lag: lagOf(parts),
    peers: [...regions].sort(compareStrings).map((region) => peerStatus(parts, region)),
    quarantinedOrigins: [...mesh.quarantined].sort(compareStrings),
    documentsLoaded: parts.documentsLoaded,
    sessions: parts.sessions,
    opsPending: log.pendingOps,
  };
}

function notWritableReason(parts: StatusParts): string | undefined {
  if (parts.isStopping) return 'stopping';
  if (parts.epochState === 'fenced') return 'peers hold another log under a name of this region';
  if (parts.epochState === 'checking') return 'waiting for peers to confirm the newest own op';
  return parts.epochState === 'renewing' ? 'taking a new epoch' : undefined;
}

/** Lag behind every foreign origin; in ms only for the newest epoch of a region, since older ones write no more. */
function lagOf({ identity, log, mesh, clock }: StatusParts): OriginLag[] {
  const newest = mesh.newestOrigins();
  const nowMs = clock.monotonicMs();
  return [...mesh.freshness.origins()]
    .filter((origin) => origin !== identity.origin)
    .sort(compareStrings)
    .map((origin) => {
      const missing = mesh.freshness.missing(origin, log.durableHead(origin));
      const completeMs = mesh.freshness.guessedMs(origin);
      const isMeasured = newest.get(regionOf(origin)) === origin || missing.ops > 0;
      const ms = isMeasured && completeMs !== undefined ? Math.max(0, Math.round(nowMs - completeMs)) : 0;
      return { origin, ...missing, ms, upstream: mesh.upstreamOf(origin) };
    });
}

function peerStatus({ log, mesh, clock }: StatusParts, region: RegionId): PeerStatus {
  const link = mesh.links().get(region);
  const acknowledged = link?.acknowledged ?? VersionVector.empty;
  let unacknowledgedOps = 0;
  for (const [origin, seq] of log.durableVector.entries()) {
    unacknowledgedOps += Math.max(0, seq - acknowledged.get(origin));
  }
  const end = mesh.lastEnds().get(region);
  return {
    region,
    origin: link?.hello?.origin,
    linkState: link === undefined ? 'down' : 'connected',
    role: link?.role,
    roundTripMs: link?.roundTripMs,
    clockOffsetMs: link?.clockOffsetMs,
    lastHeardMs: link && Math.max(0, clock.monotonicMs() - link.lastHeardMs),
    bytesSent: link?.bytesSent ?? 0,
    bytesReceived: link?.bytesReceived ?? 0,
    acknowledged,
    unacknowledgedOps,
    lastError: end === undefined || link !== undefined ? undefined : `${end.code}: ${end.reason}`,
  };
}
