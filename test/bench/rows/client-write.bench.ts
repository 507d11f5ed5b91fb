// Writes of the embedded client, with its store in a folder: an article's quantity in one of 100 open carts goes up, by writers
// that each wait for their own write. Once until it is kept on this device, once until the region has it durably. The client has
// a core of its own.

import { join } from 'node:path';
import type { Measure, Measurement } from '../bench-row.ts';
import { type Device, openDevice, untilConnected } from '../world/client-device.ts';
import { type Rate, startRate } from '../world/rate.ts';
import { RegionProcess } from '../world/region-process.ts';

const carts = 100;
const writersAtOnce = 128;
const runs = 3;

type Cart = Awaited<ReturnType<Device['open']>>;

export const measure: Measure = async ({ folder, isQuick }) => {
  const region = await RegionProcess.start({ folder: join(folder, 'region'), region: 'new-york', core: 0 });
  const device = await openDevice(join(folder, 'device'), region.port);
  await untilConnected(device);
  const opened = await Promise.all(Array.from({ length: carts }, (_, n) => device.open('carts', `cart-${n}`, { startEmpty: true })));
  const writes = isQuick ? 2_000 : 10_000;
  const results: Measurement[] = [];
  for (const state of ['saved', 'durable'] as const) {
    const rates: Rate[] = [];
    // The first round only warms up.
    for (let run = 0; run <= runs; run++) {
      const rate = await write(opened, state, writes);
      if (run > 0) rates.push(rate);
      await Promise.all(opened.map((cart) => increment(cart, 0).when('durable')));
    }
    results.push(
      { metric: `${state}`, unit: 'ops/s', better: 'more', runs: rates.map(({ perSecond }) => perSecond) },
      { metric: `${state}, per CPU`, unit: 'ops/CPU s', better: 'more', runs: rates.map(({ perCpuSecond }) => perCpuSecond) },
    );
  }
  await device.close();
  await region.end('SIGTERM');
  return results;
};

async function write(opened: readonly Cart[], state: 'saved' | 'durable', count: number): Promise<Rate> {
  let turn = 0;
  const writer = async (): Promise<void> => {
    while (turn < count) {
      const mine = turn++;
      const cart = opened[mine % opened.length];
      if (cart !== undefined) await increment(cart, mine).when(state);
    }
  };
  const done = startRate();
  await Promise.all(Array.from({ length: writersAtOnce }, writer));
  return done(count);
}

function increment(cart: Cart, turn: number): ReturnType<Cart['edit']> {
  return cart.edit([{ op: 'increment', path: `/items/sku-${turn % 5}/qty`, by: 1 }]);
}
