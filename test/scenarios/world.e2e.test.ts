// Three real region processes on LMDB, linked through proxies with realistic delay, under the faults a mesh must survive.

import { type RegionName, regionNames, World } from '@anabranch/demo';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Shoppers } from './shoppers.ts';

const collections = ['carts', 'carts-automerge'];
const pairs = [
  ['new-york', 'berlin'],
  ['new-york', 'tokyo'],
  ['berlin', 'tokyo'],
] as const;

let world: World;

beforeAll(async () => {
  world = await World.start();
}, 90_000);

afterAll(async () => {
  await world?.stop();
});

async function expectAllAgree(shoppers: Shoppers): Promise<void> {
  await world.untilConverged({ deadlineMs: 60_000, collections });
  for (const region of regionNames) expect(await shoppers.differences(region)).toEqual([]);
}

/** Waits until `region` shows an answer to `ask`; the time it took in ms. */
async function eventually(ask: () => Promise<boolean>, deadlineMs: number, what: string): Promise<number> {
  const startMs = performance.now();
  while (!(await ask())) {
    if (performance.now() - startMs > deadlineMs) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
  return performance.now() - startMs;
}

/** Where new-york takes the ops of tokyo from. */
async function upstreamOfTokyo(): Promise<string | null | undefined> {
  const { lag } = await world.region('new-york').client.status();
  return lag.find(({ origin }) => origin.startsWith('tokyo.'))?.upstream;
}

test('[CONV1] every subset of the links may be cut: all regions take writes, and a heal brings them together', async () => {
  for (let subset = 1; subset < 2 ** pairs.length; subset++) {
    const shoppers = new Shoppers(world);
    const cut = pairs.filter((_, index) => subset & (1 << index));
    for (const [a, b] of cut) world.link(a, b).cut();
    for (const region of regionNames) {
      await shoppers.buy(region, `carts/subset-${subset}`, 'sku-1', 2);
      await shoppers.buy(region, `carts-automerge/subset-${subset}`, 'sku-1', 3);
    }
    world.healAll();
    await expectAllAgree(shoppers);
  }
});

test('[CONV2] every single direction may be cut', async () => {
  for (const [index, [a, b]] of pairs.entries()) {
    for (const direction of ['a-to-b', 'b-to-a'] as const) {
      const shoppers = new Shoppers(world);
      world.link(a, b).cut(direction);
      for (const region of regionNames) await shoppers.buy(region, `carts/one-way-${index}-${direction}`, 'sku-1', 2);
      // The third region relays, so even with the cut in place all of it arrives everywhere.
      await expectAllAgree(shoppers);
      world.healAll();
    }
  }
});

test('[PULL7] with new-york to tokyo cut, berlin relays what either writes', async () => {
  const shoppers = new Shoppers(world);
  const elapsedMs: number[] = [];
  // What the machine does besides can only add to the time: of a few, the middle one counts.
  for (let round = 0; round < 3; round++) {
    world.healAll();
    await eventually(async () => (await upstreamOfTokyo()) === 'tokyo', 10_000, 'tokyo is the upstream');
    world.link('new-york', 'tokyo').cut();
    await shoppers.buy('tokyo', `carts/relayed-${round}`, 'sku-1', 5);
    elapsedMs.push(await eventually(async () => (await shoppers.differences('new-york')).length === 0, 10_000, 'relayed'));
  }
  console.info(`relayed from tokyo to new-york through berlin in ${elapsedMs.map(Math.round).join(', ')} ms`);
  const linkDelayMs = 110 + 40;
  expect(elapsedMs.sort((a, b) => a - b)[1]).toBeLessThan(1_000 + linkDelayMs);
  await eventually(async () => (await upstreamOfTokyo()) === 'berlin', 10_000, 'berlin is the upstream');
  world.healAll();
  await expectAllAgree(shoppers);
});

test('[CONV4] kill -9 under load loses no acknowledged write and doubles none', async () => {
  const shoppers = new Shoppers(world);
  const kills = 9;
  let isDone = false;
  const buying = regionNames.flatMap((region) =>
    [0, 1].map((shopper) => shoppers.keepBuying(region, `carts/kill-${region}-${shopper}`, () => isDone)),
  );
  try {
    for (let kill = 0; kill < kills; kill++) {
      const victim: RegionName = regionNames[kill % regionNames.length] ?? 'berlin';
      const before = shoppers.acknowledged;
      await eventually(async () => shoppers.acknowledged > before + 50, 30_000, 'writes flow');
      await world.region(victim).process.kill();
      await world.region(victim).process.start();
      await world.untilReady([victim]);
    }
  } finally {
    isDone = true;
    await Promise.all(buying);
  }
  console.info(`${kills} kills, ${shoppers.acknowledged} acknowledged writes, ${shoppers.retries} retries`);
  await expectAllAgree(shoppers);
});

test('[CONV5] all three may be killed at once and come back with everything acknowledged', async () => {
  const shoppers = new Shoppers(world);
  for (const region of regionNames) {
    for (let i = 0; i < 20; i++) await shoppers.buy(region, `carts/all-${i % 5}`, `sku-${region}`);
    await shoppers.buy(region, 'carts-automerge/all', 'sku-1');
  }
  await Promise.all(world.regions.map((region) => region.process.kill()));
  await Promise.all(world.regions.map((region) => region.process.start()));
  await world.untilReady();
  await expectAllAgree(shoppers);
});

test('[CONV3] a flapping link makes progress and loses nothing', async () => {
  const shoppers = new Shoppers(world);
  const link = world.link('new-york', 'tokyo');
  for (let flap = 0; flap < 20; flap++) {
    link.cut();
    await shoppers.buy('tokyo', 'carts/flapping', `sku-${flap % 4}`);
    link.heal();
    await shoppers.buy('new-york', 'carts/flapping', `sku-${flap % 4}`);
  }
  await expectAllAgree(shoppers);
});

test('[CONV6] a region that is stopped for ten seconds is given up by its peers, who go on, and catches up', async () => {
  const shoppers = new Shoppers(world);
  await world.region('berlin').process.pause();
  const pausedAtMs = performance.now();
  const seesBerlin = async (region: RegionName): Promise<boolean> => {
    const { peers } = await world.region(region).client.status();
    return peers.some((peer) => peer.region === 'berlin' && peer.linkState === 'connected');
  };
  for (const region of ['new-york', 'tokyo'] as const) {
    await shoppers.buy(region, 'carts/paused', 'sku-1', 2);
    await eventually(async () => !(await seesBerlin(region)), 10_000, `${region} gives berlin up`);
  }
  await eventually(async () => performance.now() - pausedAtMs > 10_000, 15_000, 'ten seconds have passed');
  await world.region('berlin').process.resume();
  await shoppers.buy('berlin', 'carts/paused', 'sku-1', 2);
  await expectAllAgree(shoppers);
});
