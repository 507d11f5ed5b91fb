// Written in one region, visible in another, both durable: as many small updates per second as a pair of regions takes from
// start to end, for both merge libraries. The base for comparisons with other systems.

import type { Measure, Measurement } from '../bench-row.ts';
import { LinkedPair } from '../world/linked-pair.ts';
import { documentsOf, VisibleOps } from '../world/visible-ops.ts';

const documents = 100;

export const measure: Measure = async ({ folder, isQuick }) => {
  const pair = await LinkedPair.open(folder);
  pair.link();
  const results: Measurement[] = [];
  for (const [library, collection, ops] of [
    ['yjs', 'carts', 40_000],
    ['automerge', 'carts-automerge', 10_000],
  ] as const) {
    const there = new VisibleOps(pair.newYork, documentsOf(collection, documents));
    const runs: number[] = [];
    const opsPerRun = isQuick ? ops / 8 : ops;
    // The first run only warms up.
    for (let run = 0; run <= 3; run++) {
      const startMs = performance.now();
      const { origin, seq } = await pair.write('writeAtOnce', { collection, documents, ops: opsPerRun });
      await pair.untilArrived(origin, seq);
      const seconds = (performance.now() - startMs) / 1000;
      if (there.take().length !== opsPerRun) throw new Error('not every update was shown');
      if (run > 0) runs.push(opsPerRun / seconds);
    }
    there.close();
    results.push({ metric: library, unit: 'updates/s', better: 'more', runs });
  }
  await pair.stop();
  return results;
};
