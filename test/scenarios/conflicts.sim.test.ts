// Values that lost to concurrent ones, in a mesh that was partitioned: every region tells the same, and gives them back.

import { isAnabranchError } from '@anabranch/base';
import { regionOf } from '@anabranch/causality';
import type { CollectionCursor, Conflict } from '@anabranch/engine';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { pastDocuments, pastRegions, randomPast, replayed } from './random-past.ts';

const cart = parseDocumentId('carts/a');

async function ofDocument(mesh: SimulatedMesh, region: string, document: DocumentId, entriesMax = 1_000): Promise<Conflict[]> {
  const conflicts: Conflict[] = [];
  let after: string | undefined;
  do {
    const page = await replayed(mesh, mesh.replica(region).past.conflicts.ofDocument(document, after, entriesMax));
    expect([page.isComplete, page.conflicts.length <= entriesMax]).toEqual([true, true]);
    conflicts.push(...page.conflicts);
    after = page.next;
  } while (after !== undefined);
  return conflicts;
}

async function ofCollection(mesh: SimulatedMesh, region: string, collection: string, entriesMax: number): Promise<Conflict[]> {
  const conflicts: Conflict[] = [];
  let after: CollectionCursor | undefined;
  do {
    const page = await replayed(mesh, mesh.replica(region).past.conflicts.ofCollection(collection, after, entriesMax));
    expect([page.unavailable, page.conflicts.length <= entriesMax]).toEqual([[], true]);
    conflicts.push(...page.conflicts);
    after = page.next;
  } while (after !== undefined);
  return conflicts;
}

const at = (view: unknown, path: string): unknown =>
  path
    .slice(1)
    .split('/')
    .reduce((value, segment) => Reflect.get(Object(value), segment), view);

async function partitioned(collection: string): Promise<{ mesh: SimulatedMesh; document: DocumentId }> {
  const mesh = new SimulatedMesh({ seed: 9, regions: ['berlin', 'tokyo', 'new-york'] });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  const document = parseDocumentId(`${collection}/c`);
  await mesh.edit('berlin', document, [{ op: 'set', path: '/status', value: 'before' }]);
  await mesh.untilConverged();
  mesh.path('berlin', 'tokyo').cut('both');
  mesh.path('tokyo', 'new-york').cut('both');
  await mesh.edit('berlin', document, [{ op: 'set', path: '/status', value: 'hers' }]);
  await mesh.clock.advance(10);
  await mesh.edit('tokyo', document, [{ op: 'set', path: '/status', value: 'his' }]);
  mesh.path('berlin', 'tokyo').heal();
  mesh.path('tokyo', 'new-york').heal();
  await mesh.untilConverged();
  return { mesh, document };
}

test.each([1, 2, 3, 4, 5])('[CONF1] [CONF2] every region tells the same conflicts, on pages of any size (seed %i)', async (seed) => {
  const { mesh } = await randomPast(seed, 90);
  let count = 0;
  for (const document of pastDocuments) {
    const told = await ofDocument(mesh, 'berlin', document);
    count += told.length;
    for (const region of pastRegions) expect(await ofDocument(mesh, region, document, 2)).toEqual(told);
    const { json } = await mesh.replica('tokyo').read(document);
    for (const { path, winner, stands } of told) if (stands) expect(at(json, path)).toEqual(winner.value);
    for (const { winner, loser } of told) expect(winner.opId).not.toEqual(loser.opId);
  }
  expect(count).toBeGreaterThan(0);
  const both = [...(await ofDocument(mesh, 'berlin', cart)), ...(await ofDocument(mesh, 'berlin', parseDocumentId('carts/b')))];
  for (const entriesMax of [1, 3, 1_000]) expect(await ofCollection(mesh, 'new-york', 'carts', entriesMax)).toEqual(both);
});

test.each(['carts', 'carts-automerge'])(
  '[CONF1] [CONF2] a concurrent overwrite in %s is told with both values and writers',
  async (collection) => {
    const { mesh, document } = await partitioned(collection);
    const [conflict, ...others] = await ofDocument(mesh, 'new-york', document);
    expect(others).toEqual([]);
    expect(conflict).toMatchObject({
      document,
      path: '/status',
      winner: { value: 'his', region: 'tokyo', opId: { origin: mesh.replica('tokyo').origin, seq: 1 } },
      loser: { value: 'hers', region: 'berlin', opId: { origin: mesh.replica('berlin').origin, seq: 2 } },
      isKeptAll: false,
      stands: true,
    });
    expect(conflict?.id).toMatch(/^[0-9a-f]{32}$/);
    expect(regionOf(conflict?.winner.opId.origin ?? mesh.replica('berlin').origin)).toBe('tokyo');
  },
);

test.each(['carts', 'carts-automerge'])(
  '[CONF3] the value that lost in %s is found by its id in every region, and written again',
  async (collection) => {
    const { mesh, document } = await partitioned(collection);
    const [told] = await ofDocument(mesh, 'berlin', document);
    const { path, loser } = await replayed(mesh, mesh.replica('new-york').past.conflicts.find(document, told?.id ?? ''));
    await mesh.edit('new-york', document, [{ op: 'set', path, value: loser.value }]);
    await mesh.untilConverged();
    for (const region of pastRegions) {
      expect(await mesh.json(region, document)).toMatchObject({ status: 'hers' });
      expect(await ofDocument(mesh, region, document)).toEqual([{ ...told, stands: false }]);
    }
    const missing = await replayed(
      mesh,
      mesh
        .replica('tokyo')
        .past.conflicts.find(document, '0'.repeat(32))
        .catch((error: unknown) => error),
    );
    expect(isAnabranchError(missing, 'conflict_not_found')).toBe(true);
  },
);

test('[CONF2] what was overwritten on purpose, removed, or added up is no conflict', async () => {
  const mesh = new SimulatedMesh({ seed: 10, regions: ['berlin', 'tokyo'] });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  const both = async (hers: Parameters<typeof mesh.edit>[2], his: Parameters<typeof mesh.edit>[2]) => {
    mesh.path('berlin', 'tokyo').cut('both');
    await mesh.edit('berlin', cart, hers);
    await mesh.edit('tokyo', cart, his);
    mesh.path('berlin', 'tokyo').heal();
    await mesh.untilConverged();
  };
  await mesh.edit('berlin', cart, [{ op: 'set', path: '/items/a/name', value: 'Tea' }]);
  await mesh.untilConverged();
  await both([{ op: 'remove', path: '/items/a' }], [{ op: 'set', path: '/items/a/name', value: 'Green tea' }]);
  await both([{ op: 'increment', path: '/items/a/qty', by: 1 }], [{ op: 'increment', path: '/items/a/qty', by: 2 }]);
  await mesh.edit('tokyo', cart, [{ op: 'set', path: '/items/a/name', value: 'White tea' }]);
  await mesh.untilConverged();
  expect(await ofDocument(mesh, 'berlin', cart)).toEqual([]);
});

test('[CONF1] the comparison of regions notices one that lacks an op', async () => {
  const { mesh, document } = await partitioned('carts');
  const whole = await ofDocument(mesh, 'berlin', document);
  mesh.path('berlin', 'tokyo').cut('both');
  mesh.path('berlin', 'new-york').cut('both');
  await mesh.edit('tokyo', document, [{ op: 'set', path: '/status', value: 'later' }]);
  expect(await ofDocument(mesh, 'tokyo', document)).not.toEqual(await ofDocument(mesh, 'berlin', document));
  expect(await ofDocument(mesh, 'berlin', document)).toEqual(whole);
});
