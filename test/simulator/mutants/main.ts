// `npm run mutants`: plants each bug in turn, runs seeds until the simulator finds it, and reports which checker did and how
// many seeds it took. A bug that no seed finds fails the command.
//
//   mutant --> simulator with the bug, one process --found: exit 3--> which seed, which checker
//                                                  --not found: exit 0 or 1--> SURVIVED
//                                                  --anything else--> BROKEN: the bug could not be planted

import { spawn } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { exitCodes } from '../run/sim-options.ts';
import { type Mutant, mutants } from './mutants.ts';

const here = fileURLToPath(new URL('.', import.meta.url));
const simulator = join(here, '../main.js');
const root = join(here, '../../../..');
const reportPath = join(root, 'docs/mutants.md');

const usage = `npm run mutants -- [--only A,B] [--seeds N] [--seed S] [--minutes M] [--workers W] [--no-report]

Plants one bug at a time in the compiled product, in memory, and runs seeds until the simulator finds it.

  --only A,B    these bugs only; the report is not written then
  --seeds N     seeds that each bug may take (200)
  --seed S      the first one; without it, one is taken from the time
  --minutes M   virtual minutes of a seed (1)
  --workers W   bugs that are tried at the same time (1)
  --no-report   does not write docs/mutants.md

Exit codes: 0 all bugs were found; 1 one was not, or could not be planted; 2 wrong usage.
`;

interface Verdict {
  readonly mutant: Mutant;
  readonly outcome: 'found' | 'survived' | 'broken';
  /** Seeds run, the one that found it included. */
  readonly seeds: number;
  readonly checker: string;
  readonly seconds: number;
}

interface Options {
  readonly only: readonly string[] | undefined;
  readonly seeds: number;
  readonly seed: number;
  readonly minutes: string;
  readonly workers: number;
  readonly writesReport: boolean;
}

process.exitCode = await main();

async function main(): Promise<number> {
  let options: Options | undefined;
  try {
    options = readOptions();
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : error}\n\n${usage}`);
    return 2;
  }
  if (options === undefined) {
    console.log(usage);
    return 0;
  }
  const chosen = mutants.filter(({ name }) => options.only === undefined || options.only.includes(name));
  console.log(
    `${chosen.length} planted bugs, at most ${options.seeds} seeds of ${options.minutes} virtual minutes each, from seed ${options.seed}`,
  );
  const verdicts: Verdict[] = [];
  let next = 0;
  const work = async (): Promise<void> => {
    for (let mutant = chosen[next++]; mutant !== undefined; mutant = chosen[next++]) {
      const verdict = await tryOut(mutant, options);
      verdicts.push(verdict);
      console.log(lineOf(verdict));
    }
  };
  await Promise.all(Array.from({ length: options.workers }, work));
  const found = verdicts.filter(({ outcome }) => outcome === 'found').length;
  console.log(`${found} of ${chosen.length} found`);
  if (options.writesReport) writeReport(verdicts, options);
  return found === chosen.length ? 0 : 1;
}

function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    options: { only: text, seeds: text, seed: text, minutes: text, workers: text, 'no-report': flag, help: flag },
  });
  if (values.help) return undefined;
  const only = values.only?.split(',');
  const unknown = only?.find((name) => !mutants.some((mutant) => mutant.name === name));
  if (unknown !== undefined) throw new Error(`there is no mutant ${unknown}; there are ${mutants.map(({ name }) => name).join(', ')}`);
  return {
    only,
    seeds: wholeNumber('seeds', values.seeds ?? '200'),
    seed: wholeNumber('seed', values.seed ?? String(Date.now() % 2 ** 31)),
    minutes: values.minutes ?? '1',
    workers: wholeNumber('workers', values.workers ?? '1'),
    writesReport: only === undefined && !values['no-report'],
  };
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a whole number from 1`);
  return value;
}

/** Runs the simulator with the bug in it. */
async function tryOut(mutant: Mutant, { seeds, seed, minutes }: Options): Promise<Verdict> {
  const startMs = performance.now();
  const args = ['--import', new URL('./plant.js', import.meta.url).href, simulator];
  const length = String(mutant.minutes ?? minutes);
  const simulation = [
    '--quick',
    '--no-corpus',
    '--seeds',
    String(seeds),
    '--seed',
    String(seed),
    '--minutes',
    length,
    '--plan',
    mutant.plan ?? 'swarm',
  ];
  const child = spawn(process.execPath, [...args, ...simulation], {
    env: { ...process.env, ANABRANCH_MUTANT: mutant.name },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  }
  const code = await new Promise<number | null>((resolve) => void child.once('close', resolve));
  const seconds = (performance.now() - startMs) / 1000;
  const failing = /^FAILED seed (\d+)/m.exec(output)?.[1];
  const checker = /^ {2}([a-z-]+): /m.exec(output.slice(output.indexOf('FAILED seed')))?.[1] ?? '';
  if (code === exitCodes.violation && failing !== undefined) {
    return { mutant, outcome: 'found', seeds: Number(failing) - seed + 1, checker, seconds };
  }
  const hasEnded = output.includes('acknowledged edits');
  if (hasEnded && (code === exitCodes.passed || code === exitCodes.neverHappened))
    return { mutant, outcome: 'survived', seeds, checker: '', seconds };
  console.log(output.slice(-2_000));
  return { mutant, outcome: 'broken', seeds: 0, checker: '', seconds };
}

function lineOf({ mutant, outcome, seeds, checker, seconds }: Verdict): string {
  const how = outcome === 'found' ? `found by ${checker} in seed ${seeds}` : outcome.toUpperCase();
  return `${mutant.name.padEnd(28)} ${how} (${seconds.toFixed(0)} s)`;
}

function writeReport(verdicts: readonly Verdict[], { seed, seeds, minutes }: Options): void {
  const order = new Map(mutants.map((mutant, at) => [mutant.name, at]));
  const rows = [...verdicts]
    .sort((a, b) => (order.get(a.mutant.name) ?? 0) - (order.get(b.mutant.name) ?? 0))
    .map(({ mutant, outcome, seeds: used, checker }) => {
      const result = outcome === 'found' ? `${checker} | ${used}` : `**${outcome}** | -`;
      return `| ${mutant.name} | ${mutant.bug} | ${result} |`;
    });
  const found = verdicts.filter(({ outcome }) => outcome === 'found').length;
  const longer = verdicts.flatMap(({ mutant: { name, minutes: own } }) => (own === undefined ? [] : [`${own} for ${name}`]));
  const exceptions = longer.length === 0 ? '' : ` (${longer.join(', ')})`;
  const text = `# Planted bugs

Written by \`npm run mutants\`: each bug is planted in the compiled product, and seeds of the simulator run until one finds it.
${found} of ${verdicts.length} were found, each in at most ${seeds} seeds of ${minutes} virtual minutes, from seed ${seed}${exceptions}.

| bug | what is wrong | found by | seeds |
|---|---|---|---|
${rows.join('\n')}
`;
  mkdirSync(join(root, 'docs'), { recursive: true });
  writeFileSync(reportPath, text);
}
