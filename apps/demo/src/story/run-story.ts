// A demonstration as a program: a world of its own on free ports and in a temporary folder, and a story told in it. Exit codes:
// 0 when every promise was kept, 1 when one was broken or the world failed, 2 for wrong usage.

import { parseArgs } from 'node:util';
import { AnabranchError, isAnabranchError } from '@anabranch/base';
import { NodeRandom } from '@anabranch/system';
import { parsePortBase } from '../demo-options.ts';
import { endSignals, onOutputLost } from '../end-signals.ts';
import { World } from '../world.ts';
import { Report } from './report.ts';
import { SeededRandom } from './seeded-random.ts';

export interface Story {
  readonly world: World;
  readonly report: Report;
  readonly random: SeededRandom;
}

export interface StoryProgram {
  /** Of the npm script. */
  readonly name: string;
  /** What it does, and what a seed repeats of it. */
  readonly summary: string;
  readonly seeded: string;
  readonly tell: (story: Story) => Promise<void>;
}

interface StoryOptions {
  readonly seed: number;
  readonly portBase: number;
  readonly isHelp: boolean;
}

/** Resolves with the exit code. */
export async function runStory(program: StoryProgram, args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (!options.isHelp) return await tell(program, options);
    process.stdout.write(usageOf(program));
    return 0;
  } catch (error) {
    if (!isAnabranchError(error)) throw error;
    process.stderr.write(`${error.message}\n`);
    return error.code === 'config_invalid' ? 2 : 1;
  }
}

async function tell(program: StoryProgram, { seed, portBase }: StoryOptions): Promise<number> {
  const report = new Report((text) => process.stdout.write(text));
  report.say(`Starting New York, Berlin and Tokyo (seed ${seed}) ...`);
  const whenTold = new AbortController();
  for (const signal of endSignals) process.once(signal, () => whenTold.abort(endedEarly()));
  onOutputLost(() => whenTold.abort(endedEarly()));
  const world = await World.start({ portBase, signal: whenTold.signal });
  try {
    await Promise.race([program.tell({ world, report, random: new SeededRandom(seed) }), rejectWhenAborted(whenTold.signal)]);
  } finally {
    await world.stop();
  }
  report.verdict(`npm run ${program.name} -- --seed ${seed}`);
  return report.broken.length === 0 ? 0 : 1;
}

function rejectWhenAborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason));
  });
}

function endedEarly(): AnabranchError {
  return new AnabranchError('not_ready', 'ended by a signal, before the end of the story');
}

function usageOf({ name, summary, seeded }: StoryProgram): string {
  return `${summary}

  npm run ${name} -- [--seed N] [--port-base N]

  --seed N        repeats ${seeded} of an earlier run (default random)
  --port-base N   regions at N+1, N+2, N+3 (default 0: free ports)
  --help          show this text
`;
}

/** @throws AnabranchError `config_invalid` */
function parseOptions(args: readonly string[]): StoryOptions {
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
