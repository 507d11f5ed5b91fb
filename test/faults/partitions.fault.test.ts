// Regions in network namespaces of their own, and packets dropped between them: what a path does that no proxy imitates, where
// a direction that is cut takes the acknowledgements of the other with it and connections die of silence.

import { type RegionName, regionNames } from '@anabranch/demo';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { between, type Drop } from './fault-network.ts';
import { Ledger } from './ledger.ts';
import { MeshUnderFault, shownBy } from './mesh-under-fault.ts';
import { Shoppers } from './shoppers.ts';
import { within } from './until.ts';

/** Purchases that every region must acknowledge during each partition. */
const purchasesMin = 40;

let mesh: MeshUnderFault;
beforeEach(async () => {
  mesh = await MeshUnderFault.start();
});
afterEach(() => mesh.close());

/** Cuts, sees that all regions go on, and that the packets of the cut were dropped. */
async function goOnDuring(drops: readonly Drop[], shoppers: Shoppers): Promise<void> {
  mesh.network.partition(drops);
  const before = regionNames.map((name) => shoppers.acknowledgedBy(name));
  await within('every region takes writes', 30_000, async () =>
    regionNames.every((name, index) => shoppers.acknowledgedBy(name) >= (before[index] ?? 0) + purchasesMin),
  );
  await within('packets are dropped', 10_000, async () => mesh.network.droppedPackets() > 0);
}

/** To how many others each region has a link that works. */
function linkedRegions(): Promise<number[]> {
  return Promise.all(
    mesh.clients.map(async (client) => (await client.status()).peers.filter(({ linkState }) => linkState === 'connected').length),
  );
}

/** A purchase made in one region arrives in the other while the cut between them lasts. */
async function relays(from: RegionName, to: RegionName, shoppers: Shoppers): Promise<number> {
  const startMs = performance.now();
  const purchase = await shoppers.buy(mesh.region(from).client, `carts/relayed-${from}-${to}`, 1);
  await mesh.untilShown(to, purchase);
  return Math.round(performance.now() - startMs);
}

test('[FAULT1] packets dropped in one direction, any, stop no region; the third relays, and a heal brings all together', async () => {
  const ledger = new Ledger();
  const shoppers = new Shoppers(ledger, 'one-way');
  const relayedMs: number[] = [];
  await mesh.whileBuying(shoppers, {}, async () => {
    for (const from of regionNames) {
      for (const to of regionNames.filter((name) => name !== from)) {
        await goOnDuring([{ from, to }], shoppers);
        relayedMs.push(await relays(from, to, shoppers));
        mesh.network.heal();
      }
    }
  });
  await mesh.expectAllShow(ledger);
  console.info(`six directions: relayed within ${Math.max(...relayedMs)} ms, ${ledger.acknowledged} purchases`);
});

test('[FAULT2] new-york and tokyo reach berlin and not each other: berlin relays both ways', async () => {
  const ledger = new Ledger();
  const shoppers = new Shoppers(ledger, 'non-transitive');
  await mesh.whileBuying(shoppers, {}, async () => {
    await goOnDuring(between('new-york', 'tokyo'), shoppers);
    const relayedMs = [await relays('new-york', 'tokyo', shoppers), await relays('tokyo', 'new-york', shoppers)];
    await mesh.untilUpstream('new-york', 'tokyo', 'berlin');
    await mesh.untilUpstream('tokyo', 'new-york', 'berlin');
    console.info(`relayed within ${Math.max(...relayedMs)} ms`);
  });
  // With the path still cut and nobody writing, all three have everything.
  await mesh.expectAllShow(ledger);
  await mesh.healAndExpectAllShow(ledger);
  await mesh.untilUpstream('new-york', 'tokyo', 'tokyo');
  await shoppers.buyEverywhere(mesh.clients, 'healed');
  await mesh.expectAllShow(ledger);
});

test('[FAULT1] every region on its own takes writes, and a heal brings exactly these together', async () => {
  const ledger = new Ledger();
  const shoppers = new Shoppers(ledger, 'isolated');
  const everyPath = regionNames.flatMap((a, index) => regionNames.slice(index + 1).flatMap((b) => between(a, b)));
  await mesh.whileBuying(shoppers, {}, async () => {
    await goOnDuring(everyPath, shoppers);
    await within('every region gives both others up', 20_000, async () => (await linkedRegions()).every((count) => count === 0));
    await goOnDuring(everyPath, shoppers);
  });
  for (const { client } of mesh.regions) expect(ledger.differences(await shownBy(client)), client.region).not.toEqual([]);
  await mesh.healAndExpectAllShow(ledger);
});
