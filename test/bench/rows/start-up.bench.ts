// From starting a region's process to ready, on a store with a million documents; then again and again after kill -9, which
// is what a crash costs. What Node takes to start without any of this is measured beside it.

import { spawnSync } from 'node:child_process';
import type { Measure } from '../bench-row.ts';
import { prepareLog } from '../world/prepared-log.ts';
import { RegionProcess } from '../world/region-process.ts';

export const measure: Measure = async ({ folder, isQuick }) => {
  const documents = isQuick ? 100_000 : 1_000_000;
  const name = isQuick ? '100k-documents' : '1m-documents';
  const region = 'new-york';
  await prepareLog({ region, documents, opsPerDocument: 1, stores: [{ folder, region }] });
  const first = await RegionProcess.start({ folder, region });
  const residentBytes = first.residentBytes();
  await first.end('SIGTERM');
  const readyMs = [first.readyMs];
  const afterKillMs: number[] = [];
  for (let turn = 0; turn < (isQuick ? 2 : 4); turn++) {
    const started = await RegionProcess.start({ folder, region });
    (turn === 0 ? readyMs : afterKillMs).push(started.readyMs);
    await started.end('SIGKILL');
  }
  const nodeMs = Array.from({ length: 3 }, bareNodeMs);
  const memory = { metric: `memory-${name}`, unit: 'MB', better: 'less', bar: 200 } as const;
  return [
    { metric: `ready-${name}`, unit: 'ms', better: 'less', bar: 1_000, runs: readyMs },
    { metric: `ready-after-kill-${name}`, unit: 'ms', better: 'less', runs: afterKillMs },
    { metric: 'bare-node', unit: 'ms', better: 'less', runs: nodeMs },
    residentBytes === undefined
      ? { ...memory, unmeasured: 'the system does not tell the memory of a process' }
      : { ...memory, runs: [residentBytes / 1e6] },
  ];
};

function bareNodeMs(): number {
  const startMs = performance.now();
  spawnSync(process.execPath, ['-e', '0']);
  return performance.now() - startMs;
}
