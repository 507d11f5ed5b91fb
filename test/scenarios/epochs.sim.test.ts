// Regions that take a new epoch, and what the others make of it: whom they believe under which name.

import { isAnabranchError } from '@anabranch/base';
import { createDocument, type DocumentOp, identityOf } from '@anabranch/crdt';
import type { DocumentSessionListener, Replica } from '@anabranch/engine';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import { NodeHash } from '@anabranch/system';
import { expect, test } from 'vitest';
import { meshCollections, SimulatedMesh } from '../simulator/simulated-mesh.ts';

const three = ['new-york', 'berlin', 'tokyo'];
const silent: DocumentSessionListener = { deliver() {}, awareness() {}, ended() {} };
const add = (by: number): DocumentOp[] => [{ op: 'increment', path: '/items/sku-1/qty', by }];

async function meshOf(...regions: string[]): Promise<SimulatedMesh> {
  const mesh = new SimulatedMesh({ seed: 11, regions });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  return mesh;
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'none';
  } catch (error) {
    return isAnabranchError(error) ? error.code : String(error);
  }
}

/** What a client of `at` is answered that brings content under the name of the epoch `from` writes under now. */
async function bringForged(at: Replica, from: Replica, document: DocumentId): Promise<string> {
  const schema = meshCollections.get(document.split('/')[0] ?? '');
  if (schema === undefined) throw new Error(`no collection for ${document}`);
  const forger = createDocument(schema, identityOf(from.origin, new NodeHash()));
  const forged = forger.edit({ writer: from.origin, dot: 2, hlc: { ms: 1, counter: 0 } }, add(100));
  if (forged === undefined) throw new Error('the edit changed nothing');
  return codeOf(at.openSession(document, silent).ingest(forged));
}

test.each(['carts', 'carts-automerge'])(
  '[LOG13] an epoch taken while links stand is known to their peers: nobody writes under its name there (%s)',
  async (collection) => {
    const mesh = await meshOf(...three);
    await mesh.edit('tokyo', `${collection}/c0`, add(1));
    await mesh.untilConverged();
    mesh.crash('tokyo');
    mesh.path('tokyo', 'new-york').cut('both');
    await mesh.start('tokyo');
    await mesh.clock.advance(4_000);
    const [berlin, tokyo] = [mesh.replica('berlin'), mesh.replica('tokyo')];
    expect(berlin.status().peers.find((peer) => peer.region === 'tokyo')?.origin).toBe(tokyo.origin);
    const document = parseDocumentId(`${collection}/c1`);
    expect(await bringForged(berlin, tokyo, document)).toBe('update_incomplete');
    await tokyo.edit({ document, plan: () => add(1) });
    mesh.path('tokyo', 'new-york').heal();
    await mesh.untilConverged(20_000);
    expect(new Set(await mesh.digests(document)).size).toBe(1);
    expect(await mesh.json('berlin', document)).toMatchObject({ items: { 'sku-1': { qty: 1 } } });
  },
);

test('[LOG13] a region that hears of another by relay only knows its epoch before it has an op', async () => {
  const mesh = new SimulatedMesh({ seed: 11, regions: three });
  mesh.path('new-york', 'tokyo').cut('both');
  await mesh.startAll();
  await mesh.clock.advance(10_000);
  const [newYork, tokyo] = [mesh.replica('new-york'), mesh.replica('tokyo')];
  const document = parseDocumentId('carts/c1');
  expect(await bringForged(newYork, tokyo, document)).toBe('update_incomplete');
  await tokyo.edit({ document, plan: () => add(1) });
  await mesh.untilConverged();
  expect(new Set(await mesh.digests(document)).size).toBe(1);
});

test('[GUARD9] a client brings back what its own region lost with its disk, there and elsewhere', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const document = parseDocumentId('notes/c1');
  const set = (key: string): DocumentOp[] => [{ op: 'set', path: `/m/${key}`, value: 1 }];
  await mesh.edit('tokyo', document, set('a'));
  await mesh.untilConverged();
  mesh.path('berlin', 'tokyo').cut('both');
  await mesh.edit('tokyo', document, set('b'));
  const brought = mesh.replica('tokyo').openSession(document, silent).document.encodeState();
  mesh.crash('tokyo');
  mesh.restore('tokyo', []);
  mesh.path('berlin', 'tokyo').heal();
  await mesh.start('tokyo');
  await mesh.clock.advance(10_000);
  for (const region of ['tokyo', 'berlin']) {
    expect(await codeOf(mesh.replica(region).openSession(document, silent).ingest(brought))).toBe('none');
  }
  await mesh.untilConverged();
  expect(await mesh.json('berlin', document)).toEqual({ m: { a: 1, b: 1 } });
});
