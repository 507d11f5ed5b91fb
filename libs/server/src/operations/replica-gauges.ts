import type { ReplicaStatus } from '@anabranch/engine';

/** One present value for a metrics registry. */
export interface GaugeSample {
  readonly name: string;
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The gauges of a replica: lag by origin, links by peer, and what it holds. */
export function replicaGauges(status: ReplicaStatus): GaugeSample[] {
  const samples: GaugeSample[] = [
    { name: 'anabranch_replica_writable', value: status.isWritable ? 1 : 0 },
    { name: 'anabranch_documents_loaded', value: status.documentsLoaded },
    { name: 'anabranch_sessions', value: status.sessions },
    { name: 'anabranch_ops_pending', value: status.opsPending },
    { name: 'anabranch_origins_quarantined', value: status.quarantinedOrigins.length },
  ];
  for (const { origin, seq } of status.heads) samples.push({ name: 'anabranch_origin_seq', value: seq, labels: { origin } });
  for (const { origin, ops, bytes, ms } of status.lag) {
    const labels = { origin };
    samples.push(
      { name: 'anabranch_origin_lag_ops', value: ops, labels },
      { name: 'anabranch_origin_lag_bytes', value: bytes, labels },
      { name: 'anabranch_origin_lag_seconds', value: ms / 1000, labels },
    );
  }
  for (const peer of status.peers) {
    const labels = { peer: peer.region };
    samples.push(
      { name: 'anabranch_link_connected', value: peer.linkState === 'connected' ? 1 : 0, labels },
      { name: 'anabranch_link_sent_bytes', value: peer.bytesSent, labels },
      { name: 'anabranch_link_received_bytes', value: peer.bytesReceived, labels },
      { name: 'anabranch_link_unacknowledged_ops', value: peer.unacknowledgedOps, labels },
    );
    if (peer.roundTripMs !== undefined) {
      samples.push({ name: 'anabranch_link_round_trip_seconds', value: peer.roundTripMs / 1000, labels });
    }
  }
  return samples;
}
