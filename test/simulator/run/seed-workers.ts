// Runs seeds here or in child processes, one at a time in each.

import { type ChildProcess, fork } from 'node:child_process';
import { drawPlan, type PlanOptions } from '../faults/simulation-plan.ts';
import { type RunResult, runPlan } from './run-seed.ts';

/** Runs one plan at a time. */
export interface SeedWorker {
  run(options: PlanOptions): Promise<RunResult>;
  stop(): void;
}

/** The argument by which the program knows that it is a child. */
export const serveArgument = '--serve';

export function workerHere(onLine?: (line: string) => void): SeedWorker {
  return { run: (options) => runPlan(drawPlan(options), onLine), stop: () => {} };
}

/** Most of what a run makes is gone soon: a larger nursery takes a tenth off its time. */
const nurseryFlag = '--max-semi-space-size=64';

export function workerProcess(program: string): SeedWorker {
  const child: ChildProcess = fork(program, [serveArgument], {
    serialization: 'advanced',
    execArgv: [...process.execArgv, nurseryFlag],
  });
  return {
    run: (options) =>
      new Promise((resolve, reject) => {
        const settle = (act: () => void): void => {
          child.removeListener('message', answered);
          child.removeListener('exit', ended);
          act();
        };
        const answered = (answer: RunResult | { readonly error: string }): void =>
          settle(() => ('error' in answer ? reject(new Error(answer.error)) : resolve(answer)));
        const ended = (code: number | null): void =>
          settle(() => reject(new Error(`the worker of seed ${options.seed} ended with ${code}`)));
        child.once('message', answered);
        child.once('exit', ended);
        child.send(options);
      }),
    stop: () => void child.kill('SIGKILL'),
  };
}

/** The child's side. */
export function serve(): void {
  process.on('disconnect', () => process.exit(0));
  // An interrupt reaches the whole group; the seed at hand is finished, and the parent ends its children.
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => {});
  process.on('message', (options: PlanOptions) => {
    runPlan(drawPlan(options)).then(
      (result) => process.send?.(result),
      (error: unknown) => process.send?.({ error: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
    );
  });
}
