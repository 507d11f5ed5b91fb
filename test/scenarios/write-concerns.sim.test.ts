// What a region says of who has a write: never more than is so, and all of it once it is heard.

import type { RegionId } from '@anabranch/causality';
import type { DocumentOp } from '@anabranch/crdt';
import type { OpId, WriteReport, WriteTarget } from '@anabranch/engine';
import { expect, test } from 'vitest';
import { SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { codeOf, linkedMesh } from './linked-mesh.ts';

const three = ['berlin', 'new-york', 'tokyo'];
const add = (by: number): DocumentOp[] => [{ op: 'increment', path: '/items/sku-1/qty', by }];
const named = (...regions: string[]) => regions as RegionId[];

const meshOf = (...regions: string[]): Promise<SimulatedMesh> => linkedMesh({ seed: 17, regions });

async function write(mesh: SimulatedMesh, at: string): Promise<OpId> {
  const { opId } = await mesh.edit(at, 'carts/c1', add(1));
  if (opId === undefined) throw new Error('the edit changed nothing');
  return opId;
}

/** The answer to a wait, and after how much virtual time it came. */
async function answerOf(mesh: SimulatedMesh, at: string, opId: OpId, target: WriteTarget) {
  const timeoutMs = 5_000;
  const startMs = mesh.clock.monotonicMs();
  let answer: (WriteReport & { afterMs: number }) | undefined;
  const waiting = mesh
    .replica(at)
    .writeConcerns.whenMet(opId, { target, timeoutMs })
    .then((report) => {
      answer = { ...report, afterMs: mesh.clock.monotonicMs() - startMs };
    });
  await mesh.clock.until(() => answer !== undefined, timeoutMs + 1_000, 'answered');
  await waiting;
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

test.each<[WriteTarget, number]>([
  ['local', 0],
  [1, 0],
  [2, 100],
  [3, 100],
  ['majority', 100],
  ['all', 100],
  [named('tokyo'), 100],
  [named('berlin'), 0],
])('[WC1] a write that must be in %s waits for the acknowledgements it needs and for nothing more', async (target, atLeastMs) => {
  const mesh = await meshOf(...three);
  const answer = await answerOf(mesh, 'berlin', await write(mesh, 'berlin'), target);
  expect(answer.isMet).toBe(true);
  expect(answer.afterMs).toBeGreaterThanOrEqual(atLeastMs);
  expect(answer.afterMs).toBeLessThanOrEqual(atLeastMs * 1.5);
});

test.each<[WriteTarget, boolean]>([
  ['local', true],
  [1, true],
  [2, true],
  [3, false],
  ['majority', true],
  ['all', false],
  [named('new-york'), true],
  [named('new-york', 'tokyo'), false],
])('[WC1] [WC2] with tokyo cut off, %s is met: %s; and after the heal in any case', async (target, isMet) => {
  const mesh = await meshOf(...three);
  for (const other of ['berlin', 'new-york']) mesh.path(other, 'tokyo').cut('both');
  const opId = await write(mesh, 'berlin');
  const answer = await answerOf(mesh, 'berlin', opId, target);
  expect(answer).toMatchObject({ opId, isMet });
  if (!isMet) expect(answer).toMatchObject({ durable: named('berlin', 'new-york'), pending: named('tokyo'), afterMs: 5_000 });
  for (const other of ['berlin', 'new-york']) mesh.path(other, 'tokyo').heal();
  expect(await answerOf(mesh, 'berlin', opId, target)).toMatchObject({ isMet: true });
  await mesh.untilConverged();
  await mesh.clock.advance(1_000);
  for (const region of three) {
    expect(mesh.replica(region).writeConcerns.report(opId)).toMatchObject({
      durable: expect.arrayContaining(three),
      pending: [],
      isMet: true,
    });
  }
});

test('[WC1] a region that acknowledges over and over, on link after link, counts once', async () => {
  const mesh = await meshOf(...three);
  mesh.path('berlin', 'tokyo').cut('both');
  mesh.path('new-york', 'tokyo').cut('both');
  const opId = await write(mesh, 'berlin');
  for (let round = 0; round < 5; round++) {
    mesh.path('berlin', 'new-york').sever();
    await mesh.clock.advance(1_000);
    await write(mesh, 'berlin');
  }
  expect(await answerOf(mesh, 'berlin', opId, 3)).toMatchObject({ isMet: false, durable: named('berlin', 'new-york') });
});

test('[WC3] a concern that the mesh could never meet is refused', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const { writeConcerns } = mesh.replica('berlin');
  for (const target of [0, 3, 1.5, -1, Number.NaN, named('atlantis'), named('berlin', 'atlantis'), named()]) {
    await expect(async () => writeConcerns.check(target), String(target)).rejects.toMatchObject({ code: 'write_concern_invalid' });
  }
  for (const target of ['local', 'majority', 'all', 1, 2, named('berlin'), named('tokyo', 'berlin')] as const) writeConcerns.check(target);
});

test('[WC2] a write that the region does not hold is not known, and no region makes one up', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const opId = await write(mesh, 'berlin');
  const { writeConcerns } = mesh.replica('berlin');
  const { origin } = opId;
  for (const unknown of [
    { origin, seq: 2 },
    { origin, seq: 0 },
    { origin: mesh.replica('tokyo').origin, seq: 1 },
  ]) {
    await expect(async () => writeConcerns.report(unknown)).rejects.toMatchObject({ code: 'write_not_found' });
  }
});

