// Catching up with 1,000 missed ops must cost what was missed, not what exists: the same absence is made up for by regions
// with more and more documents. Timed from dialling to having all of it, durably.

import { join } from 'node:path';
import type { Measure } from '../bench-row.ts';
import { median } from '../statistics.ts';
import { LinkedPair } from '../world/linked-pair.ts';
import { prepareLog } from '../world/prepared-log.ts';

const missedOps = 1_000;

export const measure: Measure = async ({ folder, isQuick }) => {
  const sizes = isQuick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
  const timesMs: number[][] = [];
  for (const documents of sizes) timesMs.push(await catchUps(join(folder, String(documents)), documents, isQuick ? 5 : 9));
  const medians = timesMs.map(median);
  return [
    ...sizes.map((documents, n) => ({
      metric: `${documents / 1000}k-documents`,
      unit: 'ms',
      better: 'less' as const,
      runs: timesMs[n] ?? [],
    })),
    { metric: 'slowest-to-fastest', unit: 'x', better: 'less', bar: 1.2, runs: [Math.max(...medians) / Math.min(...medians)] },
  ];
};

async function catchUps(folder: string, documents: number, times: number): Promise<number[]> {
  const stores = ['berlin', 'new-york'].map((region) => ({ folder, region }));
  const { origin, ops } = await prepareLog({ region: 'berlin', documents, opsPerDocument: 1, stores });
  const pair = await LinkedPair.open(folder);
  const timesMs: number[] = [];
  let seq = ops;
  // The first two only warm up.
  for (let turn = -2; turn < times; turn++) {
    ({ seq } = await pair.write('writeAtOnce', { collection: 'carts', documents, ops: missedOps }));
    const startMs = performance.now();
    pair.link();
    await pair.untilArrived(origin, seq);
    if (turn >= 0) timesMs.push(performance.now() - startMs);
    await pair.unlink();
  }
  await pair.stop();
  return timesMs;
}
