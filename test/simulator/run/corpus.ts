// Seeds that once failed, kept in test/corpus with what they were about.

import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlanOptions } from '../faults/simulation-plan.ts';

export interface CorpusEntry {
  readonly name: string;
  readonly plan: PlanOptions;
  readonly note: string;
  /** What made it pass: a commit's subject, or what was changed in the simulator. */
  readonly fixedBy: string;
}

/** @throws Error naming a file that is no entry. */
export function readCorpus(directory: string): readonly CorpusEntry[] {
  return readdirSync(directory)
    .filter((name) => name.endsWith('.json'))
    .sort()
    .map((name) => entryOf(name, JSON.parse(readFileSync(join(directory, name), 'utf8'))));
}

type CorpusFile = PlanOptions & Pick<CorpusEntry, 'note' | 'fixedBy'>;

function entryOf(name: string, parsed: Partial<CorpusFile>): CorpusEntry {
  const { note, fixedBy, seed, minutes, ...rest } = parsed;
  if (seed === undefined || minutes === undefined || note === undefined || fixedBy === undefined) {
    throw new Error(`${name} is no entry of the corpus: it needs seed, minutes, note and fixedBy`);
  }
  return { name, plan: { seed, minutes, ...rest }, note, fixedBy };
}
