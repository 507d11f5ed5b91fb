// Replication over simulated paths in virtual time: real replicas, real codecs, real link logic.

import { expect, test } from 'vitest';
import { SimulatedMesh } from '../simulator/simulated-mesh.ts';

const three = ['new-york', 'berlin', 'tokyo'];
const add = (sku: string, by: number) => [{ op: 'increment' as const, path: `/items/${sku}/qty`, by }];

async function startedMesh(regions: readonly string[] = three, seed = 1): Promise<SimulatedMesh> {
  const mesh = new SimulatedMesh({ seed, regions });
  await mesh.startAll();
  await mesh.clock.until(
    () => mesh.running().every((replica) => replica.status().peers.every((peer) => peer.linkState === 'connected')),
    2_000,
    'all linked',
  );
  return mesh;
}

test('[PULL1] a write in one region is seen in all, on both libraries', async () => {
  const mesh = await startedMesh();
  for (const collection of ['carts', 'carts-automerge']) {
    const edited = await mesh.edit('berlin', `${collection}/c1`, add('sku-1', 2));
    expect(edited.json).toMatchObject({ items: { 'sku-1': { qty: 2 } } });
    await mesh.untilConverged(1_000);
    for (const region of three) {
      expect(await mesh.json(region, `${collection}/c1`)).toMatchObject({ items: { 'sku-1': { qty: 2 } } });
    }
    expect(new Set(await mesh.digests(`${collection}/c1`)).size).toBe(1);
  }
});

test('[MERGE2] adds on both sides of a partition add up after the heal', async () => {
  const mesh = await startedMesh();
  for (const other of ['new-york', 'berlin']) mesh.path('tokyo', other).cut('both');
  await mesh.edit('tokyo', 'carts/c1', add('sku-1', 3));
  await mesh.edit('berlin', 'carts/c1', add('sku-1', 2));
  await mesh.clock.advance(10_000);
  expect(await mesh.json('tokyo', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 3 } } });
  expect(await mesh.json('new-york', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 2 } } });
  for (const other of ['new-york', 'berlin']) mesh.path('tokyo', other).heal();
  await mesh.untilConverged(10_000);
  for (const region of three) {
    expect(await mesh.json(region, 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 5 } } });
  }
});

test('[PULL7] with new-york to tokyo cut, berlin relays within a second plus the delay of the links', async () => {
  const mesh = await startedMesh();
  await mesh.edit('tokyo', 'carts/c0', add('sku-0', 1));
  await mesh.untilConverged();
  mesh.path('new-york', 'tokyo').cut('both');
  await mesh.edit('tokyo', 'carts/c1', add('sku-1', 3));
  await mesh.untilConverged(1_100);
  expect(await mesh.json('new-york', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 3 } } });
  await mesh.clock.advance(10_000);
  mesh.path('new-york', 'tokyo').heal();
  const tokyoOrigin = mesh.replica('tokyo').origin;
  const upstream = () =>
    mesh
      .replica('new-york')
      .status()
      .lag.find((lag) => lag.origin === tokyoOrigin)?.upstream;
  expect(upstream()).toBe('berlin');
  await mesh.clock.until(() => upstream() === 'tokyo', 5_000, 'tokyo is the upstream again');
});

test('[LOG9] a store that went back in time continues under a new epoch and fetches its lost tail', async () => {
  const mesh = await startedMesh();
  await mesh.edit('tokyo', 'carts/c1', add('sku-1', 1));
  await mesh.untilConverged();
  const old = mesh.image('tokyo');
  const epoch = mesh.replica('tokyo').origin;
  await mesh.edit('tokyo', 'carts/c1', add('sku-1', 10));
  await mesh.untilConverged();
  mesh.crash('tokyo');
  mesh.restore('tokyo', old);
  await mesh.start('tokyo');
  const edited = mesh.edit('tokyo', 'carts/c1', add('sku-1', 100));
  await mesh.clock.advance(3_000);
  await edited;
  expect(mesh.replica('tokyo').origin).not.toBe(epoch);
  await mesh.untilConverged();
  for (const region of three) {
    expect(await mesh.json(region, 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 111 } } });
  }
});

test('[LOG8] a restart that all peers confirm keeps the epoch; an isolated one takes a new epoch to write', async () => {
  const mesh = await startedMesh();
  await mesh.edit('tokyo', 'carts/c1', add('sku-1', 1));
  await mesh.untilConverged();
  const epoch = mesh.replica('tokyo').origin;
  mesh.crash('tokyo');
  await mesh.start('tokyo');
  await mesh.clock.until(() => mesh.replica('tokyo').status().isWritable, 2_000, 'tokyo writes again');
  expect(mesh.replica('tokyo').origin).toBe(epoch);

  mesh.crash('tokyo');
  for (const other of ['new-york', 'berlin']) mesh.path('tokyo', other).cut('both');
  await mesh.start('tokyo');
  const edited = mesh.edit('tokyo', 'carts/c1', add('sku-1', 10));
  await mesh.clock.advance(3_000);
  await edited;
  expect(mesh.replica('tokyo').origin).not.toBe(epoch);
  for (const other of ['new-york', 'berlin']) mesh.path('tokyo', other).heal();
  await mesh.untilConverged();
  expect(await mesh.json('berlin', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 11 } } });
});

test('[PULL5] a chain of regions replicates through the middle, and every crash loses nothing acknowledged', async () => {
  const mesh = await startedMesh();
  mesh.path('new-york', 'tokyo').cut('both');
  let expected = 0;
  for (let round = 0; round < 6; round++) {
    for (const region of three) {
      const edited = mesh.edit(region, 'carts/c1', add('sku-1', 1));
      await mesh.clock.advance(3_000);
      await edited;
      expected += 1;
    }
    const victim = mesh.random.pick(three);
    mesh.crash(victim);
    await mesh.clock.advance(mesh.random.below(1_000));
    await mesh.start(victim);
  }
  await mesh.untilConverged();
  for (const region of three) {
    expect(await mesh.json(region, 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: expected } } });
  }
  expect(new Set(await mesh.digests('carts/c1')).size).toBe(1);
});
