import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { faultKinds } from '../faults/fault-event.ts';
import { drawPlan, type PlanOptions } from '../faults/simulation-plan.ts';
import { minimise } from './minimise.ts';
import type { RunResult } from './run-seed.ts';
import type { SeedWorker } from './seed-workers.ts';
import { exitCodes, readSimOptions } from './sim-options.ts';
import { Simulation } from './simulation.ts';
import { branches } from './sometimes.ts';

const violation = { checker: 'durable-acks', message: 'an acknowledged edit is lost', details: { key: 'client-1-4' } };
let corpusDirectory: string;
let printed: string[];

beforeEach(() => {
  corpusDirectory = mkdtempSync(join(tmpdir(), 'anabranch-corpus-'));
  printed = [];
  vi.spyOn(console, 'log').mockImplementation((text: string) => void printed.push(text));
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(corpusDirectory, { recursive: true });
});

function resultOf(options: PlanOptions, more: Partial<RunResult> = {}): RunResult {
  const plan = drawPlan(options);
  const totals = { acknowledgedEdits: 1, operations: 1, virtualMs: 60_000 * options.minutes, events: 1 };
  return { plan, violations: [], traceHash: 'ab', traceLines: ['the last line'], counts: {}, ...totals, ...more };
}

/** A worker whose runs end as told; remembers what it was given. */
function worker(ends: (options: PlanOptions) => Partial<RunResult>): SeedWorker & { readonly ran: PlanOptions[] } {
  const ran: PlanOptions[] = [];
  return {
    ran,
    run: async (options) => {
      ran.push(options);
      return resultOf(options, ends(options));
    },
    stop: () => {},
  };
}

function simulation(args: readonly string[], workers: readonly SeedWorker[]): Promise<number> {
  const options = readSimOptions(args, () => 1);
  return new Simulation({ options, workers, program: '', root: corpusDirectory, corpusDirectory }).run();
}

describe('npm run sim', () => {
  test('[SIM5] the first violation ends the run with its own code, the seed, the command and the smallest list of faults', async () => {
    // The promise breaks for as long as one certain fault is kept.
    const culprit = drawPlan({ seed: 9, minutes: 4 }).faults.find(({ kind }) => kind === 'crash' || kind === 'partition')?.id ?? 0;
    const breaking = worker(({ seed, keep }) => ({
      violations: seed === 9 && (keep === undefined || keep.includes(culprit)) ? [violation] : [],
    }));
    expect(await simulation(['--seed', '7', '--seeds', '9', '--minutes', '4'], [breaking])).toBe(exitCodes.violation);
    const report = printed.join('\n');
    expect(report).toContain('FAILED seed 9 at ');
    expect(report).toContain('durable-acks: an acknowledged edit is lost {"key":"client-1-4"}');
    expect(report).toContain(`replay: npm run sim -- --no-corpus --seed 9 --minutes 4 --plan swarm --keep ${culprit}\n`);
    expect(report).toContain('the last line');
    expect(breaking.ran.some(({ seed }) => seed > 9)).toBe(false);
  });

  test('[SIM5] with --quick nothing is made smaller', async () => {
    const breaking = worker(() => ({ violations: [violation] }));
    expect(await simulation(['--seed', '7', '--minutes', '4', '--quick'], [breaking])).toBe(exitCodes.violation);
    expect(breaking.ran.length).toBe(1);
  });

  test('[SIM5] a smaller plan that breaks another promise is not taken', async () => {
    const failed = resultOf({ seed: 9, minutes: 4 }, { violations: [violation] });
    const other = { ...violation, checker: 'convergence' };
    const { result } = await minimise(
      failed,
      async (options) => resultOf(options, { violations: [other] }),
      () => false,
    );
    expect(result).toBe(failed);
  });

  test('[SIM6] the corpus is replayed first, with its plans', async () => {
    const entry = { seed: 77, minutes: 1, plan: 'crash', keep: [3], note: 'what it was', fixedBy: 'what fixed it' };
    writeFileSync(join(corpusDirectory, 'a.json'), JSON.stringify(entry));
    const passing = worker(() => ({}));
    expect(await simulation(['--seed', '5', '--minutes', '1'], [passing])).toBe(exitCodes.passed);
    expect(passing.ran).toEqual([
      { seed: 77, minutes: 1, plan: 'crash', keep: [3] },
      { seed: 5, minutes: 1, plan: 'swarm' },
    ]);
    writeFileSync(join(corpusDirectory, 'b.json'), JSON.stringify({ seed: 1 }));
    await expect(simulation([], [passing])).rejects.toThrow('b.json is no entry of the corpus');
  });

  test('[SIM9] a run of normal size in which a fault or a branch never happened fails and names it; a small one does not', async () => {
    const all = Object.fromEntries([...faultKinds.map((kind) => `fault:${kind}`), ...branches].map((name) => [name, 1]));
    const { crash_in_compaction: _, ...lacking } = all;
    const run = (counts: Record<string, number>, minutes: string): Promise<number> =>
      simulation(['--seed', '5', '--seeds', '2', '--minutes', minutes], [worker(() => ({ counts }))]);
    expect(await run(all, '500')).toBe(exitCodes.passed);
    expect(await run(lacking, '500')).toBe(exitCodes.neverHappened);
    expect(printed.at(-1)).toContain('never happened: crash_in_compaction');
    expect(await run(lacking, '1')).toBe(exitCodes.passed);
  });

  test('[SIM9] what all seeds did together is written down when that is asked for', async () => {
    const file = join(corpusDirectory, 'run.md');
    const run = worker(() => ({ counts: { 'fault:crash': 2, gap: 3 } }));
    expect(await simulation(['--seed', '5', '--seeds', '2', '--minutes', '1', '--report', file], [run])).toBe(exitCodes.passed);
    const report = readFileSync(file, 'utf8');
    expect(report).toContain('seeds from 5 on, 1 virtual minutes each, plan swarm, regions: 2 to 7, drawn;');
    for (const row of ['| seeds | 2 |', '| `crash` | 4 |', '| `gap` | 6 |', '| `wipe` | 0 |', '| promises broken | 0 |'])
      expect(report).toContain(row);
  });

  test('wrong usage is refused, naming what is wrong', () => {
    expect(() => readSimOptions(['--plan', 'doom'], () => 1)).toThrow('there is no plan doom');
    expect(() => readSimOptions(['--regions', '8'], () => 1)).toThrow('--regions is a number from 2 to 7');
    expect(() => readSimOptions(['--seeds', '1.5'], () => 1)).toThrow('--seeds is a number');
    expect(readSimOptions([], () => 12_345).seed).toBe(12_345);
  });
});
