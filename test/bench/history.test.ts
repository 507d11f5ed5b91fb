import { expect, test } from 'vitest';
import type { Measurement } from './bench-row.ts';
import { type BenchRecord, recordOf, worsening } from './history.ts';
import { tableOf } from './report.ts';
import { median, percentile } from './statistics.ts';

const context = {
  sha: 'abc1234',
  date: '2026-01-01T00:00:00.000Z',
  machine: { cpu: 'a processor', cores: 2, memoryGb: 8 },
  node: 'v20.20.2',
  name: 'row',
  isQuick: false,
  loadBefore: 0,
};
const throughput = { metric: 'ops', unit: 'ops/s', better: 'more', bar: 100, runs: [120] } as const;
const delay = { metric: 'p99', unit: 'ms', better: 'less', bar: 10, runs: [8] } as const;

function figure(measurement: Measurement, value: number): BenchRecord {
  return recordOf({ ...measurement, runs: [value] }, context);
}

test('a record keeps the median of its runs and how far they lie apart', () => {
  const record = recordOf({ ...throughput, runs: [90, 100, 120] }, context);
  expect(record).toMatchObject({ value: 100, runs: 3, spread: 0.3, bar: 100 });
});

test('a figure is compared with the median of the newest five of its kind', () => {
  const history = [1, 1, 1, 100, 100, 104, 96, 100].map((value) => figure(throughput, value));
  expect(worsening(figure(throughput, 80), history)).toBeCloseTo(0.2);
  expect(worsening(figure(throughput, 120), history)).toBeCloseTo(-0.2);
  expect(worsening(figure(delay, 12), [figure(delay, 8)])).toBeCloseTo(0.5);
});

test('figures of another machine, mode or metric, or of a busy machine, are no measure', () => {
  const record = figure(throughput, 50);
  const others: BenchRecord[] = [
    { ...figure(throughput, 100), machine: { ...context.machine, cpu: 'another processor' } },
    { ...figure(throughput, 100), isQuick: true },
    { ...figure(throughput, 100), loadBefore: 0.9 },
    figure(delay, 100),
  ];
  expect(worsening(record, others)).toBeUndefined();
});

test('the table names what was met, missed, worse than before, not measured and broken', () => {
  const table = tableOf([
    { kind: 'measured', record: figure(throughput, 100), worsening: 0.05 },
    { kind: 'measured', record: figure(throughput, 99), worsening: 0.11 },
    { kind: 'measured', record: figure(delay, 10.5), worsening: undefined },
    { kind: 'unmeasured', name: 'row', figure: { ...delay, unmeasured: 'no such system' } },
    { kind: 'broken', name: 'row', reason: 'its process ended with 1' },
  ]);
  const verdicts = table
    .split('\n')
    .slice(2)
    .map((line) => line.split(/ {2,}/).at(-1));
  expect(verdicts).toEqual([
    'met',
    'MISSED, 11 % worse than before',
    'MISSED',
    'not measured: no such system',
    'BROKEN: its process ended with 1',
  ]);
});

test('medians and percentiles', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 2, 3])).toBe(2.5);
  const hundred = Array.from({ length: 100 }, (_, n) => n + 1);
  expect([percentile(hundred, 0.5), percentile(hundred, 0.99), percentile([7], 0.99)]).toEqual([50, 99, 7]);
});