test('[WC4] a region that was restored counts as what it holds now, and again when it has caught up', async () => {
  const mesh = await meshOf(...three);
  await write(mesh, 'berlin');
  await mesh.untilConverged();
  const backup = mesh.image('tokyo');
  const opId = await write(mesh, 'berlin');
  await mesh.untilConverged();
  await mesh.clock.advance(500);
  const { writeConcerns } = mesh.replica('berlin');
  expect(writeConcerns.report(opId)).toMatchObject({ isMet: true, pending: [] });
  mesh.crash('tokyo');
  await mesh.clock.advance(1_000);
  // What it acknowledged last is all that is known of a region that is down.
  expect(writeConcerns.report(opId)).toMatchObject({ isMet: true });
  mesh.restore('tokyo', backup);
  await mesh.start('tokyo');
  const seen: string[] = [];
  await mesh.clock.until(
    () => {
      const { pending } = writeConcerns.report(opId);
      if (seen.at(-1) !== pending.join()) seen.push(pending.join());
      return seen.includes('tokyo') && pending.length === 0;
    },
    10_000,
    'tokyo lost it and has it again',
  );
  expect(seen).toEqual(['', 'tokyo', '']);
});

test('[WC4] so does one whose clock was set back and that was heard for a moment only, whatever others believe that did not hear it', async () => {
  const mesh = await meshOf('berlin', 'tokyo', 'new-york');
  const backup = mesh.image('tokyo');
  const opId = await write(mesh, 'berlin');
  await mesh.untilConverged();
  await mesh.clock.advance(500);
  const { writeConcerns } = mesh.replica('berlin');
  expect(writeConcerns.report(opId).pending).toEqual([]);
  mesh.crash('tokyo');
  mesh.path('tokyo', 'new-york').cut('both');
  mesh.restore('tokyo', backup);
  mesh.skewWallClock('tokyo', -3_600_000);
  const tokyo = await mesh.start('tokyo');
  const isLinked = () => tokyo.status().peers.some(({ linkState }) => linkState === 'connected');
  await mesh.clock.until(isLinked, 5_000, 'tokyo is linked with berlin');
  // Tokyo says who it is, and hears nothing more.
  mesh.path('berlin', 'tokyo').cut('a-to-b');
  await mesh.clock.advance(5_000);
  expect(writeConcerns.report(opId).pending).toEqual(named('tokyo'));
  // On a new link new-york tells all that it knows.
  mesh.path('berlin', 'new-york').sever();
  await mesh.clock.advance(2_000);
  expect(writeConcerns.report(opId).pending).toEqual(named('tokyo'));
  mesh.path('berlin', 'tokyo').heal();
  await mesh.clock.until(() => writeConcerns.report(opId).isMet, 10_000, 'tokyo has it again');
  mesh.path('berlin', 'tokyo').cut('both');
  mesh.path('tokyo', 'new-york').heal();
  const later = await write(mesh, 'berlin');
  await mesh.clock.until(() => writeConcerns.report(later).isMet, 10_000, 'what new-york passes on of tokyo counts');
});

test('[WC4] a region whose disk was wiped counts for nothing until it has the writes again', async () => {
  const mesh = await meshOf(...three);
  const opId = await write(mesh, 'berlin');
  await mesh.untilConverged();
  mesh.crash('tokyo');
  mesh.restore('tokyo', []);
  await mesh.start('tokyo');
  const { writeConcerns } = mesh.replica('berlin');
  await mesh.clock.until(() => writeConcerns.report(opId).pending.includes(named('tokyo')[0] as RegionId), 5_000, 'known to have lost it');
  await mesh.clock.until(() => writeConcerns.report(opId).isMet, 10_000, 'has it again');
});

/** Only neighbours in the order of the names reach each other. */
async function chainOf(...regions: string[]): Promise<SimulatedMesh> {
  const mesh = new SimulatedMesh({ seed: 17, regions });
  regions.forEach((a, i) => {
    for (const b of regions.slice(i + 2)) mesh.path(a, b).cut('both');
  });
  await mesh.startAll();
  await mesh.clock.advance(20_000);
  return mesh;
}

