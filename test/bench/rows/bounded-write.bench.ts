// Durable decrements of bounded counters whose rights are held here, against increments of plain counters, through the embedded API:
// the same writers, turn by turn, so that what slows the machine for a while slows both.

import type { DocumentOp } from '@anabranch/crdt';
import { type DocumentId, documentIdOf } from '@anabranch/protocol';
import type { Measure } from '../bench-row.ts';
import { median } from '../statistics.ts';
import { openBenchReplica } from '../world/bench-replica.ts';
import { type Rate, startRate } from '../world/rate.ts';

const writers = 256;
const documentCount = 100;
const stock = 1_000_000_000;

interface Contender {
  readonly documents: readonly DocumentId[];
  readonly ops: readonly DocumentOp[];
}

export const measure: Measure = async ({ folder, isQuick }) => {
  const replica = await openBenchReplica(folder, 'new-york');
  const of = (collection: string): readonly DocumentId[] =>
    Array.from({ length: documentCount }, (_, n) => documentIdOf(collection, `document-${n}`));
  const bounded: Contender = { documents: of('depots'), ops: [{ op: 'decrement', path: '/stock', by: 1 }] };
  const plain: Contender = { documents: of('depots'), ops: [{ op: 'increment', path: '/seen', by: 1 }] };
  for (const document of bounded.documents) {
    await replica.edit({ document, plan: () => [{ op: 'increment', path: '/stock', by: stock }] });
  }
  let turns = 0;
  const run = async ({ documents, ops }: Contender, runMs: number): Promise<Rate> => {
    const endMs = performance.now() + runMs;
    const before = turns;
    const finish = startRate();
    const write = async (): Promise<void> => {
      while (performance.now() < endMs) {
        const document = documents[turns++ % documents.length];
        if (document !== undefined) await replica.edit({ document, plan: () => ops });
      }
    };
    await Promise.all(Array.from({ length: writers }, write));
    return finish(turns - before);
  };
  for (const contender of [bounded, plain]) await run(contender, 1_000);
  const [boundedRates, plainRates]: [Rate[], Rate[]] = [[], []];
  for (let turn = 0; turn < (isQuick ? 3 : 5); turn++) {
    boundedRates.push(await run(bounded, isQuick ? 1_000 : 3_000));
    plainRates.push(await run(plain, isQuick ? 1_000 : 3_000));
  }
  await replica.stop();
  const ratios = boundedRates.map((rate, turn) => rate.perSecond / (plainRates[turn]?.perSecond ?? Number.NaN));
  return [
    { metric: 'ratio', unit: 'x plain counter', better: 'more', runs: ratios },
    { metric: 'decrements', unit: 'ops/s', better: 'more', runs: [median(boundedRates.map(({ perSecond }) => perSecond))] },
    { metric: 'increments', unit: 'ops/s', better: 'more', runs: [median(plainRates.map(({ perSecond }) => perSecond))] },
  ];
};
