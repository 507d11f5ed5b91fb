// Receiving from a link: another process has a log of small ops on many carts; this one dials it and takes them all,
// durably, on one core. Every run receives into a new store.

import { join } from 'node:path';
import { VersionVector } from '@anabranch/causality';
import { documentIdOf } from '@anabranch/protocol';
import type { Measure } from '../bench-row.ts';
import { openBenchReplica } from '../world/bench-replica.ts';
import { Child } from '../world/child-process.ts';
import { dialRegion } from '../world/link-server.ts';
import { type PreparedLog, prepareLog } from '../world/prepared-log.ts';
import { type Rate, startRate } from '../world/rate.ts';

const opsPerDocument = 20;
const receiveMsMax = 60_000;

export const measure: Measure = async ({ folder, isQuick }) => {
  const documents = isQuick ? 2_500 : 10_000;
  const log = await prepareLog({ region: 'berlin', documents, opsPerDocument, stores: [{ folder, region: 'berlin' }] });
  const origin = await Child.start({ role: 'linked-region', core: 0 });
  const url = await origin.ask<string>('open', { folder, region: 'berlin' });
  const rates: Rate[] = [];
  for (let run = 0; run < 3; run++) rates.push(await receive(join(folder, `run-${run}`), url, log));
  await origin.stop();
  return [
    { metric: 'ops', unit: 'ops/s', better: 'more', bar: 100_000, runs: rates.map((rate) => rate.perSecond) },
    { metric: 'ops-per-cpu', unit: 'ops/CPU s', better: 'more', runs: rates.map((rate) => rate.perCpuSecond) },
  ];
};

async function receive(folder: string, url: string, log: PreparedLog): Promise<Rate> {
  const replica = await openBenchReplica(folder, 'new-york', ['berlin']);
  const finish = startRate();
  const dialler = dialRegion(replica, 'berlin', url);
  const minVersion = VersionVector.of([[log.origin, log.ops]]);
  await replica.read(documentIdOf('carts', 'cart-0'), { minVersion, waitMsMax: receiveMsMax });
  const rate = finish(log.ops);
  await dialler.stop();
  await replica.stop();
  return rate;
}
