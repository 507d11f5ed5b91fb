// Damaged records of a region's log are fetched from whoever holds the ops, checked against the hash chain and written again.

import { isAnabranchError } from '@anabranch/base';
import type { Replica } from '@anabranch/engine';
import { decodeLinkFrame, encodeLinkFrame, parseDocumentId } from '@anabranch/protocol';
import type { MemoryKvImage } from '@anabranch/storage';
import { expect, test } from 'vitest';
import { SeededRandom } from '../simulator/seeded-random.ts';
import type { SimulatedMesh, SimulatedMeshOptions } from '../simulator/simulated-mesh.ts';
import { linkedMesh } from './linked-mesh.ts';

const documents = ['carts/a', 'carts/b', 'carts-automerge/c'];
const regions = ['berlin', 'tokyo', 'new-york'];

test.each([1, 2, 3, 4, 5, 6])(
  '[REPAIR1] whatever ops of a log are damaged, reads find them and the store is what it was, seed %i',
  async (seed) => {
    const { mesh, image } = await writtenMesh(seed);
    const random = new SeededRandom(seed);
    const share = random.pick([0.1, 0.5, 1]);
    mesh.crash('berlin');
    mesh.restore(
      'berlin',
      damaged(image, random, (key) => isOp(key) && !isHead(image, key) && random.chance(share)),
    );
    await mesh.start('berlin');
    await untilRepaired(mesh, image);
    for (const document of documents) expect(await mesh.json('berlin', document)).toEqual(await mesh.json('tokyo', document));
  },
);

test('[REPAIR1] a damaged record of the newest op is written again before the region is restarted', async () => {
  const { mesh, image } = await writtenMesh(7, { documentsLoadedMax: 1 });
  const random = new SeededRandom(7);
  await mesh.tamper('berlin', (key, value) => (isOp(key) && isHead(image, key) ? flipped(value, random) : value));
  await untilRepaired(mesh, image);
});

test('[REPAIR1] what no linked peer holds stays damaged and is not served, until one does', async () => {
  const { mesh, image } = await writtenMesh(8);
  mesh.crash('berlin');
  for (const peer of ['tokyo', 'new-york']) mesh.path('berlin', peer).cut('both');
  mesh.restore(
    'berlin',
    damaged(image, new SeededRandom(8), (key) => isOp(key) && !isHead(image, key)),
  );
  await mesh.start('berlin');
  for (let minute = 0; minute < 3; minute++) {
    expect(await codesOf(mesh.replica('berlin'))).toEqual(documents.map(() => 'record_damaged'));
    await mesh.clock.advance(60_000);
  }
  expect(await codesOf(mesh.replica('berlin'))).toEqual(documents.map(() => 'record_damaged'));
  mesh.path('berlin', 'new-york').heal();
  await untilRepaired(mesh, image);
});

test('[REPAIR3] ops that nothing reads come back too', async () => {
  const { mesh, image } = await writtenMesh(10);
  const isDamaged = new SeededRandom(10);
  mesh.crash('berlin');
  mesh.restore(
    'berlin',
    damaged(image, isDamaged, (key) => isOp(key) && !isHead(image, key) && isDamaged.chance(0.3)),
  );
  await mesh.start('berlin');
  await mesh.clock.advance(30_000);
  expect(logOf(mesh.image('berlin'))).toEqual(logOf(image));
});

test('[REPAIR2] an op that is not on the chain is not written, and another peer is asked', async () => {
  const { mesh, image } = await writtenMesh(9);
  mesh.crash('berlin');
  const [first = ''] = image.map(([key]) => key).filter((key) => isOp(key) && !isHead(image, key));
  mesh.restore(
    'berlin',
    damaged(image, new SeededRandom(9), (key) => key === first),
  );
  let lies = 0;
  const lie = (frame: Uint8Array): Uint8Array => {
    const decoded = decodeLinkFrame(frame);
    if (decoded?.type !== 'fetched') return frame;
    lies += 1;
    const op = decoded.op.slice();
    op[op.length - 1] = (op.at(-1) ?? 0) ^ 1;
    return encodeLinkFrame({ ...decoded, op });
  };
  for (const peer of ['tokyo', 'new-york']) mesh.path('berlin', peer).rewrite = (frame) => (lies < 3 ? lie(frame) : frame);
  await mesh.start('berlin');
  await untilRepaired(mesh, image);
  expect(lies).toBe(3);
});

/** Three regions that have written to three documents, and what is on Berlin's disk. */
async function writtenMesh(
  seed: number,
  options: Partial<SimulatedMeshOptions> = {},
): Promise<{ readonly mesh: SimulatedMesh; readonly image: MemoryKvImage }> {
  const mesh = await linkedMesh({ seed, regions, delayMs: 20, ...options });
  const random = new SeededRandom(seed);
  for (let count = 0; count < 40; count++) {
    await mesh.edit(random.pick(regions), random.pick(documents), [{ op: 'set', path: '/status', value: `${count} ${random.u32()}` }]);
    if (random.chance(0.3)) await mesh.clock.advance(50);
  }
  await mesh.untilConverged();
  await mesh.clock.advance(500);
  return { mesh, image: mesh.image('berlin') };
}

/** Reads like a client that comes again and again: each read stops at the first damaged op that it meets. */
async function untilRepaired(mesh: SimulatedMesh, image: MemoryKvImage): Promise<void> {
  const whole = JSON.stringify([...logOf(image)]);
  for (let read = 0; read < 300 && JSON.stringify([...logOf(mesh.image('berlin'))]) !== whole; read++) {
    await codesOf(mesh.replica('berlin'));
    await mesh.clock.advance(200);
  }
  expect(logOf(mesh.image('berlin'))).toEqual(logOf(image));
}

async function codesOf(replica: Replica): Promise<string[]> {
  const codes: string[] = [];
  for (const document of documents) {
    try {
      await replica.read(parseDocumentId(document));
      codes.push('ok');
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      codes.push(error.code);
    }
  }
  return codes;
}

function isOp(key: string): boolean {
  return key.startsWith('l');
}

/** Without the newest op of a log no store opens. */
function isHead(image: MemoryKvImage, key: string): boolean {
  const log = image.map(([other]) => other).filter((other) => isOp(other) && other.slice(0, -7) === key.slice(0, -7));
  return log.toSorted().at(-1) === key;
}

function damaged(image: MemoryKvImage, random: SeededRandom, isHit: (key: string) => boolean): MemoryKvImage {
  return image.map(([key, value]) => [key, isHit(key) ? flipped(value, random) : value] as const);
}

function flipped(value: Uint8Array, random: SeededRandom): Uint8Array {
  const copy = Uint8Array.from(value);
  const at = random.below(copy.length);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.below(8));
  return copy;
}

function logOf(image: MemoryKvImage): ReadonlyMap<string, string> {
  return new Map(image.filter(([key]) => isOp(key)).map(([key, value]) => [key, Buffer.from(value).toString('hex')]));
}
