import { parseArgs } from 'node:util';
import { type FaultKind, faultKinds } from '../faults/fault-event.ts';
import { type PlanName, type PlanOptions, planNames } from '../faults/simulation-plan.ts';

export interface SimOptions {
  readonly seeds: number;
  /** The first seed. */
  readonly seed: number;
  readonly minutes: number;
  readonly regions: number | undefined;
  readonly plan: PlanName;
  readonly keep: readonly number[] | undefined;
  readonly without: readonly FaultKind[] | undefined;
  readonly workers: number;
  /** Runs every seed so many'th twice here and once in another process, and compares traces; 0 = none. */
  readonly repeatEvery: number;
  /** Ends at the first violation, without looking for a smaller plan. */
  readonly isQuick: boolean;
  readonly isTracing: boolean;
  readonly hasCorpus: boolean;
  /** The file that what all seeds did together is written to; undefined for none. */
  readonly report: string | undefined;
  readonly isHelp: boolean;
}

export const exitCodes = { passed: 0, neverHappened: 1, usage: 2, violation: 3, notDeterministic: 4 } as const;

export const usage: string = `npm run sim -- [--seeds N] [--seed S] [--minutes M] [--regions R] [--plan NAME] [--workers W] [--repeat] ...

Runs real replicas in virtual time, over simulated networks and disks, through faults drawn from each seed, and checks every
promise. The corpus of seeds that once failed is replayed first.

  --seeds N      how many seeds (1)
  --seed S       the first one; without it, one is taken from the time
  --minutes M    virtual minutes in which anything goes (10)
  --regions R    2 to 7; drawn from the seed when left out
  --plan NAME    ${planNames.join(', ')} (swarm)
  --keep A,B,..  only the faults with these numbers, of those the plan draws
  --without A,B  no faults of these kinds: ${faultKinds.slice(0, 3).join(', ')}, ...
  --workers W    processes that share the seeds (1)
  --repeat       runs one seed in twenty three times, in two processes, and compares the traces
  --quick        ends at the first violation, without looking for a smaller list of faults
  --no-corpus    does not replay the corpus first
  --report FILE  writes what all seeds did together, as Markdown
  --trace        prints every line of the trace; for one seed
  --help         this text

Exit codes: 0 all held; 1 something that must happen in a run of this size never did; 2 wrong usage; 3 a promise was broken;
4 two runs of one seed differed.
`;

/** @throws Error for an argument that makes no sense. */
export function readSimOptions(args: readonly string[], now: () => number): SimOptions {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      ...{ seeds: text, seed: text, minutes: text, regions: text, plan: text, keep: text, without: text, workers: text, report: text },
      ...{ repeat: flag, quick: flag, 'no-corpus': flag, trace: flag, help: flag },
    },
  });
  const plan = planNames.find((name) => name === (values.plan ?? 'swarm'));
  if (plan === undefined) throw new Error(`there is no plan ${values.plan}; there are ${planNames.join(', ')}`);
  return {
    seeds: numberOf('seeds', values.seeds ?? '1', [1, 1_000_000]),
    seed: values.seed === undefined ? now() % 2 ** 31 : numberOf('seed', values.seed, [0, 2 ** 31]),
    minutes: numberOf('minutes', values.minutes ?? '10', [0.05, 600]),
    regions: values.regions === undefined ? undefined : numberOf('regions', values.regions, [2, 7]),
    plan,
    keep: values.keep?.split(',').map((id) => numberOf('keep', id, [0, 1_000_000])),
    without: values.without?.split(',').map(kindOf),
    workers: numberOf('workers', values.workers ?? '1', [1, 64]),
    repeatEvery: values.repeat ? 20 : 0,
    isQuick: values.quick ?? false,
    isTracing: values.trace ?? false,
    hasCorpus: !(values['no-corpus'] ?? false),
    report: values.report,
    isHelp: values.help ?? false,
  };
}

/** What is run for one seed. */
export function planOptionsOf(options: SimOptions, seed: number): PlanOptions {
  const { minutes, regions, plan, keep, without } = options;
  return { seed, minutes, plan, ...(regions !== undefined && { regions }), ...(keep && { keep }), ...(without && { without }) };
}

/** The command that runs this plan again. */
export function commandOf({ seed, minutes, regions, plan, keep, without }: PlanOptions): string {
  const kept = keep === undefined ? '' : ` --keep ${keep.join(',')}`;
  const counted = regions === undefined ? '' : ` --regions ${regions}`;
  const left = without === undefined ? '' : ` --without ${without.join(',')}`;
  return `npm run sim -- --no-corpus --seed ${seed} --minutes ${minutes}${counted} --plan ${plan ?? 'swarm'}${kept}${left}`;
}

function kindOf(name: string): FaultKind {
  const kind = faultKinds.find((known) => known === name);
  if (kind === undefined) throw new Error(`there is no kind of fault ${name}; there are ${faultKinds.join(', ')}`);
  return kind;
}

function numberOf(name: string, text: string, [min, max]: readonly [number, number]): number {
  const value = Number(text);
  const isWhole = name === 'minutes' || Number.isInteger(value);
  if (text.trim() === '' || !isWhole || value < min || value > max) throw new Error(`--${name} is a number from ${min} to ${max}`);
  return value;
}
