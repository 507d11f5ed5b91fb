import { expect, test } from 'vitest';
import type { HistoryEvent, RegionEvent, RunRecord } from '../history.ts';
import { checkLiveness } from './liveness.ts';
import { expectFound, some, steadyRecord } from './testing/altered-record.ts';

const { healedCoreAtMs = 0, boundMs = 0, answerBoundMs = 0 } = steadyRecord;

test('[SIM30] regions that converge after the bound, or never, are found', () => {
  const late = { ...steadyRecord, convergedAtMs: healedCoreAtMs + boundMs + 1 };
  expectFound(checkLiveness, 'the regions converged too late', { after: late });
  const { convergedAtMs: _, ...never } = steadyRecord;
  expectFound(checkLiveness, 'the regions never converged', { after: never });
  expect(checkLiveness({ ...steadyRecord, convergedAtMs: healedCoreAtMs + boundMs })).toEqual([]);
});

test('[SIM30] a run that does not say what is to be measured is found', () => {
  const { healedCoreAtMs: _, ...unhealed } = steadyRecord;
  expectFound(checkLiveness, 'the run does not say when its core was healed and how long it may need', { after: unhealed });
  const { answerBoundMs: __, ...unbounded } = steadyRecord;
  expectFound(checkLiveness, 'the run does not say how long an answer may take', { after: unbounded });
});

const invoke = some(steadyRecord.history, ({ type, f, timeMs }) => type === 'invoke' && f === 'edit' && timeMs > 100);

/** The answer to the edit comes so much later, or never; what the client does afterwards is left out. */
function answeredAfter(ms: number | undefined, events: readonly Pick<RegionEvent, 'kind' | 'timeMs'>[] = []): RunRecord {
  const asked = steadyRecord.history.slice(0, invoke.index + 1);
  const answer: HistoryEvent = { ...invoke, index: asked.length, type: 'info', code: 'timeout', timeMs: invoke.timeMs + (ms ?? 0) };
  const finalDumps = steadyRecord.finalDumps.map((dump) => ({ ...dump, timeMs: invoke.timeMs + 10 * answerBoundMs }));
  const before = steadyRecord.regionEvents.filter(({ timeMs }) => timeMs <= invoke.timeMs);
  const regionEvents = [...before, ...events.map((event) => ({ region: invoke.region, ...event }))];
  return { ...steadyRecord, finalDumps, regionEvents, history: ms === undefined ? asked : [...asked, answer] };
}

test('[SIM30] a region that takes writes and leaves an edit unanswered is found', () => {
  const message = 'a region that took writes left an edit unanswered';
  expectFound(checkLiveness, message, { after: answeredAfter(answerBoundMs + 1) });
  expectFound(checkLiveness, message, { after: answeredAfter(undefined) });
  expect(checkLiveness(answeredAfter(answerBoundMs))).toEqual([]);
});

test('[SIM30] a region that does not take writes need not answer', () => {
  const timeMs = invoke.timeMs + answerBoundMs - 1;
  for (const kind of ['crash', 'stop', 'commit_failed', 'epoch_renewed'] as const) {
    expect(checkLiveness(answeredAfter(undefined, [{ kind, timeMs }])), kind).toEqual([]);
  }
  const again = [
    { kind: 'crash', timeMs: invoke.timeMs + 1 },
    { kind: 'writable', timeMs: invoke.timeMs + 2 },
  ] as const;
  expect(checkLiveness(answeredAfter(undefined, again))).toEqual([]);
});
