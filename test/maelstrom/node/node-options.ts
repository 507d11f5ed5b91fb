// What a node is told on its command line or, by a harness that passes no arguments, in its environment.

import { parseArgs } from 'node:util';
import type { Library } from '@anabranch/crdt';
import { isWorkload, type Workload, workloads } from '../wire/workload.ts';

export interface NodeOptions {
  readonly workload: Workload;
  readonly library: Library;
}

export const nodeUsage: string = `usage: node.mjs WORKLOAD [--library yjs|automerge]

Speaks Maelstrom's protocol on standard input and output. WORKLOAD: ${workloads.join(', ')}.
ANABRANCH_MAELSTROM_WORKLOAD and ANABRANCH_MAELSTROM_LIBRARY say the same in the environment.
`;

/** @throws Error when it makes no sense. */
export function readNodeOptions(args: readonly string[], env: Readonly<Record<string, string | undefined>>): NodeOptions {
  const { values, positionals } = parseArgs({ args: [...args], options: { library: { type: 'string' } }, allowPositionals: true });
  const workload = positionals[0] ?? env['ANABRANCH_MAELSTROM_WORKLOAD'];
  const library = values.library ?? env['ANABRANCH_MAELSTROM_LIBRARY'] ?? 'yjs';
  if (positionals.length > 1) throw new Error('more than one workload is named');
  if (workload === undefined) throw new Error('no workload is named');
  if (!isWorkload(workload)) throw new Error(`there is no workload ${workload}`);
  if (library !== 'yjs' && library !== 'automerge') throw new Error(`there is no library ${library}`);
  return { workload, library };
}
