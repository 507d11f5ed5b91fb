// The story: a cart in three regions, a partition, a power cut in the middle of it, and the way back together. Each scene
// ends with the promises it has put to the test.

import { setTimeout as sleep } from 'node:timers/promises';
import { poll } from '../poll.ts';
import { sameVersion, type VersionVectorView } from '../region-status.ts';
import { cityOf } from '../story/report.ts';
import type { Story } from '../story/run-story.ts';
import type { World } from '../world.ts';
import { cartCollections } from '../world-collections.ts';
import { type RegionName, regionNames } from '../world-plan.ts';
import { OrderLoad, readOrders } from './order-load.ts';
import { convergenceMsMax, Shop } from './shop.ts';

const mainland: readonly RegionName[] = ['new-york', 'berlin'];
const orders = { collection: 'carts', id: 'orders' } as const;
/** Between two looks at the regions while they catch up. */
const drainPollMs = 100;

export async function tellStory(story: Story): Promise<void> {
  const shop = new Shop(story.world, story.report, 'ann');
  await shopEverywhere(story, shop);
  await partition(story, shop);
  const loads = await killUnderLoad(story, shop);
  await heal(story, shop);
  await verify(story, shop, loads);
}

async function shopEverywhere({ report, random }: Story, shop: Shop): Promise<void> {
  report.scene('One cart, three regions');
  await shop.write('new-york', { kind: 'add', sku: 'tea', quantity: random.between(1, 4) });
  await shop.write('berlin', { kind: 'add', sku: 'bread', quantity: random.between(2, 6) });
  await shop.write('tokyo', { kind: 'add', sku: 'apples', quantity: random.between(1, 4) });
  await shop.write('berlin', { kind: 'coupon', code: 'WELCOME' });
  await shop.converge(regionNames);
  await shop.show();
  report.promise('every region shows the whole cart', await shop.objections());
}

async function partition({ world, report, random }: Story, shop: Shop): Promise<void> {
  report.scene('Tokyo is cut off, and everybody goes on shopping');
  world.isolate('tokyo');
  report.say('Both links of Tokyo are black holes now: nothing arrives, nothing is closed.');
  report.say('The same article on both sides:');
  await shop.write('new-york', { kind: 'add', sku: 'tea', quantity: random.between(1, 9) });
  await shop.write('tokyo', { kind: 'add', sku: 'tea', quantity: random.between(1, 9) });
  report.say('A removal on one side against an addition on the other, twice:');
  await shop.write('berlin', { kind: 'remove', sku: 'bread' });
  await shop.write('tokyo', { kind: 'add', sku: 'bread', quantity: random.between(1, 9) });
  await shop.write('new-york', { kind: 'add', sku: 'apples', quantity: random.between(1, 9) });
  await shop.write('tokyo', { kind: 'remove', sku: 'apples' });
  report.say('And the rest of a cart:');
  await shop.write('berlin', { kind: 'coupon', code: 'SPRING' });
  await shop.write('tokyo', { kind: 'coupon', code: 'SAKURA' });
  await shop.write('new-york', { kind: 'status', value: 'packing' });
  // The later value wins, by clocks that tick in milliseconds.
  await sleep(5);
  await shop.write('tokyo', { kind: 'status', value: 'paid' });
  await shop.write('tokyo', { kind: 'gift' });
  await shop.write('berlin', { kind: 'line', text: 'back door' });
  await shop.write('tokyo', { kind: 'line', text: 'ring twice' });
  await shop.write('new-york', { kind: 'note', text: 'For Ann. ' });
  await shop.write('tokyo', { kind: 'note', text: 'No bag. ' });
  await shop.converge(mainland);
  await shop.show();
  report.promise('every region takes writes during the partition, and shows what it can know', await shop.objections());
}

