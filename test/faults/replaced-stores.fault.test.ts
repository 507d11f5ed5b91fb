// Stores that a person or a platform puts in the place of the newest: an older copy of the data folder, or none at all.

import { cpSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { between } from './fault-network.ts';
import { Ledger } from './ledger.ts';
import { MeshUnderFault } from './mesh-under-fault.ts';
import type { RegionUnderFault } from './region-under-fault.ts';
import { Shoppers } from './shoppers.ts';
import { within } from './until.ts';

const isolatedBerlin = [...between('berlin', 'new-york'), ...between('berlin', 'tokyo')];

let mesh: MeshUnderFault;
let berlin: RegionUnderFault;
beforeEach(async () => {
  mesh = await MeshUnderFault.start();
  berlin = mesh.region('berlin');
});
afterEach(() => mesh.close());

/** Buys everywhere until berlin has acknowledged so many, and waits until all have everything. */
async function buyInBerlin(shoppers: Shoppers, count: number): Promise<void> {
  const wanted = shoppers.acknowledgedBy('berlin') + count;
  await mesh.whileBuying(shoppers, { perRegion: 1 }, () =>
    within('purchases in berlin', 60_000, async () => shoppers.acknowledgedBy('berlin') >= wanted),
  );
  await mesh.untilReplicated();
}

const copyPath = (): string => join(mesh.folder, 'older-copy');

/** Puts the copy in the place of the store of berlin, which must be down. */
function swapBack(): void {
  renameSync(berlin.dataPath, join(mesh.folder, `replaced-${performance.now()}`));
  cpSync(copyPath(), berlin.dataPath, { recursive: true });
}

async function originOfBerlin(): Promise<{ readonly origin: string; readonly ops: number }> {
  const { origin, versionVector } = await berlin.client.status();
  return { origin, ops: versionVector[origin] ?? 0 };
}

for (const [when, copyOlder] of [
  [
    'stopped',
    async (): Promise<void> => {
      await berlin.stop();
      cpSync(berlin.dataPath, copyPath(), { recursive: true });
      berlin.start();
      await berlin.untilReady();
    },
  ],
  ['running', async (): Promise<void> => cpSync(berlin.dataPath, copyPath(), { recursive: true })],
] as const) {
  test(`[FAULT8] a folder copied while the region was ${when}, put back later: a new epoch, and the lost tail comes from the peers`, async () => {
    const ledger = new Ledger();
    const shoppers = new Shoppers(ledger, when);
    await buyInBerlin(shoppers, 20);
    await copyOlder();
    const copied = await originOfBerlin();
    await buyInBerlin(shoppers, 30);
    const before = await originOfBerlin();
    expect(before.origin).toBe(copied.origin);
    await berlin.kill();
    swapBack();
    // The others write on, so that what comes back is not the end of anything.
    await mesh.whileBuying(shoppers, {}, async () => {
      berlin.start();
      await berlin.untilReady();
      await within('berlin writes', 30_000, async () => shoppers.acknowledgedBy('berlin') > 70);
    });
    await mesh.expectAllShow(ledger);
    const after = await originOfBerlin();
    const { versionVector } = await berlin.client.status();
    expect(after.origin).not.toBe(before.origin);
    expect(versionVector[before.origin]).toBe(before.ops);
    const [renewed, ...more] = berlin.recordsOf('epoch.renewed').map(({ fields }) => fields['cause']);
    expect(more).toEqual([]);
    // Peers that are slow to answer leave it as a precaution.
    expect(['rolled_back', 'unconfirmed']).toContain(renewed);
    console.info(`rolled back from ${before.ops} to ${copied.ops} ops of its own, all refetched`);
  });
}

test('[FAULT8] an older folder with no peer in reach: a new epoch before the first write, and after the heal all come together', async () => {
  const ledger = new Ledger();
  const shoppers = new Shoppers(ledger, 'alone');
  await buyInBerlin(shoppers, 20);
  await berlin.stop();
  cpSync(berlin.dataPath, copyPath(), { recursive: true });
  berlin.start();
  await berlin.untilReady();
  await buyInBerlin(shoppers, 30);
  const before = await originOfBerlin();
  await berlin.kill();
  swapBack();
  mesh.network.partition(isolatedBerlin);
  berlin.start();
  await berlin.untilReady();
  const alone = await originOfBerlin();
  expect(alone.origin).not.toBe(before.origin);
  await mesh.whileBuying(shoppers, {}, () => within('berlin writes alone', 30_000, async () => shoppers.acknowledgedBy('berlin') > 70));
  await mesh.healAndExpectAllShow(ledger);
  const { versionVector } = await berlin.client.status();
  expect(versionVector[before.origin]).toBe(before.ops);
  // The epoch that it took alone is its own: nobody knows more of it.
  expect((await originOfBerlin()).origin).toBe(alone.origin);
});

test('[FAULT9] a region whose folder was wiped joins under a new epoch, takes writes, and gets everything from its peers', async () => {
  const ledger = new Ledger();
  const shoppers = new Shoppers(ledger, 'wiped');
  await buyInBerlin(shoppers, 60);
  const before = await originOfBerlin();
  await berlin.kill();
  rmSync(berlin.dataPath, { recursive: true });
  await mesh.whileBuying(shoppers, {}, async () => {
    berlin.start();
    await berlin.untilReady();
    await within('berlin writes', 30_000, async () => shoppers.acknowledgedBy('berlin') > 80);
  });
  await mesh.expectAllShow(ledger);
  const after = await originOfBerlin();
  const { versionVector } = await berlin.client.status();
  expect(after.origin).not.toBe(before.origin);
  expect(versionVector[before.origin]).toBe(before.ops);
});
