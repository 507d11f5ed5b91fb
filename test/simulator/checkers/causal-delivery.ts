// No op before those it depends on, across documents (C3): in the order in which ops entered each region's log, in what each
// region said at any moment that it held, and in what each op says that it had seen.
//
// Invariant: names that a disk going back made doubtful are left out of moments before that (Losses.lastingPart): what the
//            lost op depended on is known to nobody any more.

import type { RegionDump, RunRecord, Vector } from '../history.ts';
import type { OpName } from './causal-history.ts';
import { indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

export function checkCausalDelivery(record: RunRecord): Violation[] {
  const findings = new Findings('causal-delivery');
  const run = indexOf(record);
  for (const dump of record.finalDumps) checkArrivals(run, findings, dump);
  for (const dump of [...record.dumps, ...record.finalDumps]) {
    checkCut(run, findings, dump.version, { timeMs: dump.timeMs, details: { region: dump.region, timeMs: dump.timeMs, in: 'dump' } });
  }
  for (const { answer, timeMs, region, index } of record.history) {
    if (answer !== undefined) checkCut(run, findings, answer.version, { timeMs, details: { region, timeMs, in: 'answer', index } });
  }
  checkPasts(run, findings);
  return findings.found;
}

function checkArrivals(run: RunIndex, findings: Findings, { region, arrivals, version }: RegionDump): void {
  if (arrivals === undefined) {
    findings.add('a final dump has no order of arrival', { region });
    return;
  }
  const held: Record<string, number> = {};
  for (const [position, op] of arrivals.entries()) {
    if (op.seq !== (held[op.origin] ?? 0) + 1) {
      findings.add('an op arrived out of the order of its origin', { region, position, op, heldBefore: held[op.origin] ?? 0 });
      return;
    }
    for (const [origin, seq] of run.causal.op(op)?.dependencies ?? []) {
      if (seq <= (held[origin] ?? 0)) continue;
      findings.add('an op arrived before one that it depends on', { region, position, op, needs: { origin, seq } });
      return;
    }
    held[op.origin] = op.seq;
  }
  if (isEqual(held, version)) return;
  findings.add('what arrived is not what the region says it holds', { region, arrived: held, version });
}

function checkCut(run: RunIndex, findings: Findings, vector: Vector, at: { timeMs: number; details: Record<string, unknown> }): void {
  const missing = run.causal.missingBelow(vector, run.losses.lastingPart(vector, at.timeMs));
  if (missing !== undefined) findings.add('a region showed an op before one that it depends on', { ...at.details, ...missing, vector });
}

/** What an op had seen is itself a causal cut: its region held it when it wrote. */
function checkPasts(run: RunIndex, findings: Findings): void {
  const { causal } = run;
  for (const [origin, log] of causal.logs) {
    for (const op of log) {
      if (op.dependencies.length === 0) continue;
      const missing = missingOfPast(run, op);
      if (missing === undefined) continue;
      findings.add('an op names what it had seen, and not all that this had seen', { op: { origin, seq: op.seq }, ...missing });
      break;
    }
  }
}

function missingOfPast({ causal }: RunIndex, op: OpName): { via: OpName; needs: OpName } | undefined {
  for (const [origin, seq] of causal.seenOfOthers(op)) {
    const via = { origin, seq };
    for (const [other, needed] of causal.seenOfOthers(via)) {
      if (needed > causal.seenOf(op, other)) return { via, needs: { origin: other, seq: needed } };
    }
  }
  return undefined;
}

function isEqual(a: Vector, b: Vector): boolean {
  return [...Object.keys(a), ...Object.keys(b)].every((origin) => (a[origin] ?? 0) === (b[origin] ?? 0));
}