/** @returns the orders of each region */
async function killUnderLoad({ world, report, random }: Story, shop: Shop): Promise<readonly OrderLoad[]> {
  report.scene('Orders keep coming, and Berlin loses power');
  const loads = regionNames.map((name) => {
    return new OrderLoad({ client: world.region(name).client, ...orders, orderCount: random.between(120, 240) });
  });
  const [berlinLoad] = loads.filter((_, index) => regionNames[index] === 'berlin');
  const berlin = world.region('berlin');
  if (berlinLoad === undefined) throw new Error('the story needs Berlin');
  const whenStopped = Promise.all(loads.map((load) => load.run()));
  const ordersBefore = random.between(20, 60);
  await poll(convergenceMsMax, async () => (berlinLoad.acknowledged.size >= ordersBefore ? true : undefined), 1);
  await berlin.process.kill();
  await whenStopped;
  const acknowledged = new Set(berlinLoad.acknowledged);
  report.act('berlin', `kill -9 after ${acknowledged.size} acknowledged orders; the answers to some more are lost`);
  await berlin.process.restart();
  await world.untilReady(['berlin']);
  const found = await readOrders(berlin.client, orders.collection, orders.id);
  const lost = [...acknowledged].filter((order) => !found.numbers.has(order));
  report.act('berlin', `starts again, and shows ${[...found.numbers].filter((order) => order.startsWith('berlin')).length} of its orders`);
  report.promise(
    'no acknowledged order was lost',
    lost.map((order) => `Berlin no longer shows ${order}`),
  );
  await berlinLoad.run();
  report.act('berlin', `its customers repeat what was not acknowledged; ${berlinLoad.acknowledged.size} orders in all`);
  report.promise('the cart is as it was before the power cut', await shop.objections());
  return loads;
}

async function heal({ world, report }: Story, shop: Shop): Promise<void> {
  report.scene('The links heal');
  const whenConverged = shop.converge(regionNames).then(() => true);
  // Awaited below, where a failure is to be thrown.
  whenConverged.catch(() => {});
  const startMs = performance.now();
  let last = await missingText(world);
  report.say(`${'before'.padEnd(8)} ${last}`);
  world.healAll();
  const isConverged = await poll(
    convergenceMsMax,
    async () => {
      const text = await missingText(world);
      if (text !== last) report.say(`${`${((performance.now() - startMs) / 1000).toFixed(1)} s`.padEnd(8)} ${text}`);
      last = text;
      return Promise.race([whenConverged, sleep(drainPollMs, undefined)]);
    },
    0,
  );
  report.promise('the regions converge by themselves', isConverged === true ? [] : [`not after ${convergenceMsMax} ms`]);
}

async function verify({ world, report }: Story, shop: Shop, loads: readonly OrderLoad[]): Promise<void> {
  report.scene('The same cart everywhere');
  await shop.show();
  const { digests } = await world.untilConverged({ deadlineMs: convergenceMsMax, collections: cartCollections });
  report.promise(`equal digests of all ${digests.size} documents at equal version vectors`, []);
  report.promise('equal JSON in all regions, on both libraries', await differences(world));
  report.promise('sums, removals, sets and registers are what the history demands, on both libraries', await shop.objections());
  report.promise('every order is there once: none lost, none doubled', await orderObjections(world, loads));
}

/** How many ops each region misses of what any region has: seen from above, as no region can. */
async function missingText(world: World): Promise<string> {
  const vectors = await Promise.all(regionNames.map(async (name) => (await world.region(name).client.status()).versionVector));
  const newest: Record<string, number> = {};
  for (const vector of vectors) for (const [origin, seq] of Object.entries(vector)) newest[origin] = Math.max(seq, newest[origin] ?? 0);
  if (vectors.every((vector) => sameVersion(vector, newest))) return 'nobody misses anything';
  return regionNames
    .map((name, index) => `${cityOf(name)} misses ${String(missing(newest, vectors[index] ?? {})).padStart(3)} ops`)
    .join('   ');
}

function missing(newest: VersionVectorView, held: VersionVectorView): number {
  return Object.entries(newest).reduce((sum, [origin, seq]) => sum + seq - (held[origin] ?? 0), 0);
}

/** Carts whose JSON is not the same text in every region. */
async function differences(world: World): Promise<string[]> {
  const objections: string[] = [];
  for (const collection of cartCollections) {
    const texts = await Promise.all(
      regionNames.map(async (name) => JSON.stringify(await world.region(name).client.read(collection, 'ann'))),
    );
    if (new Set(texts).size > 1) objections.push(`${collection}/ann: ${texts.join(' / ')}`);
  }
  return objections;
}

async function orderObjections(world: World, loads: readonly OrderLoad[]): Promise<string[]> {
  const expected = new Set(loads.flatMap((load) => [...load.acknowledged]));
  const objections: string[] = [];
  for (const { name, client } of world.regions) {
    const { count, numbers } = await readOrders(client, orders.collection, orders.id);
    const lost = [...expected].filter((order) => !numbers.has(order));
    const strange = [...numbers].filter((order) => !expected.has(order));
    if (lost.length > 0) objections.push(`${cityOf(name)} lost ${lost.join(', ')}`);
    if (strange.length > 0) objections.push(`${cityOf(name)} shows ${strange.join(', ')}, which nobody has acknowledged`);
    if (count !== expected.size) objections.push(`${cityOf(name)} counts ${count} orders, not ${expected.size}`);
  }
  return objections;
}
