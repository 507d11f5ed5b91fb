// What all runs of a command did together.

import { type FaultKind, faultKinds } from '../faults/fault-event.ts';
import type { RunResult } from './run-seed.ts';
import { branches, rareBranches } from './sometimes.ts';

/** Virtual minutes of all seeds together from which everything must have happened. */
const normalMinutes = 1_000;

export class Tally {
  readonly #counts = new Map<string, number>();
  seeds = 0;
  virtualMinutes = 0;
  operations = 0;
  acknowledgedEdits = 0;
  violations = 0;
  events = 0;

  add(result: RunResult): void {
    this.seeds += 1;
    this.virtualMinutes += result.virtualMs / 60_000;
    this.operations += result.operations;
    this.acknowledgedEdits += result.acknowledgedEdits;
    this.violations += result.violations.length;
    this.events += result.events;
    for (const [name, count] of Object.entries(result.counts)) this.#counts.set(name, (this.#counts.get(name) ?? 0) + count);
  }

  /** How often each thing happened, by name. */
  counts(): ReadonlyMap<string, number> {
    return this.#counts;
  }

  /** How many faults of these kinds there were. */
  faults(...kinds: readonly FaultKind[]): number {
    return kinds.reduce((sum, kind) => sum + (this.#counts.get(`fault:${kind}`) ?? 0), 0);
  }

  /** What should have happened and never did. */
  missing(): string[] {
    const names = [...faultKinds.map((kind) => `fault:${kind}`), ...branches];
    return names.filter((name) => !this.#counts.has(name));
  }

  /** Whether so much was run that everything must have happened. */
  get isOfNormalSize(): boolean {
    return this.virtualMinutes >= normalMinutes;
  }

  lines(seconds: number): string[] {
    const all = [...this.#counts].sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, count]) => `${name} ${count}`);
    const of = (...kinds: FaultKind[]): number => this.faults(...kinds);
    return [
      `${this.seeds} seeds, ${this.virtualMinutes.toFixed(0)} virtual minutes in ${seconds.toFixed(0)} s (${(this.virtualMinutes / seconds).toFixed(1)} per second), ${this.events} events`,
      `${this.operations} operations, ${this.acknowledgedEdits} acknowledged edits`,
      `${of('crash', 'kill')} crashes, ${of('partition', 'cut_pair', 'cut_one_way')} partitions, ${of('rollback', 'relapse')} rollbacks, ${of('wipe')} wipes`,
      `happened: ${all.join(', ')}`,
      `too rare to be asked for, and never happened: ${rareBranches.filter((name) => !this.#counts.has(name)).join(', ') || 'none'}`,
      `never happened: ${this.missing().join(', ') || 'nothing of the list'}`,
    ];
  }
}
