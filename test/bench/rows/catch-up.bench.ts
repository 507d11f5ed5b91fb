// Catching up with 1,000 missed ops must cost what was missed, not what exists: the same absence is made up for by regions
// with more and more documents, in turns, so that what slows the machine for a while slows all. Timed from dialling to
// having all of it, durably.

import { join } from 'node:path';
import type { Measure } from '../bench-row.ts';
import { median } from '../statistics.ts';
import { LinkedPair } from '../world/linked-pair.ts';
import { prepareLog } from '../world/prepared-log.ts';

const missedOps = 1_000;
const warmUps = 2;

export const measure: Measure = async ({ folder, isQuick }) => {
  const sizes = isQuick ? [1_000, 10_000] : [1_000, 10_000, 100_000];
  const pairs: AbsentPair[] = [];
  for (const documents of sizes) pairs.push(await AbsentPair.open(join(folder, String(documents)), documents));
  for (let turn = 0; turn < warmUps + (isQuick ? 5 : 15); turn++) {
    for (const pair of pairs) await pair.catchUp(turn >= warmUps);
  }
  for (const pair of pairs) await pair.stop();
  const medians = pairs.map((pair) => median(pair.timesMs));
  return [
    ...pairs.map(({ documents, timesMs }) => ({
      metric: `${documents / 1000}k-documents`,
      unit: 'ms',
      better: 'less' as const,
      runs: timesMs,
    })),
    { metric: 'slowest-to-fastest', unit: 'x', better: 'less', bar: 1.2, runs: [Math.max(...medians) / Math.min(...medians)] },
  ];
};

/** Two regions with the same documents, linked only to catch up. */
class AbsentPair {
  readonly documents: number;
  readonly timesMs: number[] = [];
  readonly #pair: LinkedPair;

  private constructor(pair: LinkedPair, documents: number) {
    this.#pair = pair;
    this.documents = documents;
  }

  static async open(folder: string, documents: number): Promise<AbsentPair> {
    const stores = ['berlin', 'new-york'].map((region) => ({ folder, region }));
    await prepareLog({ region: 'berlin', documents, opsPerDocument: 1, stores });
    return new AbsentPair(await LinkedPair.open(folder), documents);
  }

  async catchUp(isTimed: boolean): Promise<void> {
    const { origin, seq } = await this.#pair.write('writeAtOnce', { collection: 'carts', documents: this.documents, ops: missedOps });
    const startMs = performance.now();
    this.#pair.link();
    await this.#pair.untilArrived(origin, seq);
    if (isTimed) this.timesMs.push(performance.now() - startMs);
    await this.#pair.unlink();
  }

  stop(): Promise<void> {
    return this.#pair.stop();
  }
}
