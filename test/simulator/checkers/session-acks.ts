// Updates that a sync session acknowledged are kept (C1), as edits with keys are: each stands in the final log of every region,
// with a write to its document, unless the disk that alone held it went back in time.

import type { RegionDump, RunRecord, SessionAck } from '../history.ts';
import { indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

export function checkSessionAcks(record: RunRecord): Violation[] {
  const findings = new Findings('session-acks');
  const run = indexOf(record);
  for (const ack of record.sessionAcks ?? []) checkAck(run, findings, ack);
  return findings.found;
}

function checkAck(run: RunIndex, findings: Findings, ack: SessionAck): void {
  const lacking = run.record.finalDumps.filter((dump) => !isIn(dump, ack)).map(({ region }) => region);
  const isExcused = run.losses.lostAt(ack.region, ack, ack.timeMs) !== undefined && lacking.length === run.record.finalDumps.length;
  if (lacking.length === 0 || isExcused || run.plantedOrigins.size > 0) return;
  findings.add('an acknowledged update of a session is missing', { ack, lacking });
}

function isIn(dump: RegionDump, { origin, seq, document }: SessionAck): boolean {
  const op = dump.logs?.get(origin)?.[seq - 1];
  return op?.writes.some((write) => write.document === document) ?? false;
}
