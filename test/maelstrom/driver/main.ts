// `npm run maelstrom`: runs one test and prints what it found.

import { writeFileSync } from 'node:fs';
import { NodeClock, NodeRandom } from '@anabranch/system';
import { runTest } from './run-test.ts';
import { readTestOptions, type TestOptions, testUsage } from './test-options.ts';

/** Problems that are printed; the rest are counted. */
const problemsShown = 20;

function optionsOrExit(): TestOptions {
  try {
    const options = readTestOptions(process.argv.slice(2), new NodeRandom().u32());
    if (options !== 'help') return options;
    console.log(testUsage);
    process.exit(0);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${testUsage}`);
    process.exit(2);
  }
}

for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(130));
const options = optionsOrExit();
console.log(`${options.workload} on ${options.library}, ${options.nodeCount} nodes, seed ${options.seed}`);
const { history, problems, figures } = await runTest(options, new NodeClock());
if (options.historyPath !== undefined) {
  writeFileSync(options.historyPath, history.map((entry) => `${JSON.stringify(entry)}\n`).join(''));
}
for (const [name, value] of Object.entries(figures)) console.log(`  ${name.padEnd(38)} ${value}`);
for (const problem of problems.slice(0, problemsShown)) console.log(`  ${problem}`);
if (problems.length > problemsShown) console.log(`  and ${problems.length - problemsShown} more`);
console.log(problems.length === 0 ? 'all held' : `${problems.length} problems; again with --seed ${options.seed}`);
process.exitCode = problems.length === 0 ? 0 : 1;
