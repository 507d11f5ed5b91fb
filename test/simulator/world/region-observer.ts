// What can be known of a replica from outside: its logs and metrics, which are its ports like any other. They go to the
// trace, and rare branches to the count of what happened.

import type { LogFields, Logger, MetricLabels, Metrics } from '@anabranch/base';
import type { Branch, Sometimes } from '../run/sometimes.ts';
import type { Trace } from '../run/trace.ts';

/** Fields that tell an event apart from others of its name; the rest is not for the trace. */
const tellingFields = ['peer', 'code', 'cause', 'origin', 'document', 'upstream', 'kind', 'keySpace', 'seq', 'reason'] as const;

const branchOfEnd: Readonly<Record<string, Branch>> = {
  link_silent: 'link_silent',
  link_duplicate: 'link_duplicate',
  lost: 'link_lost',
  handshake_timeout: 'handshake_timeout',
};

export interface RegionEvents {
  readonly trace: Trace;
  readonly sometimes: Sometimes;
  /** The replica goes on under a new epoch. */
  readonly onEpochRenewed: (region: string, cause: string) => void;
  /** Something was logged that must not happen. */
  readonly onDefect: (message: string) => void;
}

export function observe(region: string, events: RegionEvents): { readonly logger: Logger; readonly metrics: Metrics } {
  const { trace, sometimes } = events;
  const note = (level: string, event: string, fields: LogFields = {}): void => {
    const telling = tellingFields.flatMap((name) => (fields[name] === undefined ? [] : [`${name}=${String(fields[name])}`]));
    trace.note(`${region} ${level} ${event} ${telling.join(' ')}`);
    countEvent(event, fields, events);
    if (event === 'epoch.renewed') events.onEpochRenewed(region, String(fields['cause']));
  };
  return {
    logger: {
      error: (event, fields) => note('error', event, fields),
      info: (event, fields) => note('info', event, fields),
      debug: (event, fields) => countEvent(event, fields ?? {}, events),
    },
    metrics: {
      count: (name, labels) => countMetric(name, labels ?? {}, sometimes),
      observe: () => {},
    },
  };
}

function countEvent(event: string, fields: LogFields, { sometimes, onDefect }: RegionEvents): void {
  const code = String(fields['code']);
  if (event === 'epoch.renewed') {
    sometimes.hit(fields['cause'] === 'rolled_back' ? 'epoch_renewed_rolled_back' : 'epoch_renewed_unconfirmed');
  } else if (event === 'store.record_damaged') {
    sometimes.hit('record_damaged');
  } else if (event === 'link.credit_exhausted') {
    sometimes.hit('credit_exhausted');
  } else if (event === 'upstream.changed') {
    if (fields['kind'] === 'direct' && fields['before'] !== undefined) sometimes.hit('upstream_direct_again');
  } else if (event === 'link.not_admitted') {
    if (code === 'region_duplicate') sometimes.hit('copy_refused');
  } else if (event === 'link.dial_ended' || event === 'link.ended') {
    const branch = branchOfEnd[code];
    if (branch !== undefined) sometimes.hit(branch);
  } else if (event === 'session.failed' || event === 'document.quarantined' || event === 'collections.differ') {
    onDefect(`${event} ${JSON.stringify(fields)}`);
  }
}

function countMetric(name: string, labels: MetricLabels, sometimes: Sometimes): void {
  if (name === 'anabranch_rights_given_total') sometimes.hit(labels['isUrgent'] === 'true' ? 'rights_given' : 'rights_given_ahead');
  else if (name === 'anabranch_records_repaired_total') sometimes.hit('record_repaired');
  else if (name === 'anabranch_gaps_total') sometimes.hit('gap');
  else if (name === 'anabranch_streams_asked_again_total') sometimes.hit('stream_asked_again');
  else if (name === 'anabranch_hlc_drift_total') sometimes.hit('hlc_drift');
  else if (name === 'anabranch_upstream_changes_total' && labels['kind'] === 'relay') sometimes.hit('upstream_relay');
  else if (name === 'anabranch_ops_frames_received_total' && labels['result'] === 'duplicate') sometimes.hit('duplicate_frame');
}
