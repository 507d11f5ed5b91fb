// What replication adds to the delay of a link: from the moment an op is visible in the region that wrote it to the moment
// it is visible in the other, over a WebSocket on the loopback, whose own delay is a small part of a millisecond.

import type { Measure } from '../bench-row.ts';
import { percentile } from '../statistics.ts';
import { LinkedPair } from '../world/linked-pair.ts';
import { documentsOf, type VisibleOp, VisibleOps } from '../world/visible-ops.ts';

const opsPerSecond = 1_000;
const carts = { collection: 'carts', documents: 100 };

export const measure: Measure = async ({ folder, isQuick }) => {
  const pair = await LinkedPair.open(folder);
  pair.link();
  await pair.berlin.ask('watch', carts);
  const there = new VisibleOps(pair.newYork, documentsOf(carts.collection, carts.documents));
  // A round that only warms up: compiled code, loaded documents, the window of the compression.
  await writeRound(pair, there, 2_000);
  const { lags, achieved } = await writeRound(pair, there, isQuick ? 3_000 : 15_000);
  there.close();
  await pair.stop();
  return [
    { metric: 'p50', unit: 'ms', better: 'less', runs: [percentile(lags, 0.5)] },
    { metric: 'p99', unit: 'ms', better: 'less', bar: 10, runs: [percentile(lags, 0.99)] },
    { metric: 'max', unit: 'ms', better: 'less', runs: [Math.max(...lags)] },
    { metric: 'rate', unit: 'ops/s', better: 'more', runs: [achieved] },
  ];
};

interface Round {
  /** Of each op, in ms. */
  readonly lags: readonly number[];
  /** Ops per second that were visible where they were written: fewer than asked for on a machine that is too slow. */
  readonly achieved: number;
}

async function writeRound(pair: LinkedPair, there: VisibleOps, ms: number): Promise<Round> {
  const { origin, seq } = await pair.write('writeAtRate', { ...carts, opsPerSecond, ms });
  await pair.untilArrived(origin, seq);
  const here = await pair.berlin.ask<VisibleOp[]>('takeVisible');
  const thereAtMs = new Map(there.take().map((op) => [op.seq, op.atMs]));
  const lags = here.map((op) => {
    const atMs = thereAtMs.get(op.seq);
    if (atMs === undefined) throw new Error(`op ${op.seq} was not shown in the other region`);
    return atMs - op.atMs;
  });
  const [first, last] = [here[0], here.at(-1)];
  if (first === undefined || last === undefined) throw new Error('nothing was written');
  return { lags, achieved: ((here.length - 1) * 1000) / (last.atMs - first.atMs) };
}
