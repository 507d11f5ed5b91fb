// What must happen in time (C11): regions whose core is healed hold the same within the stated bound, and a region that takes
// writes answers an edit within the stated time, whatever its links do.
//
// A region takes writes from `writable` on, until it crashes, stops, fails a commit or renews its epoch. Only edits for which
// it took writes all the time count; an answer of any kind will do, a refusal too: being silent is the fault.

import type { HistoryEvent, RegionEvent, RunRecord } from '../history.ts';
import { indexOf } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

interface Span {
  readonly fromMs: number;
  readonly untilMs: number;
}

export function checkLiveness(record: RunRecord): Violation[] {
  const findings = new Findings('liveness');
  checkConverged(record, findings);
  checkAnswers(record, findings);
  return findings.found;
}

function checkConverged({ healedCoreAtMs, convergedAtMs, boundMs }: RunRecord, findings: Findings): void {
  if (healedCoreAtMs === undefined || boundMs === undefined) {
    findings.add('the run does not say when its core was healed and how long it may need', {});
    return;
  }
  const tookMs = convergedAtMs === undefined ? undefined : convergedAtMs - healedCoreAtMs;
  if (tookMs === undefined) findings.add('the regions never converged', { healedCoreAtMs, boundMs });
  else if (tookMs > boundMs) findings.add('the regions converged too late', { healedCoreAtMs, convergedAtMs, tookMs, boundMs });
}

function checkAnswers(record: RunRecord, findings: Findings): void {
  const boundMs = record.answerBoundMs;
  if (boundMs === undefined) {
    findings.add('the run does not say how long an answer may take', {});
    return;
  }
  const spans = writableSpans(record.regionEvents);
  const endMs = Math.max(...record.finalDumps.map(({ timeMs }) => timeMs), record.history.at(-1)?.timeMs ?? 0);
  for (const { invoke, completion } of indexOf(record).attempts) {
    const dueMs = invoke.timeMs + boundMs;
    if (invoke.f !== 'edit' || dueMs > endMs || (completion !== undefined && completion.timeMs <= dueMs)) continue;
    const isWritable = (spans.get(invoke.region) ?? []).some(({ fromMs, untilMs }) => fromMs <= invoke.timeMs && untilMs > dueMs);
    if (isWritable) findings.add('a region that took writes left an edit unanswered', detailsOf(invoke, completion, boundMs));
  }
}

function detailsOf(invoke: HistoryEvent, completion: HistoryEvent | undefined, boundMs: number): Record<string, unknown> {
  const { region, index, key, document, timeMs } = invoke;
  return { region, index, key, document, timeMs, answeredAtMs: completion?.timeMs, code: completion?.code, boundMs };
}

function writableSpans(events: readonly RegionEvent[]): Map<string, Span[]> {
  const spans = new Map<string, Span[]>();
  const since = new Map<string, number>();
  const end = (region: string, untilMs: number): void => {
    const fromMs = since.get(region);
    since.delete(region);
    if (fromMs !== undefined) spans.set(region, [...(spans.get(region) ?? []), { fromMs, untilMs }]);
  };
  for (const { region, kind, timeMs } of events) {
    end(region, timeMs);
    if (kind === 'writable') since.set(region, timeMs);
  }
  for (const region of [...since.keys()]) end(region, Number.POSITIVE_INFINITY);
  return spans;
}
