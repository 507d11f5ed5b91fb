import { expect, test } from 'vitest';
import { checkCounter } from './counter-checker.ts';
import type { Entry } from './history.ts';
import { checkSet } from './set-checker.ts';

const nodes = ['n0', 'n1'];

interface Told {
  readonly node?: string;
  readonly f: 'write' | 'read';
  /** What is written or read. */
  readonly value: unknown;
  readonly outcome?: 'ok' | 'fail' | 'info';
  readonly isFinal?: boolean;
  /** Operations that begin and end while this one runs. */
  readonly during?: readonly Told[];
}

const write = (value: unknown, more: Partial<Told> = {}): Told => ({ f: 'write', value, ...more });
const read = (value: unknown, more: Partial<Told> = {}): Told => ({ f: 'read', value, ...more });
const finals = (value: unknown): Told[] => nodes.map((node) => read(value, { node, isFinal: true }));

/** Operations one after the other, 10 ms from entry to entry. */
function historyOf(told: readonly Told[]): Entry[] {
  const entries: Entry[] = [];
  let process = 0;
  const record = ({ node = 'n0', f, value, outcome = 'ok', isFinal = false, during = [] }: Told): void => {
    const fact = { process: process++, node, f, isFinal };
    const place = (): Pick<Entry, 'index' | 'timeMs'> => ({ index: entries.length, timeMs: 10 * entries.length });
    entries.push({ ...place(), ...fact, type: 'invoke', value: f === 'read' ? undefined : value });
    during.forEach(record);
    entries.push({ ...place(), ...fact, type: outcome, value });
  };
  told.forEach(record);
  return entries;
}

const setProblems = (...told: Told[]): readonly string[] => checkSet(historyOf(told), nodes).problems;
const counterProblems = (...told: Told[]): readonly string[] => checkCounter(historyOf(told), { nodes, isGrowOnly: false }).problems;
const growingProblems = (...told: Told[]): readonly string[] => checkCounter(historyOf(told), { nodes, isGrowOnly: true }).problems;

test('[MAEL7] the set checker accepts what may happen', () => {
  expect(setProblems(write(1), write(2, { node: 'n1' }), read([1]), read([2], { node: 'n1' }), ...finals([1, 2]))).toEqual([]);
  expect(setProblems(write(1, { outcome: 'info' }), ...finals([1]))).toEqual([]);
  expect(setProblems(write(1, { outcome: 'info' }), read([]), ...finals([]))).toEqual([]);
  expect(setProblems(write(1, { outcome: 'fail' }), read([], { outcome: 'info' }), ...finals([]))).toEqual([]);
  expect(setProblems(write(1, { during: [read([1]), read([], { node: 'n1' })] }), ...finals([1]))).toEqual([]);
  expect(
    setProblems(
      read([1], { during: [write(1)] }),
      read([{ a: 1, b: 2 }, 1], { during: [write({ b: 2, a: 1 })] }),
      ...finals([1, { a: 1, b: 2 }]),
    ),
  ).toEqual([]);
});

test('[MAEL7] the set checker finds each planted violation', () => {
  expect(setProblems(write(1), write(2), ...finals([2]))).toEqual(
    expect.arrayContaining(['lost: n0 does not have 1 at the end', 'lost: n1 does not have 1 at the end']),
  );
  expect(setProblems(write(1, { outcome: 'info' }), read([1], { isFinal: true }), read([], { node: 'n1', isFinal: true }))).toEqual([
    'unequal: n1 and n0 differ at the end in 1',
  ]);
  expect(setProblems(write(1), read([1], { isFinal: true }))).toEqual(['unequal: nothing was read from n1 at the end']);
  expect(setProblems(write(1), read([1], { isFinal: true }), read([1], { node: 'n1', isFinal: true, outcome: 'info' }))).toEqual([
    'unequal: nothing was read from n1 at the end',
  ]);
  expect(setProblems(write(1), ...finals([1, 2]))).toEqual([
    'invented: n0 shows 2, which was not added (entry 3)',
    'invented: n1 shows 2, which was not added (entry 5)',
  ]);
  expect(setProblems(read([1]), write(1), ...finals([1]))).toEqual(['invented: n0 shows 1, which was not added (entry 1)']);
  expect(setProblems(write(1, { outcome: 'fail' }), read([1], { node: 'n1' }), ...finals([1]))).toHaveLength(3);
  expect(setProblems(write(1), read([1, 1]), ...finals([1]))).toEqual(['repeated: n0 shows an element twice (entry 3)']);
  expect(setProblems(write(1), read([]), ...finals([1]))).toEqual(['forgotten: n0 had 1 and shows it no more (entry 3)']);
  expect(setProblems(write(1, { node: 'n1' }), read([1]), read([]), ...finals([1]))).toEqual([
    'forgotten: n0 had 1 and shows it no more (entry 5)',
  ]);
});

