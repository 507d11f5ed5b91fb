// What an op costs on the wire: the bytes of a link's TCP connection, both ways, with heartbeats and acknowledgements,
// against the bytes of the CRDT updates alone.

import type { Measure } from '../bench-row.ts';
import type { LinkBytes } from '../processes/linked-region.ts';
import { LinkedPair } from '../world/linked-pair.ts';
import { documentsOf, VisibleOps } from '../world/visible-ops.ts';

const opsPerSecond = 1_000;
const carts = { collection: 'carts', documents: 100 };

interface Traffic {
  readonly ops: number;
  readonly updateBytes: number;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

export const measure: Measure = async ({ folder, isQuick }) => {
  const pair = await LinkedPair.open(folder);
  pair.link();
  const there = new VisibleOps(pair.newYork, documentsOf(carts.collection, carts.documents));
  // Handshake, first ops and the compression's empty window are not what a link costs that lasts.
  await writeRound(pair, there, 2_000);
  const rounds: Traffic[] = [];
  for (let round = 0; round < 3; round++) rounds.push(await writeRound(pair, there, isQuick ? 1_500 : 5_000));
  there.close();
  await pair.stop();
  const both = ({ sentBytes, receivedBytes }: Traffic): number => sentBytes + receivedBytes;
  return [
    {
      metric: 'ratio-both-ways',
      unit: 'x update bytes',
      better: 'less',
      bar: 1,
      runs: rounds.map((traffic) => both(traffic) / traffic.updateBytes),
    },
    {
      metric: 'ratio-with-ops',
      unit: 'x update bytes',
      better: 'less',
      runs: rounds.map(({ sentBytes, updateBytes }) => sentBytes / updateBytes),
    },
    { metric: 'both-ways', unit: 'bytes/op', better: 'less', runs: rounds.map((traffic) => both(traffic) / traffic.ops) },
    { metric: 'update', unit: 'bytes/op', better: 'less', runs: rounds.map(({ updateBytes, ops }) => updateBytes / ops) },
  ];
};

async function writeRound(pair: LinkedPair, there: VisibleOps, ms: number): Promise<Traffic> {
  const before = await pair.berlin.ask<LinkBytes>('linkBytes');
  const { origin, seq } = await pair.write('writeAtRate', { ...carts, opsPerSecond, ms });
  await pair.untilArrived(origin, seq);
  const after = await pair.berlin.ask<LinkBytes>('linkBytes');
  const visible = there.take();
  return {
    ops: visible.length,
    updateBytes: visible.reduce((total, { updateBytes }) => total + updateBytes, 0),
    sentBytes: after.sent - before.sent,
    receivedBytes: after.received - before.received,
  };
}
