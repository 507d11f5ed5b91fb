// Looks for fewer faults that break the same promise: first without whole kinds, then without halves, then without single
// ones, for as long as its time lasts.

import type { PlanOptions } from '../faults/simulation-plan.ts';
import type { RunResult } from './run-seed.ts';

export interface Minimised {
  readonly result: RunResult;
  readonly runs: number;
  /** False when the time was over first. */
  readonly isMinimal: boolean;
}

export async function minimise(
  failed: RunResult,
  run: (options: PlanOptions) => Promise<RunResult>,
  isTimeOver: () => boolean,
): Promise<Minimised> {
  const checkers = new Set(failed.violations.map(({ checker }) => checker));
  let best = failed;
  let runs = 0;
  const tryWith = async (keep: readonly number[]): Promise<boolean> => {
    runs += 1;
    const result = await run({ ...failed.plan.options, keep });
    if (!result.violations.some(({ checker }) => checkers.has(checker))) return false;
    best = result;
    return true;
  };
  const kinds = [...new Set(failed.plan.faults.map(({ kind }) => kind))];
  for (const kind of kinds) {
    if (isTimeOver()) return { result: best, runs, isMinimal: false };
    await tryWith(best.plan.faults.filter((fault) => fault.kind !== kind).map(({ id }) => id));
  }
  for (let size = Math.ceil(best.plan.faults.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let from = 0; from < best.plan.faults.length; ) {
      if (isTimeOver()) return { result: best, runs, isMinimal: false };
      const ids = best.plan.faults.map(({ id }) => id);
      const isSmaller = await tryWith([...ids.slice(0, from), ...ids.slice(from + size)]);
      if (!isSmaller) from += size;
    }
  }
  return { result: best, runs, isMinimal: true };
}
