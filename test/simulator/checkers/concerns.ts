// What was said of write and read concerns was so (G11).
//
//   writes   a region that is said to hold an op durably holds it in that moment; a majority that is said to be one is one
//   reads    a read of a majority shows every edit that a majority had acknowledged before the read began; one with a bound
//            shows every edit that any region had acknowledged by so long before the read began, and as much earlier as
//            regions may be wrong about each other's clocks
//
// Invariant: a region whose disk goes back between the request and its answer excuses what was said of it, and for an edit that
//            was asked for before, from its first request on: a region that cannot be heard is counted by what it said last.
//            A read is judged by edits of which every holder kept its disk until then. A bound says nothing of regions that
//            the answer names no op of: who is a member, regions know by hearing of it (docs/limitations.md).

import type { HistoryEvent, RunRecord } from '../history.ts';
import { regionOf } from './losses.ts';
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
  const acknowledged = acknowledgedByOrigin(run);
  for (const attempt of run.attempts) {
    checkRead(run, findings, attempt, kept);
    checkBound(run, findings, attempt, acknowledged);
  }
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

interface Acknowledged {
  readonly timeMs: number;
  readonly seq: number;
}

/** By origin, in the order of seq: when a region acknowledged what it wrote. */
function acknowledgedByOrigin({ attempts, record }: RunIndex): Map<string, Acknowledged[]> {
  const byOrigin = new Map<string, Acknowledged[]>();
  const add = (origin: string, ack: Acknowledged): void => {
    const known = byOrigin.get(origin);
    if (known === undefined) byOrigin.set(origin, [ack]);
    else known.push(ack);
  };
  for (const { completion } of attempts) {
    const opId = completion?.type === 'ok' ? completion.answer?.opId : undefined;
    if (completion !== undefined && opId !== undefined) add(opId.origin, { timeMs: completion.timeMs, seq: opId.seq });
  }
  for (const { origin, seq, timeMs } of record.sessionAcks ?? []) add(origin, { timeMs, seq });
  for (const acks of byOrigin.values()) acks.sort((a, b) => a.seq - b.seq);
  return byOrigin;
}

function checkBound(
  run: RunIndex,
  findings: Findings,
  { invoke, completion }: Attempt,
  acknowledged: ReadonlyMap<string, readonly Acknowledged[]>,
): void {
  const { maxLagMs, timeMs, region } = invoke;
  const answer = completion?.answer;
  if (maxLagMs === undefined || completion === undefined || answer === undefined) return;
  const { version, clockErrorMs = 0 } = answer;
  const beforeMs = timeMs - maxLagMs - clockErrorMs;
  const known = new Set(Object.keys(version).map(regionOf));
  for (const [origin, acks] of acknowledged) {
    const isKnown = known.has(regionOf(origin));
    for (let at = isKnown ? acks.length - 1 : -1; at >= 0; at--) {
      const ack = acks[at];
      if (ack === undefined || ack.seq <= (version[origin] ?? 0)) break;
      if (ack.timeMs > beforeMs || run.losses.lostAtHome({ origin, seq: ack.seq }, ack.timeMs) !== undefined) continue;
      const details = { region, index: completion.index, timeMs, maxLagMs, clockErrorMs, missed: { origin, ...ack }, version };
      findings.add('a read with a bound missed an older edit', details);
      return;
    }
  }
}
