// The table of figures, bars and verdicts that a run prints.

import type { Unmeasured } from './bench-row.ts';
import type { BenchRecord } from './history.ts';

/** What became of one figure. */
export type Outcome =
  | { readonly kind: 'measured'; readonly record: BenchRecord; readonly worsening: number | undefined }
  | { readonly kind: 'unmeasured'; readonly name: string; readonly figure: Unmeasured }
  | { readonly kind: 'broken'; readonly name: string; readonly reason: string };

/** A figure that is worse than before by more than this part is pointed out. */
const worseningMax = 0.1;

const headings = ['row', 'metric', 'figure', 'bar', 'verdict'] as const;
type Cells = readonly [row: string, metric: string, figure: string, bar: string, verdict: string];

export function tableOf(outcomes: readonly Outcome[]): string {
  const table: readonly Cells[] = [headings, ...outcomes.map(cellsOf)];
  const widths = headings.map((_, column) => Math.max(...table.map((cells) => cells[column]?.length ?? 0)));
  const lines = table.map((cells) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  lines.splice(1, 0, widths.map((width) => '-'.repeat(width)).join('  '));
  return lines.join('\n');
}

function cellsOf(outcome: Outcome): Cells {
  switch (outcome.kind) {
    case 'broken':
      return [outcome.name, '', '', '', `BROKEN: ${outcome.reason}`];
    case 'unmeasured': {
      const { metric, unmeasured } = outcome.figure;
      return [outcome.name, metric, '', barText(outcome.figure), `not measured: ${unmeasured}`];
    }
    case 'measured': {
      const { record } = outcome;
      const figure = `${numberText(record.value)} ${record.unit}${record.runs > 1 ? ` ±${percentText(record.spread / 2)}` : ''}`;
      return [record.name, record.metric, figure, barText(record), verdictOf(record, outcome.worsening)];
    }
  }
}

function verdictOf(record: BenchRecord, worsening: number | undefined): string {
  const verdict = record.bar === null ? '' : isMet(record, record.bar) ? 'met' : 'MISSED';
  const isWorse = worsening !== undefined && worsening > worseningMax;
  return [verdict, isWorse ? `${percentText(worsening)} worse than before` : ''].filter(Boolean).join(', ');
}

function isMet({ value, better }: BenchRecord, bar: number): boolean {
  return better === 'more' ? value >= bar : value <= bar;
}

function barText({ bar, better }: { readonly bar?: number | null; readonly better: 'more' | 'less' }): string {
  if (bar === undefined || bar === null) return '';
  return `${better === 'more' ? '>=' : '<='} ${numberText(bar)}`;
}

function numberText(value: number): string {
  return value.toLocaleString('en', { maximumSignificantDigits: 4 });
}

function percentText(part: number): string {
  return `${(part * 100).toFixed(part < 0.01 ? 1 : 0)} %`;
}
