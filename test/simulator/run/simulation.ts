// The seeds of one command over its workers: the corpus first, then the seeds that were asked for, up to the first that
// fails.

import { writeFileSync } from 'node:fs';
import type { PlanOptions } from '../faults/simulation-plan.ts';
import { readCorpus } from './corpus.ts';
import { minimise } from './minimise.ts';
import { runReport } from './run-report.ts';
import type { RunResult } from './run-seed.ts';
import { reportOf } from './seed-report.ts';
import { type SeedWorker, workerProcess } from './seed-workers.ts';
import { commandOf, exitCodes, planOptionsOf, type SimOptions } from './sim-options.ts';
import { Tally } from './tally.ts';

/** What looking for a smaller list of faults may take. */
const minimiseMsMax = 90_000;
/** How often a long run says how far it is. */
const progressMs = 15_000;

export interface SimulationParts {
  readonly options: SimOptions;
  readonly workers: readonly SeedWorker[];
  /** The path of the program, for runs in another process. */
  readonly program: string;
  /** The project's folder, and the corpus in it. */
  readonly root: string;
  readonly corpusDirectory: string;
}

export class Simulation {
  readonly #parts: SimulationParts;
  readonly #options: SimOptions;
  readonly #tally = new Tally();
  readonly #startMs = performance.now();
  #code: number = exitCodes.passed;
  #saidMs = performance.now();
  #isInterrupted = false;

  constructor(parts: SimulationParts) {
    this.#parts = parts;
    this.#options = parts.options;
  }

  /** No seed is begun from here on; what was done is told. */
  interrupt(): void {
    this.#isInterrupted = true;
  }

  async run(): Promise<number> {
    const { seed, seeds, hasCorpus } = this.#options;
    console.log(`first of ${seeds} seeds: ${commandOf(planOptionsOf(this.#options, seed))}`);
    const corpus = hasCorpus ? readCorpus(this.#parts.corpusDirectory).map(({ plan }) => plan) : [];
    await this.#runAll(corpus);
    if (this.#code === exitCodes.passed) {
      await this.#runAll(Array.from({ length: seeds }, (_, at) => planOptionsOf(this.#options, seed + at)));
    }
    const seconds = (performance.now() - this.#startMs) / 1000;
    console.log(this.#tally.lines(seconds).join('\n'));
    const { report } = this.#options;
    if (report !== undefined) writeFileSync(report, runReport(this.#tally, { options: this.#options, seconds, root: this.#parts.root }));
    const isWhole = this.#options.plan === 'swarm' && !this.#isInterrupted;
    const lacksSomething = isWhole && this.#tally.isOfNormalSize && this.#tally.missing().length > 0;
    if (this.#code === exitCodes.passed && lacksSomething) return exitCodes.neverHappened;
    return this.#code;
  }

  async #runAll(plans: readonly PlanOptions[]): Promise<void> {
    let next = 0;
    const work = async (worker: SeedWorker): Promise<void> => {
      for (let at = next++; at < plans.length && this.#code === exitCodes.passed && !this.#isInterrupted; at = next++) {
        const options = plans[at];
        if (options !== undefined) await this.#runOne(worker, options, at);
      }
    };
    await Promise.all(this.#parts.workers.map(work));
  }

  async #runOne(worker: SeedWorker, options: PlanOptions, at: number): Promise<void> {
    const result = await worker.run(options);
    if (this.#code !== exitCodes.passed) return;
    this.#tally.add(result);
    if (result.violations.length > 0) return this.#fail(worker, result);
    const { repeatEvery } = this.#options;
    if (repeatEvery > 0 && at % repeatEvery === 0) await this.#repeat(worker, result);
    if (performance.now() - this.#saidMs < progressMs) return;
    this.#saidMs = performance.now();
    console.log(this.#tally.lines((performance.now() - this.#startMs) / 1000)[0]);
  }

  async #fail(worker: SeedWorker, result: RunResult): Promise<void> {
    this.#code = exitCodes.violation;
    const endMs = performance.now() + minimiseMsMax;
    const minimised = this.#options.isQuick
      ? undefined
      : await minimise(
          result,
          (options) => worker.run(options),
          () => performance.now() >= endMs,
        );
    console.log(reportOf(result, minimised, this.#parts.root));
  }

  /** The same seed again here, and in a process of its own. */
  async #repeat(worker: SeedWorker, first: RunResult): Promise<void> {
    const other = workerProcess(this.#parts.program);
    try {
      const again = [await worker.run(first.plan.options), await other.run(first.plan.options)];
      const hashes = [first, ...again].map(({ traceHash }) => traceHash);
      if (new Set(hashes).size === 1) return;
      this.#code = exitCodes.notDeterministic;
      console.log(`NOT DETERMINISTIC seed ${first.plan.options.seed}: ${hashes.join(' ')}\nreplay: ${commandOf(first.plan.options)}`);
    } finally {
      other.stop();
    }
  }
}
