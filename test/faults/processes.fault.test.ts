// Regions that are killed and stopped by signals, under load.

import { type RegionName, regionNames } from '@anabranch/demo';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Ledger } from './ledger.ts';
import { MeshUnderFault } from './mesh-under-fault.ts';
import { randomOf } from './seed.ts';
import { Shoppers } from './shoppers.ts';
import { within } from './until.ts';

const kills = 50;
/** Purchases between two kills, at most. */
const purchasesBetweenKillsMax = 60;
/** Then the kill comes so many turns of our event loop later, at most: answers and requests pass in between. */
const turnsMax = 64;
/** Each kill costs a start of a region; on a machine that does much besides, several seconds. */
const killsMsMax = 420_000;

let mesh: MeshUnderFault;
beforeEach(async () => {
  mesh = await MeshUnderFault.start();
});
afterEach(() => mesh.close());

test(
  `[FAULT3] ${kills} kills -9 at random instants under load lose nothing acknowledged and double nothing`,
  async () => {
    // Its own, not that of a later test, should this one run out of time.
    const killedMesh = mesh;
    const random = randomOf('kills');
    const ledger = new Ledger();
    const shoppers = new Shoppers(ledger, 'kills');
    const killed = new Map<RegionName, number>();
    let whileStarting = 0;
    await killedMesh.whileBuying(shoppers, {}, async () => {
      for (let kill = 0; kill < kills; kill++) {
        const wanted = shoppers.acknowledged + 1 + random.below(purchasesBetweenKillsMax);
        await within(`purchases before kill ${kill + 1}`, 60_000, async () => shoppers.acknowledged >= wanted);
        const name = random.pick(regionNames);
        const region = killedMesh.region(name);
        for (let turns = random.below(turnsMax); turns > 0; turns--) await new Promise((resolve) => setImmediate(resolve));
        if (region.recordsOf('region.ready').length === 0) whileStarting += 1;
        await region.kill();
        region.start();
        killed.set(name, (killed.get(name) ?? 0) + 1);
        if ((kill + 1) % 10 === 0) console.info(`${kill + 1} kills, ${shoppers.acknowledged} purchases`);
      }
      await Promise.all(killedMesh.regions.map((region) => region.untilReady()));
    });
    await killedMesh.expectAllShow(ledger);
    const counts = regionNames.map((name) => `${name} ${killed.get(name) ?? 0}`).join(', ');
    const unanswered = shoppers.refusals.get('not_ready') ?? 0;
    console.info(
      `${kills} kills (${counts}; ${whileStarting} while it started), ${ledger.acknowledged} purchases, ${unanswered} unanswered`,
    );
    // Kills that interrupt nobody prove nothing.
    expect(unanswered).toBeGreaterThan(kills);
  },
  killsMsMax,
);

for (const pauseMs of [1_000, 10_000]) {
  test(`[FAULT4] a region stopped for ${pauseMs} ms acknowledges nothing meanwhile, the others go on, and it catches up`, async () => {
    const ledger = new Ledger();
    const shoppers = new Shoppers(ledger, `stopped-${pauseMs}`);
    await mesh.whileBuying(shoppers, {}, async () => {
      await within('all regions take writes', 30_000, async () => regionNames.every((name) => shoppers.acknowledgedBy(name) >= 20));
      await mesh.region('berlin').pause();
      // What it had sent before is read by now: two answers of a peer came after it through the same event loop.
      for (let i = 0; i < 2; i++) await mesh.region('tokyo').client.status();
      const stoppedAtMs = performance.now();
      const before = regionNames.map((name) => shoppers.acknowledgedBy(name));
      await within('the time of the stop', 2 * pauseMs, async () => performance.now() - stoppedAtMs >= pauseMs);
      const gained = regionNames.map((name, index) => shoppers.acknowledgedBy(name) - (before[index] ?? 0));
      mesh.region('berlin').resume();
      const [newYork = 0, berlin = 0, tokyo = 0] = gained;
      console.info(`in ${pauseMs} ms without berlin: new-york ${newYork}, tokyo ${tokyo} purchases`);
      expect(berlin).toBe(0);
      expect(Math.min(newYork, tokyo)).toBeGreaterThan(pauseMs / 250);
      await within('berlin goes on', 30_000, async () => shoppers.acknowledgedBy('berlin') >= (before[1] ?? 0) + 20);
    });
    await mesh.expectAllShow(ledger);
  });
}
