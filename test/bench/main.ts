// `npm run bench`: measures the rows one after the other, prints each figure beside its bar, and appends the figures to the
// history. It exits with 1 only when a row could not run: a missed bar is a result.

import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type BenchOptions, readOptions, usage } from './bench-options.ts';
import { appendHistory, type BenchRecord, loadMax, type RecordContext, readHistory, recordOf, worsening } from './history.ts';
import { sampleLoad, thisMachine } from './machine.ts';
import { type Outcome, tableOf } from './report.ts';
import { type Row, rows } from './rows.ts';
import { runRow } from './run-row.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const historyPath = join(root, 'docs/benchmarks/history.jsonl');
const dataFolder = join(root, '.anabranch/bench');

const options = optionsOrExit();
if (options.isHelp) {
  console.log(usage);
  process.exit(0);
}
const history = readHistory(historyPath);
const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => interruption.abort());
const outcomes: Outcome[] = [];
for (const row of rows) {
  if (options.only.includes(row.name) && !interruption.signal.aborted) outcomes.push(...(await measureRow(row)));
}
const records = outcomes.flatMap((outcome) => (outcome.kind === 'measured' ? [outcome.record] : []));
appendHistory(historyPath, records);
console.log(`\n${tableOf(outcomes)}\n`);
console.log(closingRemarks(records).join('\n'));
process.exitCode = outcomes.some((outcome) => outcome.kind === 'broken') ? 1 : 0;

function optionsOrExit(): BenchOptions {
  try {
    return readOptions(process.argv.slice(2));
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nSee npm run bench -- --help.`);
    process.exit(2);
  }
}

async function measureRow(row: Row): Promise<Outcome[]> {
  const { name, title } = row;
  const loadBefore = await sampleLoad(500);
  const startMs = performance.now();
  try {
    const result = await runRow(row, { isQuick: options.isQuick, dataFolder, interrupted: interruption.signal });
    console.log(`${name}: ${title} (${((performance.now() - startMs) / 1000).toFixed(1)} s)`);
    const context: RecordContext = { ...thisRun(), name, loadBefore };
    return result.map((figure) => {
      if ('unmeasured' in figure) return { kind: 'unmeasured', name, figure };
      const record = recordOf(figure, context);
      return { kind: 'measured', record, worsening: worsening(record, history) };
    });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    console.log(`${name}: BROKEN: ${reason}`);
    return [{ kind: 'broken', name, reason }];
  }
}

function thisRun(): Omit<RecordContext, 'name' | 'loadBefore'> {
  const { isQuick } = options;
  return { sha: currentCommit(), date: new Date().toISOString(), machine: thisMachine(), node: process.version, isQuick };
}

function currentCommit(): string {
  const { status, stdout } = spawnSync('git', ['describe', '--always', '--dirty', '--exclude=*'], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : 'unknown';
}

function closingRemarks(appended: readonly BenchRecord[]): string[] {
  const { cpu, cores, memoryGb } = thisMachine();
  const remarks = [
    `${appended.length} figures appended to docs/benchmarks/history.jsonl (${cpu}, ${cores} cores, ${memoryGb} GB, Node ${process.version})`,
  ];
  const load = Math.max(0, ...appended.map((record) => record.loadBefore));
  if (load > loadMax) {
    const percent = Math.round(load * 100);
    remarks.push(
      `Other work used ${percent} % of the machine: the code is better than these figures, and no later run is compared with them.`,
    );
  }
  return remarks;
}
