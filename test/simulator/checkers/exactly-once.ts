// Every edit has one effect (C5): its key stands in at most one op, however often and wherever it was repeated.
//
// Two ops of one key are no fault when neither region could know: two regions took the request before they had heard of
// each other, or one region's disk forgot the first op before the request was repeated there. Then neither op has seen the
// other. An op that has seen another of its key is a second effect of a known edit.
//
// Besides: every op with a key was asked for, of the region that logged it; and an answer that says "known" names what is
// known.

import type { LoggedOpDump, RunRecord } from '../history.ts';
import { regionOf } from './losses.ts';
import { type Attempt, indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

export function checkExactlyOnce(record: RunRecord): Violation[] {
  const findings = new Findings('exactly-once');
  const run = indexOf(record);
  for (const [key, ops] of run.opsByKey) {
    const attempts = run.attemptsByKey.get(key) ?? [];
    for (const op of ops) checkAskedFor(findings, key, op, attempts);
    for (const [nth, op] of ops.entries()) for (const other of ops.slice(nth + 1)) checkPair(run, findings, attempts, [op, other]);
  }
  for (const [key, attempts] of run.attemptsByKey) checkReplays(run, findings, key, attempts);
  return findings.found;
}

function checkAskedFor(findings: Findings, key: string, op: LoggedOpDump, attempts: readonly Attempt[]): void {
  const region = regionOf(op.origin);
  if (attempts.some(({ invoke }) => invoke.region === region)) return;
  findings.add('an edit is in the log of a region that was never asked for it', { key, opId: nameOf(op), asked: regionsOf(attempts) });
}

function checkPair(run: RunIndex, findings: Findings, attempts: readonly Attempt[], [op, other]: [LoggedOpDump, LoggedOpDump]): void {
  const details = { key: op.key, opIds: [nameOf(op), nameOf(other)], regions: regionsOf(attempts) };
  if (!run.causal.areConcurrent(op, other)) {
    findings.add('an edit was applied again by a region that knew it', details);
    return;
  }
  const region = regionOf(op.origin);
  if (regionOf(other.origin) !== region) return;
  const times = attempts.filter(({ invoke }) => invoke.region === region).map(({ invoke }) => invoke.timeMs);
  if (run.losses.hasSetback(region, Math.min(...times), Math.max(...times))) return;
  findings.add('an edit was applied twice by one region whose disk kept everything', details);
}

function checkReplays(run: RunIndex, findings: Findings, key: string, attempts: readonly Attempt[]): void {
  const ops = run.opsByKey.get(key) ?? [];
  for (const { completion } of attempts) {
    const answer = completion?.answer;
    if (completion === undefined || answer?.isReplay !== true) continue;
    const isEffective = ops.some((op) => op.writes.length > 0);
    if (answer.opId === undefined && isEffective) {
      findings.add('an answer says that the key is known, and not which op it stands for', { key, ackIndex: completion.index });
    }
    if (attempts.filter(({ invoke }) => invoke.index < completion.index).length < 2) {
      findings.add('the first request with a key was answered as a repetition', { key, ackIndex: completion.index });
    }
  }
}

function nameOf({ origin, seq }: LoggedOpDump): { origin: string; seq: number } {
  return { origin, seq };
}

function regionsOf(attempts: readonly Attempt[]): string[] {
  return [...new Set(attempts.map(({ invoke }) => invoke.region))];
}
