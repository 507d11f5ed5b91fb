import { parseArgs } from 'node:util';
import { rows } from './rows.ts';

export interface BenchOptions {
  /** The names of the rows to run. */
  readonly only: readonly string[];
  readonly isQuick: boolean;
  readonly isHelp: boolean;
}

export const usage: string = `npm run bench [-- --only NAME,...] [--quick] [--help]

Measures what Anabranch costs, prints each figure beside its bar, and appends the figures to docs/benchmarks/history.jsonl.
A missed bar is reported and does not fail the command; a row that cannot run does.

  --only NAME,...   only these rows
  --quick           smaller sizes, all rows in about three minutes; recorded apart from full runs
  --help            this text

Rows:
${rows.map(({ name, title }) => `  ${name.padEnd(16)}  ${title}`).join('\n')}
`;

/** @throws Error for an argument that makes no sense. */
export function readOptions(args: readonly string[]): BenchOptions {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string' }, quick: { type: 'boolean' }, help: { type: 'boolean' } },
  });
  const only = values.only?.split(',') ?? rows.map((row) => row.name);
  const unknown = only.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0) throw new Error(`there is no row ${unknown.join(', ')}`);
  return { only, isQuick: values.quick ?? false, isHelp: values.help ?? false };
}
