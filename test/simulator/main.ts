// `npm run sim`: the corpus, then the seeds that were asked for; the first that fails is made smaller, shown, and ends it.

import './traps/global-traps.ts';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { serve, serveArgument, workerHere, workerProcess } from './run/seed-workers.ts';
import { exitCodes, readSimOptions, type SimOptions, usage } from './run/sim-options.ts';
import { Simulation } from './run/simulation.ts';

const program = fileURLToPath(import.meta.url);
const root = join(program, '../../../..');

if (process.argv[2] === serveArgument) serve();
else process.exitCode = await main();

async function main(): Promise<number> {
  const options = readOptions();
  if (options === undefined) return exitCodes.usage;
  if (options.isHelp) {
    console.log(usage);
    return exitCodes.passed;
  }
  const onLine = options.isTracing ? (line: string): void => console.log(line) : undefined;
  const workers = Array.from({ length: options.workers }, () => (options.workers === 1 ? workerHere(onLine) : workerProcess(program)));
  const simulation = new Simulation({ options, workers, program, root, corpusDirectory: join(root, 'test/corpus') });
  for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => simulation.interrupt());
  try {
    return await simulation.run();
  } finally {
    for (const worker of workers) worker.stop();
  }
}

function readOptions(): SimOptions | undefined {
  try {
    return readSimOptions(process.argv.slice(2), Date.now);
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\nSee npm run sim -- --help.`);
    return undefined;
  }
}
