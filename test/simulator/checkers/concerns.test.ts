import { expect, test } from 'vitest';
import type { ConcernAnswer, HistoryEvent, RunRecord } from '../history.ts';
import { checkConcerns } from './concerns.ts';

const origin = 'berlin.00000000000a';
const met: ConcernAnswer = { target: 'majority', isMet: true, durable: ['berlin', 'lagos'], pending: ['lima'], lacking: [] };

function recordOf(concern: ConcernAnswer, readVersion: Record<string, number>, regionEvents: RunRecord['regionEvents'] = []): RunRecord {
  const who = { session: 's', incarnation: 1, document: 'carts/d0' };
  const edit = { ...who, process: 'c1', region: 'berlin', f: 'edit' as const, key: 'k' };
  const read = { ...who, process: 'c2', region: 'lima', f: 'read' as const, readConcern: 'majority' as const };
  const answer = { json: {}, version: { [origin]: 1 }, opId: { origin, seq: 1 }, concern };
  const history: HistoryEvent[] = [
    { ...edit, index: 0, timeMs: 1, type: 'invoke' },
    { ...edit, index: 1, timeMs: 5, type: 'ok', answer },
    { ...read, index: 2, timeMs: 6, type: 'invoke' },
    { ...read, index: 3, timeMs: 9, type: 'ok', answer: { json: {}, version: readVersion } },
  ];
  return { seed: 1, history, regionEvents, dumps: [], finalDumps: [] };
}

const messages = (record: RunRecord): string[] => checkConcerns(record).map(({ message }) => message);
const setback = (timeMs: number) => [{ timeMs, region: 'lagos', kind: 'rollback' as const, held: {}, left: {} }];

test('[SIM34] a region that was counted and did not hold the write is found, unless its disk went back meanwhile', () => {
  expect(messages(recordOf(met, { [origin]: 1 }))).toEqual([]);
  const lied = { ...met, lacking: ['lagos'] };
  expect(messages(recordOf(lied, { [origin]: 1 }))).toEqual(['a region was counted that did not hold the write']);
  expect(messages(recordOf(lied, { [origin]: 1 }, setback(3)))).toEqual([]);
});

test('[SIM34] asked again, a write counts a region whose disk went back and that could not be heard since, but a new one does not', () => {
  const again = (key: string): RunRecord => {
    const record = recordOf(met, { [origin]: 2 }, setback(5.5));
    const [invoke, ok] = record.history;
    if (invoke === undefined || ok === undefined) throw new Error('there is an edit');
    const answer = { ...ok.answer, json: {}, version: {}, opId: { origin, seq: 2 }, concern: { ...met, lacking: ['lagos'] } };
    return { ...record, history: [invoke, ok, { ...invoke, key, index: 2, timeMs: 6 }, { ...ok, key, index: 3, timeMs: 7, answer }] };
  };
  expect(messages(again('k'))).toEqual([]);
  expect(messages(again('another'))).toEqual(['a region was counted that did not hold the write']);
});

test('[SIM34] a majority that is none is found, and one that is not told', () => {
  for (const wrong of [
    { ...met, durable: ['berlin'], pending: ['lagos', 'lima'] },
    { ...met, isMet: false },
  ]) {
    expect(messages(recordOf(wrong, { [origin]: 1 }))).toContain('a concern was said to be met, or not, against what was counted');
  }
});

test('[SIM34] a read of a majority that misses what one had acknowledged is found, unless a disk that held it went back', () => {
  expect(messages(recordOf(met, {}))).toEqual(['a read of a majority missed what a majority had acknowledged']);
  expect(messages(recordOf(met, {}, setback(7)))).toEqual([]);
});

test('[SIM34] a read with a bound that misses an older edit is found, but for what clocks may be wrong, and what a disk lost', () => {
  const read = (
    timeMs: number,
    more: Partial<RunRecord> = {},
    version: Record<string, number> = { 'berlin.00000000000b': 1 },
  ): RunRecord => {
    const record = recordOf({ ...met, target: 2 }, {});
    const [invoke, ok] = record.history;
    if (invoke === undefined || ok === undefined) throw new Error('there is an edit');
    const asked = { session: 's', incarnation: 1, document: 'carts/d0', process: 'c2', region: 'lima', f: 'read' as const, maxLagMs: 100 };
    const answer = { json: {}, version, clockErrorMs: 30 };
    const bounded: HistoryEvent[] = [
      { ...asked, index: 2, timeMs, type: 'invoke' },
      { ...asked, index: 3, timeMs: timeMs + 50, type: 'ok', answer },
    ];
    return { ...record, history: [invoke, ok, ...bounded], ...more };
  };
  const missed = ['a read with a bound missed an older edit'];
  expect(messages(read(134))).toEqual([]);
  expect(messages(read(135))).toEqual(missed);
  expect(messages(read(135, {}, { [origin]: 1 }))).toEqual([]);
  expect(messages(read(135, {}, { 'lima.00000000000c': 1 }))).toEqual([]);
  expect(messages(read(135, { regionEvents: [{ ...setback(9)[0], region: 'berlin' } as RunRecord['regionEvents'][number]] }))).toEqual([]);
});
