import { expect, test } from 'vitest';
import type { HistoryEvent, RunRecord } from '../history.ts';
import { CausalHistory } from './causal-history.ts';
import { checkSessionGuarantees } from './session-guarantees.ts';
import { allOps, expectFound, logOf, rewritten, some, steadyRecord, withFinal, withHistory, withLog } from './testing/altered-record.ts';
import { ScriptedRun } from './testing/scripted-run.ts';

test('[SIM29] an answer older than what its session presented is found', () => {
  const read = some(
    steadyRecord.history,
    ({ type, f, presented }) => type === 'ok' && f === 'read' && Object.keys(presented ?? {}).length > 0,
  );
  const after = withHistory(steadyRecord, (event) => {
    return event === read && event.answer !== undefined ? { ...event, answer: { ...event.answer, version: {} } } : event;
  });
  expectFound(checkSessionGuarantees, 'an answer is older than what its session had seen', { after });
});

test('[SIM29] an edit made without what its session had seen is found', () => {
  const causal = new CausalHistory(steadyRecord.finalDumps[0]?.logs ?? new Map());
  const op = some(allOps(steadyRecord), ({ key, origin, seq }) => {
    const asked = steadyRecord.history.filter((event) => event.type === 'invoke' && event.key === key);
    const previous = { origin, seq: seq - 1 };
    return asked.every(({ presented = {} }) =>
      Object.entries(presented).some(([other, upTo]) => upTo > causal.seenOf(previous, other) && other !== origin),
    );
  });
  const log = rewritten(logOf(steadyRecord, op.origin), op.seq, { dependencies: [] });
  const after = withFinal(steadyRecord, (dump) => withLog(dump, op.origin, log));
  expectFound(checkSessionGuarantees, 'an edit was made without what its session had seen', { after });
});

/** The last answer of the history with the JSON of another. */
function withStaleView(record: RunRecord, stale: HistoryEvent['answer']): RunRecord {
  const last = record.history.length - 1;
  return withHistory(record, (event) => {
    return event.index === last && event.answer && stale ? { ...event, answer: { ...event.answer, json: stale.json } } : event;
  });
}

test.each(['carts/a', 'carts-automerge/a'])('[SIM29] a read of %s that misses an earlier write of its region is found', (document) => {
  const run = new ScriptedRun();
  run.edit(run.berlin, document, { op: 'increment', path: '/stock', by: 1 });
  run.edit(run.berlin, document, { op: 'increment', path: '/stock', by: 1 });
  run.read(run.berlin, document);
  const before = run.record();
  const after = withStaleView(before, before.history[1]?.answer);
  expectFound(checkSessionGuarantees, 'an answer shows no state between what had to be shown and what it covers', { before, after });
});

test.each(['carts/a', 'carts-automerge/a'])('[SIM29] an answer to an edit of %s that does not show it is found', (document) => {
  const run = new ScriptedRun();
  run.edit(run.tokyo, document, { op: 'add', path: '/tags', value: 1 });
  run.exchange();
  run.edit(run.berlin, document, { op: 'increment', path: '/stock', by: 1 });
  const before = run.record();
  const after = withStaleView(before, before.history[1]?.answer);
  expectFound(checkSessionGuarantees, 'the answer to an edit does not show the edit on what it had seen', { before, after });
});

test('[SIM29] an answer that shows more than its op had seen is found: the op is shown elsewhere without it', () => {
  const run = new ScriptedRun();
  run.edit(run.tokyo, 'carts/a', { op: 'add', path: '/tags', value: 1 });
  run.exchange();
  const op = run.edit(run.berlin, 'carts/a', { op: 'increment', path: '/stock', by: 1 });
  const before = run.record();
  const after = withFinal(before, (dump) => withLog(dump, op.origin, [{ ...op, dependencies: [] }]));
  expectFound(checkSessionGuarantees, 'the answer to an edit does not show the edit on what it had seen', { before, after });
});

test('[SIM29] a read may show any causal cut between what it must show and what it covers, and no other state', () => {
  const run = new ScriptedRun();
  run.edit(run.tokyo, 'carts/a', { op: 'add', path: '/tags', value: 1 });
  run.edit(run.tokyo, 'carts/a', { op: 'remove', path: '/tags', value: 1 });
  run.edit(run.tokyo, 'carts/a', { op: 'add', path: '/tags', value: 2 });
  run.exchange();
  run.read(run.berlin, 'carts/a');
  const record = run.record();
  const views = record.history.flatMap(({ answer }) => (answer === undefined ? [] : [answer]));
  for (const view of views) expect(checkSessionGuarantees(withStaleView(record, view))).toEqual([]);
  const impossible = { json: { ...views[0]?.json, tags: [1, 2] }, version: {} };
  expect(checkSessionGuarantees(withStaleView(record, impossible))).toHaveLength(1);
});
