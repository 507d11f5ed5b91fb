// The records of earlier runs, docs/benchmarks/history.jsonl: one line of JSON per figure. Figures are compared with those of
// the same machine and mode only.

import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import type { Measurement } from './bench-row.ts';
import type { Machine } from './machine.ts';
import { median, spread } from './statistics.ts';

export interface BenchRecord {
  /** The commit measured, with `-dirty` when the tree had changes. */
  readonly sha: string;
  readonly date: string;
  readonly machine: Machine;
  readonly node: string;
  /** The row. */
  readonly name: string;
  readonly metric: string;
  readonly unit: string;
  readonly better: Measurement['better'];
  readonly value: number;
  readonly bar: number | null;
  readonly runs: number;
  /** The distance between the extremes, as a part of the value. */
  readonly spread: number;
  readonly isQuick: boolean;
  /** The part of all cores that other work used right before the row, 0 to 1. */
  readonly loadBefore: number;
}

/** What is the same for all figures of a row. */
export type RecordContext = Pick<BenchRecord, 'sha' | 'date' | 'machine' | 'node' | 'name' | 'isQuick' | 'loadBefore'>;

/** Records that a figure is compared with: the newest of its kind. */
const comparedRecordsMax = 5;
/** Figures taken while other work used more than this part of all cores are no measure for others. */
export const loadMax = 0.15;

export function recordOf(measurement: Measurement, context: RecordContext): BenchRecord {
  const { metric, unit, better, bar, runs } = measurement;
  const { sha, date, machine, node, name, isQuick, loadBefore } = context;
  const figures = { value: rounded(median(runs)), bar: bar ?? null, runs: runs.length, spread: rounded(spread(runs)) };
  return { sha, date, machine, node, name, metric, unit, better, ...figures, isQuick, loadBefore: rounded(loadBefore) };
}

export function readHistory(path: string): BenchRecord[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line) as BenchRecord);
}

export function appendHistory(path: string, records: readonly BenchRecord[]): void {
  appendFileSync(path, records.map((record) => `${JSON.stringify(record)}\n`).join(''));
}

/** How much worse a record is than the median of those before it, as a part of that median: negative when better. */
export function worsening(record: BenchRecord, history: readonly BenchRecord[]): number | undefined {
  const unloaded = history.filter((other) => other.loadBefore <= loadMax);
  const before = unloaded.filter((other) => isComparable(record, other)).slice(-comparedRecordsMax);
  if (before.length === 0) return undefined;
  const usual = median(before.map((other) => other.value));
  if (usual === 0) return undefined;
  const change = (record.value - usual) / Math.abs(usual);
  return record.better === 'more' ? -change : change;
}

function isComparable(a: BenchRecord, b: BenchRecord): boolean {
  const isSameFigure = a.name === b.name && a.metric === b.metric && a.unit === b.unit && a.isQuick === b.isQuick;
  const isSameMachine = a.machine.cpu === b.machine.cpu && a.machine.cores === b.machine.cores;
  return isSameFigure && isSameMachine;
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
