// Durable writes through the embedded API: writers that each wait for their increment to be on disk before the next one.

import { documentIdOf } from '@anabranch/protocol';
import type { Measure } from '../bench-row.ts';
import { openBenchReplica } from '../world/bench-replica.ts';
import { type Rate, startRate } from '../world/rate.ts';

const writers = 256;
const documents = Array.from({ length: 100 }, (_, n) => documentIdOf('carts', `cart-${n}`));

export const measure: Measure = async ({ folder, isQuick }) => {
  const replica = await openBenchReplica(folder, 'new-york');
  let turns = 0;
  const writeUntil = async (writer: number, endMs: number): Promise<void> => {
    while (performance.now() < endMs) {
      const turn = turns++;
      const document = documents[(turn * 7 + writer) % documents.length] ?? documentIdOf('carts', 'none');
      await replica.edit({ document, plan: () => [{ op: 'increment', path: `/items/sku-${turn % 5}/qty`, by: 1 }] });
    }
  };
  const run = async (runMs: number): Promise<Rate> => {
    const endMs = performance.now() + runMs;
    const before = turns;
    const finish = startRate();
    await Promise.all(Array.from({ length: writers }, (_, writer) => writeUntil(writer, endMs)));
    return finish(turns - before);
  };
  await run(1_500);
  const rates: Rate[] = [];
  for (let i = 0; i < 3; i++) rates.push(await run(isQuick ? 1_000 : 4_000));
  await replica.stop();
  return [
    { metric: 'ops', unit: 'ops/s', better: 'more', bar: 50_000, runs: rates.map((rate) => rate.perSecond) },
    { metric: 'ops-per-cpu', unit: 'ops/CPU s', better: 'more', runs: rates.map((rate) => rate.perCpuSecond) },
  ];
};
