// A region shows all of a transaction or nothing of it (G7): what transactions move between documents adds up to nothing in
// every sample, which shows all documents in one step, and so do the counters at the end.

import type { RunRecord } from '../history.ts';
import { Findings, type Violation } from './violation.ts';

export function checkAtomicity(record: RunRecord): Violation[] {
  const findings = new Findings('atomicity');
  for (const { region, timeMs, moved } of record.movedSamples ?? []) {
    if (moved.reduce((sum, value) => sum + value, 0) === 0) continue;
    findings.add('a region showed a part of a transaction', { region, timeMs, moved });
  }
  for (const { region, documents } of record.finalDumps) {
    const moved = [...documents].flatMap(([document, { json }]) => {
      return typeof json['moved'] === 'number' ? [[document, json['moved']] as const] : [];
    });
    if (moved.reduce((sum, [, value]) => sum + value, 0) === 0) continue;
    findings.add('a transaction was kept in part', { region, moved });
  }
  return findings.found;
}
