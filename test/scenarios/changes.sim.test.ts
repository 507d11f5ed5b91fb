// The change feed of a mesh that was partitioned, read in one region and gone on with in another.

import { VersionVector } from '@anabranch/causality';
import type { ChangedOp } from '@anabranch/engine';
import { expect, test } from 'vitest';
import type { SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { pastRegions, randomPast } from './random-past.ts';

function readAll(mesh: SimulatedMesh, region: string, after: VersionVector): ChangedOp[] {
  const reader = mesh.replica(region).past.changes.readAfter(after, () => {});
  const ops: ChangedOp[] = [];
  for (let op = reader.next(); op !== undefined; op = reader.next()) ops.push(op);
  reader.close();
  return ops;
}

const idOf = ({ opId }: ChangedOp): string => `${opId.origin}:${opId.seq}`;

test.each([1, 2, 3])('[FEED2] from the token of any event, every region tells each op after it once (seed %i)', async (seed) => {
  const { mesh } = await randomPast(seed, 60);
  const whole = readAll(mesh, 'berlin', VersionVector.empty);
  expect(whole.length).toBeGreaterThan(20);
  expect(whole.some(({ documents }) => documents.length === 3)).toBe(true);
  for (const [at, { version }] of whole.entries()) {
    for (const region of pastRegions) {
      expect(readAll(mesh, region, version).map(idOf).sort()).toEqual(
        whole
          .slice(at + 1)
          .map(idOf)
          .sort(),
      );
    }
  }
});

test('[FEED1] a follower hears of ops of other regions in causal order while links are cut and healed', async () => {
  const { mesh } = await randomPast(4, 40);
  const heard: ChangedOp[] = [];
  const after = mesh.replica('tokyo').status().version;
  const reader = mesh.replica('tokyo').past.changes.readAfter(after, () => {
    for (let op = reader.next(); op !== undefined; op = reader.next()) heard.push(op);
  });
  const add = (region: string) => mesh.edit(region, 'carts/a', [{ op: 'increment', path: '/items/a/qty', by: 1 }]);
  mesh.path('berlin', 'tokyo').cut('both');
  mesh.path('new-york', 'tokyo').cut('both');
  await add('berlin');
  await mesh.clock.advance(500);
  await add('new-york');
  await add('tokyo');
  expect(heard.map(({ opId }) => opId.origin)).toEqual([mesh.replica('tokyo').origin]);
  mesh.path('new-york', 'tokyo').heal();
  mesh.path('berlin', 'tokyo').heal();
  await mesh.untilConverged();
  const origins = ['tokyo', 'berlin', 'new-york'].map((region) => mesh.replica(region).origin);
  expect(heard.map(({ opId }) => opId.origin)).toEqual(origins);
});
