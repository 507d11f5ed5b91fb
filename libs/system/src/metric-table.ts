// Every metric of a region, with its meaning. Names are in base units; counters end in _total; labels are few and never
// name a document. A name that is not here is a programmer error: dashboards and alerts are written against this table.

interface CounterSpec {
  readonly type: 'counter';
  readonly help: string;
  readonly labels: readonly string[];
}

interface HistogramSpec {
  readonly type: 'histogram';
  readonly help: string;
  readonly labels: readonly string[];
  readonly buckets: readonly number[];
}

interface GaugeSpec {
  readonly type: 'gauge';
  readonly help: string;
  readonly labels: readonly string[];
}

export type MetricSpec = CounterSpec | HistogramSpec | GaugeSpec;

const counter = (help: string, ...labels: string[]): CounterSpec => ({ type: 'counter', help, labels });
const gauge = (help: string, ...labels: string[]): GaugeSpec => ({ type: 'gauge', help, labels });
const histogram = (help: string, buckets: readonly number[], ...labels: string[]): HistogramSpec => ({
  type: 'histogram',
  help,
  buckets,
  labels,
});

const secondsBuckets = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

export const metricTable: Readonly<Record<string, MetricSpec>> = {
  // The HTTP doors
  anabranch_http_request_duration_seconds: histogram(
    'Time from the request head to the last byte of the answer.',
    secondsBuckets,
    'route',
    'method',
    'status',
  ),
  anabranch_http_refusals_total: counter('Answers with an error, by code.', 'code'),
  anabranch_http_event_streams: gauge('Open server-sent event streams.'),
  anabranch_http_change_feeds: gauge('Change feeds being read.'),
  anabranch_http_requests_in_flight: gauge('Requests being answered.'),
  // Sync sessions
  anabranch_sync_sessions_opened_total: counter('WebSocket sync sessions opened.'),
  anabranch_sync_sessions_closed_total: counter('WebSocket sync sessions closed.'),
  // The replica
  anabranch_ops_accepted_total: counter('Ops written in this region.'),
  anabranch_rights_asked_total: counter('Asks of other regions for rights to bounded counters, for a waiting change or ahead.', 'isUrgent'),
  anabranch_bounds_refused_total: counter('Changes of bounded counters that were refused for want of rights.'),
  anabranch_rights_given_total: counter('Transfers of rights to bounded counters to other regions.', 'to', 'isUrgent'),
  anabranch_ops_received_total: counter('Ops of other regions made durable here.', 'from'),
  anabranch_ops_frames_received_total: counter('Frames of ops received on links, by what was done with them.', 'result'),
  anabranch_commit_to_visible_seconds: histogram(
    'From the stamp of an op in its region to its visibility here, by wall clock.',
    secondsBuckets,
    'from',
  ),
  anabranch_records_repaired_total: counter('Damaged ops of the log that were fetched from a peer and written again.'),
  anabranch_gaps_total: counter('Streams of ops that had to be asked for again because ops were missing.'),
  anabranch_streams_asked_again_total: counter('Streams of ops that had to be asked for again because nothing came of what was announced.'),
  anabranch_upstream_changes_total: counter('Origins that were given another upstream.', 'kind'),
  anabranch_origins_quarantined_total: counter('Origins whose ops were found to contradict themselves.'),
  anabranch_hlc_drift_total: counter('Received stamps too far ahead of the wall clock to follow.'),
  // The replica, read from its status
  anabranch_replica_writable: gauge('1 when the region takes writes.'),
  anabranch_documents_loaded: gauge('Documents held in memory.'),
  anabranch_sessions: gauge('Open document sessions.'),
  anabranch_ops_pending: gauge('Received ops that wait for the ops they depend on.'),
  anabranch_origins_quarantined: gauge('Origins whose ops are no longer merged.'),
  anabranch_origin_seq: gauge('The newest op held of an origin.', 'origin'),
  anabranch_origin_lag_ops: gauge('Ops of an origin that are known to exist and not held.', 'origin'),
  anabranch_origin_lag_bytes: gauge('Bytes of the ops of an origin that are not held.', 'origin'),
  anabranch_origin_lag_seconds: gauge('Age of the knowledge of an origin.', 'origin'),
  anabranch_link_connected: gauge('1 when the link to a peer is established.', 'peer'),
  anabranch_link_round_trip_seconds: gauge('Round trip of the link to a peer.', 'peer'),
  anabranch_link_sent_bytes: gauge('Bytes sent to a peer on the present link.', 'peer'),
  anabranch_link_received_bytes: gauge('Bytes received from a peer on the present link.', 'peer'),
  anabranch_link_unacknowledged_ops: gauge('Ops held here that a peer has not acknowledged as durable.', 'peer'),
};
