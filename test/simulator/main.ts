import { drawPlan } from './faults/simulation-plan.ts';
import { runPlan } from './run/run-seed.ts';

const from = Number(process.argv[2] ?? 1);
const count = Number(process.argv[3] ?? 1);
const minutes = Number(process.argv[4] ?? 1);
const isTracing = process.argv[5] === 'trace';
for (let seed = from; seed < from + count; seed++) {
  const start = performance.now();
  const plan = drawPlan({ seed, minutes });
  const result = await runPlan(plan, isTracing ? (line) => console.log(line) : undefined);
  const seconds = (performance.now() - start) / 1000;
  console.log(seed, plan.regions.length, plan.topology, `${plan.faults.length} faults`, result.traceHash, `${seconds.toFixed(2)} s`, `${(result.virtualMs / 60000 / seconds).toFixed(1)} vmin/s`, result.events, result.acknowledgedEdits, result.violations.slice(0, 3));
}