test('[MAEL7] the set checker measures for how long an acknowledged element was not shown everywhere', () => {
  const far = { node: 'n1' };
  const { figures } = checkSet(historyOf([write(1), read([], far), read([], far), read([1], far), ...finals([1])]), nodes);
  // Acknowledged at 10 ms; the last read that lacks it began at 40 ms.
  expect(figures['stable ms max']).toBe(30);
  expect(figures).toMatchObject({ 'write ok': 1, 'read ok': 5, 'read info': 0 });
});

test('[MAEL7] the counter checker accepts what may happen', () => {
  expect(counterProblems(write(3), write(-5), read(-2), ...finals(-2))).toEqual([]);
  for (const value of [3, 7, 1, 5]) {
    expect(counterProblems(write(3), write(4, { outcome: 'info' }), write(-2, { outcome: 'info' }), ...finals(value)), `${value}`).toEqual(
      [],
    );
  }
  expect(counterProblems(write(3, { node: 'n1' }), read(0), write(5, { outcome: 'fail' }), ...finals(3))).toEqual([]);
  expect(growingProblems(write(3, { during: [read(3), read(3)] }), read(3), read(0, { node: 'n1' }), ...finals(3))).toEqual([]);
});

test('[MAEL7] the counter checker finds each planted violation', () => {
  const impossible = (value: number, possible: string): string[] =>
    nodes.map((node) => `impossible: ${node} shows ${value} at the end; possible: ${possible}`);
  expect(counterProblems(write(3), write(4), ...finals(3))).toEqual(expect.arrayContaining(impossible(3, '7')));
  expect(counterProblems(write(3, { node: 'n1' }), ...finals(6))).toEqual(expect.arrayContaining(impossible(6, '3')));
  expect(counterProblems(write(3), write(4, { outcome: 'info' }), ...finals(5))).toEqual(impossible(5, '2 sums from 3 to 7'));
  expect(counterProblems(write(3, { outcome: 'fail' }), ...finals(3))).toEqual(expect.arrayContaining(impossible(3, '0')));
  expect(counterProblems(write(3, { outcome: 'info' }), read(3, { isFinal: true }), read(0, { node: 'n1', isFinal: true }))).toEqual([
    'unequal: the nodes differ at the end: n0 3, n1 0',
  ]);
  expect(counterProblems(write(3), read(3, { isFinal: true }))).toEqual(['unequal: nothing was read from n1 at the end']);
  expect(counterProblems(write(3), read(0), ...finals(3))).toEqual(['out of bounds: n0 shows 0, not 3 to 3 (entry 3)']);
  expect(counterProblems(read(3), write(3), ...finals(3))).toEqual(['out of bounds: n0 shows 3, not 0 to 0 (entry 1)']);
  expect(growingProblems(write(3, { node: 'n1' }), read(3), read(0), ...finals(3))).toEqual(['shrunk: n0 shows 0 after 3 (entry 5)']);
  expect(counterProblems(write(3, { node: 'n1' }), read(3), read(0), ...finals(3))).toEqual([]);
});
