// What all seeds of a command did together, as a page to be kept.

import { availableParallelism, cpus } from 'node:os';
import { faultKinds } from '../faults/fault-event.ts';
import { revision } from './seed-report.ts';
import type { SimOptions } from './sim-options.ts';
import { branches, rareBranches } from './sometimes.ts';
import type { Tally } from './tally.ts';

export interface ReportedRun {
  readonly options: SimOptions;
  readonly seconds: number;
  /** The project's folder. */
  readonly root: string;
}

export function runReport(tally: Tally, { options, seconds, root }: ReportedRun): string {
  const counts = tally.counts();
  const figures: ReadonlyArray<readonly [string, number | string]> = [
    ['seeds', tally.seeds],
    ['virtual minutes', Math.round(tally.virtualMinutes)],
    ['minutes it took', (seconds / 60).toFixed(1)],
    ['virtual minutes per second, all workers together', (tally.virtualMinutes / seconds).toFixed(1)],
    ['operations asked for', tally.operations],
    ['edits acknowledged', tally.acknowledgedEdits],
    ['crashes and kills', tally.faults('crash', 'kill')],
    ['partitions', tally.faults('partition', 'cut_pair', 'cut_one_way')],
    ['disks set back, and wiped', `${tally.faults('rollback', 'relapse')}, ${tally.faults('wipe')}`],
    ['promises broken', tally.violations],
  ];
  const [regions, workers] = [options.regions ?? '2 to 7, drawn', options.workers];
  const cpu = `${availableParallelism()} cores, ${cpus()[0]?.model.trim() ?? 'unknown'}`;
  return `# A run of the simulator

Written by \`npm run sim -- --report\`: seeds from ${options.seed} on, ${options.minutes} virtual minutes each, plan ${options.plan}, regions: ${regions};
at ${revision(root)}, ${workers} workers (${cpu}).

${table(['what', 'how much'], figures)}

## Faults

${table(['kind', 'times'], namesOf(faultKinds, counts, 'fault:'))}

## Branches

Of the product and of the simulator. The last ${rareBranches.length} are too rare to be asked of every run.

${table(['branch', 'times'], namesOf([...branches, ...rareBranches], counts, ''))}
`;
}

function namesOf(names: readonly string[], counts: ReadonlyMap<string, number>, prefix: string): Array<readonly [string, number]> {
  return names.map((name) => [`\`${name}\``, counts.get(`${prefix}${name}`) ?? 0] as const);
}

function table(head: readonly string[], rows: ReadonlyArray<ReadonlyArray<string | number>>): string {
  return [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');
}
