// `npm run demo:partition`: a world of its own on free ports and in a temporary folder, and the story told in it. Exit codes:
// 0 when every promise was kept, 1 when one was broken or the world failed, 2 for wrong usage.

import { parseArgs } from 'node:util';
import { AnabranchError, isAnabranchError } from '@anabranch/base';
import { NodeRandom } from '@anabranch/system';
import { parsePortBase } from './demo-options.ts';
import { Report } from './partition-demo/report.ts';
import { SeededRandom } from './partition-demo/seeded-random.ts';
import { tellStory } from './partition-demo/story.ts';
import { World } from './world.ts';

const usage = `Tells the story of a partition with three real regions, and checks every promise on the way.

  npm run demo:partition -- [--seed N] [--port-base N]

  --seed N        repeats the quantities of an earlier run (default random)
  --port-base N   regions at N+1, N+2, N+3 (default 0: free ports)
  --help          show this text
`;

interface PartitionOptions {
  readonly seed: number;
  readonly portBase: number;
  readonly isHelp: boolean;
}

process.exitCode = await main(process.argv.slice(2));

async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (!options.isHelp) return await run(options);
    process.stdout.write(usage);
    return 0;
  } catch (error) {
    if (!isAnabranchError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.code === 'config_invalid' ? 2 : 1;
  }
}

async function run({ seed, portBase }: PartitionOptions): Promise<number> {
  const report = new Report((text) => process.stdout.write(text));
  report.say(`Starting New York, Berlin and Tokyo (seed ${seed}) ...`);
  const whenTold = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => whenTold.abort());
  const world = await World.start({ portBase, signal: whenTold.signal });
  try {
    await Promise.race([tellStory({ world, report, random: new SeededRandom(seed) }), rejectWhenAborted(whenTold.signal)]);
  } finally {
    await world.stop();
  }
  report.verdict(`npm run demo:partition -- --seed ${seed}`);
  return report.broken.length === 0 ? 0 : 1;
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(new AnabranchError('not_ready', 'ended by a signal, before the end of the story')));
  });
}

/** @throws AnabranchError `config_invalid` */
function parseOptions(args: readonly string[]): PartitionOptions {
  const values = readFlags(args);
  const seed = values.seed ?? String(new NodeRandom().u32());
  if (!/^\d{1,10}$/.test(seed)) throw new AnabranchError('config_invalid', `--seed is a number, not ${JSON.stringify(seed)}`);
  return { seed: Number(seed), portBase: parsePortBase(values['port-base'] ?? '0'), isHelp: values.help === true };
}

function readFlags(args: readonly string[]) {
  try {
    const options = { seed: { type: 'string' }, 'port-base': { type: 'string' }, help: { type: 'boolean', short: 'h' } } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    throw new AnabranchError('config_invalid', error instanceof Error ? error.message : 'the flags could not be read');
  }
}
