// What the world reads of a region's GET /v1/status.

import { JsonFields } from './json-fields.ts';

/** Origin to the highest seq with everything below it. */
export type VersionVectorView = Readonly<Record<string, number>>;

/** How far the region is behind one origin. */
export interface OriginLag {
  readonly origin: string;
  readonly ops: number;
  readonly bytes: number;
  readonly ms: number;
  /** The region it is pulled from; null when nobody reachable has more. */
  readonly upstream: string | null;
}

export interface PeerStatus {
  readonly region: string;
  readonly linkState: string;
  readonly roundTripMs: number | null;
  /** Ops that the peer has not acknowledged as durable. */
  readonly unacknowledgedOps: number;
}

export interface RegionStatus {
  readonly region: string;
  /** `region.epoch` */
  readonly origin: string;
  readonly isWritable: boolean;
  readonly versionVector: VersionVectorView;
  readonly lag: readonly OriginLag[];
  readonly peers: readonly PeerStatus[];
}

/** Equal vectors: the same ops. */
export function sameVersion(x: VersionVectorView, y: VersionVectorView): boolean {
  const origins = new Set([...Object.keys(x), ...Object.keys(y)]);
  return [...origins].every((origin) => (x[origin] ?? 0) === (y[origin] ?? 0));
}

/** @throws AnabranchError `internal_error` naming the field that is missing or of another kind. */
export function parseRegionStatus(value: unknown): RegionStatus {
  const status = new JsonFields(value, 'status');
  return {
    region: status.text('region'),
    origin: status.text('origin'),
    isWritable: status.flag('isWritable'),
    versionVector: status.fields('versionVector').numbers(),
    lag: status.list('lag').map((lag) => ({
      origin: lag.text('origin'),
      ops: lag.number('ops'),
      bytes: lag.number('bytes'),
      ms: lag.number('ms'),
      upstream: lag.optional('upstream', () => lag.text('upstream')),
    })),
    peers: status.list('peers').map((peer) => ({
      region: peer.text('region'),
      linkState: peer.text('linkState'),
      roundTripMs: peer.optional('roundTripMs', () => peer.number('roundTripMs')),
      unacknowledgedOps: peer.number('unacknowledgedOps'),
    })),
  };
}
