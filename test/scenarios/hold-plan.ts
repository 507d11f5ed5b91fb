import '../simulator/traps/global-traps.ts';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import { drawPlan, type PlanOptions } from '../simulator/faults/simulation-plan.ts';
import { runPlan } from '../simulator/run/run-seed.ts';
import { reportOf } from '../simulator/run/seed-report.ts';

export const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs a plan to its end; fails with what a person needs when a promise was broken. */
export async function hold(options: PlanOptions) {
  const result = await runPlan(drawPlan(options));
  if (result.violations.length > 0) expect.fail(reportOf(result, undefined, root));
  return result;
}