test('[WC5] in a chain `all` is met by what the regions between pass on', async () => {
  const mesh = await chainOf('a', 'b', 'c', 'd');
  const answer = await answerOf(mesh, 'a', await write(mesh, 'a'), 'all');
  expect(answer).toMatchObject({ isMet: true, durable: named('a', 'b', 'c', 'd') });
  expect(answer.afterMs).toBeGreaterThan(300);
  const fromTheMiddle = await answerOf(mesh, 'b', await write(mesh, 'b'), 'all');
  expect(fromTheMiddle.isMet).toBe(true);
});

test('[WC5] over a hub that alone is configured, leaves learn of each other and count each other', async () => {
  const mesh = new SimulatedMesh({ seed: 17, regions: ['hub', 'left', 'right'], hubs: ['hub'] });
  mesh.path('left', 'right').cut('both');
  await mesh.startAll();
  await mesh.clock.advance(20_000);
  expect(await answerOf(mesh, 'left', await write(mesh, 'left'), 'all')).toMatchObject({
    isMet: true,
    durable: expect.arrayContaining(named('hub', 'left', 'right')),
  });
});

test('[WC4] [WC5] at the other end of a chain, too, a restored region counts as what it holds now', async () => {
  const mesh = await chainOf('a', 'b', 'c', 'd');
  await write(mesh, 'a');
  await mesh.untilConverged();
  const backup = mesh.image('d');
  const opId = await write(mesh, 'a');
  const report = (at: string) => mesh.replica(at).writeConcerns.report(opId);
  await mesh.clock.until(() => report('a').isMet, 5_000, 'known everywhere');
  mesh.crash('d');
  mesh.restore('d', backup);
  await mesh.start('d');
  await mesh.clock.until(() => !report('c').isMet, 5_000, 'its neighbour hears what it holds');
  mesh.path('c', 'd').cut('both');
  await mesh.clock.until(() => !report('a').isMet, 2_000, 'the other end hears it');
  expect(report('a').pending).toEqual(named('d'));
  mesh.path('c', 'd').heal();
  await mesh.clock.until(() => report('a').isMet, 10_000, 'it has it again');
});

test('[WC4] [WC5] a process whose clock was set back is believed again, also at the other end of a chain', async () => {
  const mesh = await chainOf('a', 'b', 'c', 'd');
  const before = await write(mesh, 'a');
  expect(await answerOf(mesh, 'a', before, 'all')).toMatchObject({ isMet: true });
  mesh.crash('d');
  mesh.skewWallClock('d', -86_400_000);
  await mesh.start('d');
  await mesh.clock.advance(10_000);
  expect(await answerOf(mesh, 'a', await write(mesh, 'a'), 'all')).toMatchObject({ isMet: true });
  // So it is when its neighbour has forgotten what the others believe.
  mesh.crash('d');
  mesh.crash('c');
  mesh.skewWallClock('d', -2 * 86_400_000);
  await mesh.start('c');
  await mesh.start('d');
  await mesh.clock.advance(10_000);
  expect(await answerOf(mesh, 'a', await write(mesh, 'a'), 'all')).toMatchObject({ isMet: true });
});

test('[WC6] a region that stops or fails while a write waits says that it is pending, and who has it', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  mesh.path('berlin', 'tokyo').cut('both');
  const opId = await write(mesh, 'berlin');
  const stopping = mesh.replica('berlin');
  const waiting = stopping.writeConcerns.whenMet(opId, { target: 'all', timeoutMs: 60_000 });
  const pending = { isMet: false, durable: ['berlin'], pending: ['tokyo'] };
  const stopped = stopping.stop();
  expect(await waiting).toMatchObject(pending);
  expect(await stopping.writeConcerns.whenMet(opId, { target: 'all', timeoutMs: 60_000 })).toMatchObject(pending);
  await stopped;
  const tokyoOp = await write(mesh, 'tokyo');
  const tokyo = mesh.replica('tokyo');
  const inTokyo = tokyo.writeConcerns.whenMet(tokyoOp, { target: 'all', timeoutMs: 60_000 });
  mesh.failCommits('tokyo');
  expect(await codeOf(mesh.edit('tokyo', 'carts/c1', add(1)))).toBe('store_failed');
  expect(await inTokyo).toMatchObject({ isMet: false, durable: ['tokyo'], pending: ['berlin'] });
});

test('[WC6] waits are bounded in number: beyond, a write is answered at once as pending', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  mesh.path('berlin', 'tokyo').cut('both');
  const opId = await write(mesh, 'berlin');
  const { writeConcerns } = mesh.replica('berlin');
  const concern = { target: 'all', timeoutMs: 1_000 } as const;
  const waiting = Array.from({ length: 10_000 }, () => writeConcerns.whenMet(opId, concern));
  expect(await writeConcerns.whenMet(opId, concern)).toMatchObject({ isMet: false, pending: named('tokyo') });
  await mesh.clock.advance(1_000);
  expect((await Promise.all(waiting)).every(({ isMet }) => !isMet)).toBe(true);
});
