// What devices were promised of their submissions: told to be done, one took effect once, and in whole; told to be refused, not at
// all; of unknown outcome, once at most. How often it did is read off the documents, not off keys.
//
// Invariant 1: one that was done is excused by the disk of its region, when that went back below it; a second effect, or one of a
//              submission that was refused, when any disk went back after it was asked for first: its region may have forgotten the key.

import { type ErrorCode, errorCodes } from '@anabranch/base';
import { countOf, type DeviceSubmission } from '../device/device-history.ts';
import type { RunRecord } from '../history.ts';
import { regionOf } from './losses.ts';
import { indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

export function checkSubmissions(record: RunRecord): Violation[] {
  const findings = new Findings('submissions');
  const run = indexOf(record);
  if (run.plantedOrigins.size > 0) return [];
  for (const submission of record.deviceSubmissions ?? []) {
    for (const { region, documents } of record.finalDumps) {
      const counts = submission.writes.map(({ document }) => countOf(documents.get(document)?.json, submission.mark));
      const problem = problemOf(run, submission, counts);
      if (problem !== undefined) findings.add(problem, { region, counts, submission });
    }
    if (!isCaused(submission)) findings.add('a sound submission was refused', { submission });
  }
  return findings.found;
}

function problemOf(run: RunIndex, submission: DeviceSubmission, counts: readonly number[]): string | undefined {
  const [least, most] = [Math.min(...counts), Math.max(...counts)];
  if (least !== most) return 'a submission took effect in part';
  const { outcome } = submission;
  if (outcome === 'done' && most === 0) return isLost(run, submission) ? undefined : 'a submission that was done is not there';
  const mayBe = outcome === 'refused' ? 0 : 1;
  if (most <= mayBe || hasSetback(run, submission.timeMs)) return undefined;
  return outcome === 'refused' ? 'a submission that was refused is there' : 'a submission took effect more than once';
}

function isLost({ losses }: RunIndex, { opId, toldMs }: DeviceSubmission): boolean {
  const at = opId?.lastIndexOf(':') ?? -1;
  if (opId === undefined || at < 0) return false;
  const [origin, seq] = [opId.slice(0, at), Number(opId.slice(at + 1))];
  return losses.lostAt(regionOf(origin), { origin, seq }, toldMs) !== undefined;
}

function hasSetback({ losses, record }: RunIndex, sinceMs: number): boolean {
  return record.finalDumps.some(({ region }) => losses.hasSetback(region, sinceMs, Number.POSITIVE_INFINITY));
}

/** Refused for the rights that it needs, for what may pass, or by the one region that it might ask, whose copy is damaged. */
function isCaused({ outcome, code, isBound }: DeviceSubmission): boolean {
  if (outcome !== 'refused') return true;
  if (isBound && code === 'record_damaged') return true;
  return code === 'insufficient_rights' || code === 'client_closed' || errorCodes[code as ErrorCode]?.retryable === true;
}
