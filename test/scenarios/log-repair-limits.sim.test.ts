// What repair of a log meets beyond a few damaged ops: whole stretches of it that are gone.

import type { MemoryKvImage } from '@anabranch/storage';
import { expect, test } from 'vitest';
import type { SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { codeOf, linkedMesh } from './linked-mesh.ts';

const cart = 'carts/a';

type Stored = MemoryKvImage[number];

test('[REPAIR1] ops at the beginning of a log whose records are gone come back, and are shipped without a restart', async () => {
  const { mesh, image } = await writtenMesh(20);
  mesh.crash('new-york');
  mesh.restore('new-york', []);
  mesh.path('tokyo', 'new-york').cut('both');
  await beginAgain(
    mesh,
    image.filter((record) => !isAmongOps(record, image, 0, 3)),
  );
  await untilRead(mesh, 30);
  expect(damagedSeqs(mesh, image)).toEqual([]);
  await mesh.start('new-york');
  await mesh.untilConverged();
  expect(await mesh.json('new-york', cart)).toEqual(await mesh.json('tokyo', cart));
});

test('[REPAIR1] more damaged ops in a row than are asked for at a time are repaired', { timeout: 60_000 }, async () => {
  const { mesh, image } = await writtenMesh(1_100);
  // The snapshot too, so that a read takes the ops.
  const isHit = (record: Stored): boolean => record[0].startsWith('s') || isAmongOps(record, image, 10, 1_060);
  await beginAgain(
    mesh,
    image.map((record) => (isHit(record) ? flipped(record) : record)),
  );
  await untilRead(mesh, 300);
  expect(damagedSeqs(mesh, image)).toEqual([]);
});

/** A mesh in which Tokyo has written so many ops to a cart, and what is on Berlin's disk. */
async function writtenMesh(ops: number): Promise<{ readonly mesh: SimulatedMesh; readonly image: MemoryKvImage }> {
  const mesh = await linkedMesh({ seed: 1, regions: ['berlin', 'tokyo', 'new-york'], delayMs: 20, documentsLoadedMax: 1 });
  for (let count = 0; count < ops; count++) await mesh.edit('tokyo', cart, [{ op: 'set', path: '/status', value: `${count}` }]);
  await mesh.untilConverged();
  await mesh.clock.advance(500);
  return { mesh, image: mesh.image('berlin') };
}

async function beginAgain(mesh: SimulatedMesh, image: MemoryKvImage): Promise<void> {
  mesh.crash('berlin');
  mesh.restore('berlin', image);
  await mesh.start('berlin');
}

async function untilRead(mesh: SimulatedMesh, tries: number): Promise<void> {
  for (let count = 0; count < tries; count++) {
    if ((await codeOf(mesh.json('berlin', cart))) === 'none') return;
    await mesh.clock.advance(1_000);
  }
}

function isAmongOps([key]: Stored, image: MemoryKvImage, from: number, to: number): boolean {
  const keys = image.map(([other]) => other).filter((other) => other.startsWith('l'));
  return keys.toSorted().slice(from, to).includes(key);
}

function flipped([key, value]: Stored): Stored {
  const copy = Uint8Array.from(value);
  copy[20] = (copy[20] ?? 0) ^ 1;
  return [key, copy];
}

/** The ops whose records are not what they were. */
function damagedSeqs(mesh: SimulatedMesh, image: MemoryKvImage): number[] {
  const now = new Map(mesh.image('berlin'));
  const damaged = image.filter(([key, value]) => key.startsWith('l') && !Buffer.from(now.get(key) ?? []).equals(value));
  return damaged.map(([key]) => Buffer.from(key, 'latin1').readUIntBE(key.length - 6, 6));
}
