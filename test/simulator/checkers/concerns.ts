// What was said of write and read concerns was so (G11).
//
//   writes   a region that is said to hold an op durably holds it in that moment; a majority that is said to be one is one
//   reads    a read of a majority shows every edit that a majority had acknowledged before the read began
//
// Invariant: a region whose disk goes back between the request and its answer excuses what was said of it, and for an edit that
//            was asked for before, from its first request on: a region that cannot be heard is counted by what it said last.
//            A read is judged by edits of which every holder kept its disk until then.

import type { HistoryEvent, RunRecord } from '../history.ts';
import { type Attempt, indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

export function checkConcerns(record: RunRecord): Violation[] {
  const findings = new Findings('concerns');
  const run = indexOf(record);
  const kept: HistoryEvent[] = [];
  for (const { invoke, completion } of run.attempts) {
    const concern = completion?.answer?.concern;
    if (completion === undefined || concern === undefined) continue;
    const asked = invoke.key === undefined ? undefined : run.attemptsByKey.get(invoke.key);
    checkWrite(run, findings, Math.min(...(asked ?? [{ invoke }]).map((attempt) => attempt.invoke.timeMs)), completion);
    if (concern.isMet && concern.target !== 2) kept.push(completion);
  }
  for (const attempt of run.attempts) checkRead(run, findings, attempt, kept);
  return findings.found;
}

function checkWrite(run: RunIndex, findings: Findings, askedMs: number, completion: HistoryEvent): void {
  const { concern, opId } = completion.answer ?? {};
  if (concern === undefined) return;
  const { target, isMet, durable, pending, lacking } = concern;
  const details = { opId, region: completion.region, index: completion.index, concern };
  for (const region of lacking) {
    if (run.losses.hasSetback(region, askedMs, completion.timeMs)) continue;
    findings.add('a region was counted that did not hold the write', { ...details, counted: region });
  }
  const members = durable.length + pending.length;
  const needed = target === 'all' ? members : target === 'majority' ? Math.floor(members / 2) + 1 : target;
  if (isMet !== durable.length >= needed) findings.add('a concern was said to be met, or not, against what was counted', details);
}

function checkRead(run: RunIndex, findings: Findings, { invoke, completion }: Attempt, kept: readonly HistoryEvent[]): void {
  if (invoke.readConcern === undefined || completion?.answer === undefined) return;
  const { version } = completion.answer;
  const missed = kept.find(({ timeMs, answer }) => {
    const { opId, concern } = answer ?? {};
    if (opId === undefined || concern === undefined || timeMs > invoke.timeMs || (version[opId.origin] ?? 0) >= opId.seq) return false;
    return !concern.durable.some((region) => run.losses.hasSetback(region, timeMs, completion.timeMs));
  });
  if (missed === undefined) return;
  findings.add('a read of a majority missed what a majority had acknowledged', {
    read: { region: invoke.region, index: completion.index, version },
    missed: { region: missed.region, index: missed.index, opId: missed.answer?.opId, concern: missed.answer?.concern },
  });
}
