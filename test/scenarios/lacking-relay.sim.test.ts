// A region that is heard of by a relay only, which lacks an op of an epoch that has ended and never gets it: what others know of the region
// all the same.

import { AnabranchError } from '@anabranch/base';
import { createDocument, type DocumentOp, identityOf } from '@anabranch/crdt';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import { KvReplicaStore } from '@anabranch/storage';
import { NodeHash } from '@anabranch/system';
import { afterEach, expect, test, vi } from 'vitest';
import { meshCollections, type SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { codeOf } from './linked-mesh.ts';
import { meshOf, outcomeOf, sell, settled, stock } from './trade.ts';

const depot = parseDocumentId('depots/d');
const status = (value: string): DocumentOp[] => [{ op: 'set', path: '/status', value }];

afterEach(() => {
  vi.restoreAllMocks();
});

/** Tokyo has taken another epoch and is linked with Berlin alone, which cannot read of it the last op of the one before. */
async function lackingRelay(stocked: string): Promise<SimulatedMesh> {
  const mesh = await meshOf();
  await mesh.edit(stocked, depot, stock(10));
  await mesh.edit('tokyo', depot, status('open'));
  await mesh.untilConverged();
  // New York heard of Tokyo itself longer than Berlin did.
  await mesh.clock.advance(777);
  mesh.path('berlin', 'tokyo').cut('both');
  await mesh.clock.advance(5_000);
  mesh.path('new-york', 'tokyo').cut('both');
  const before = mesh.replica('tokyo');
  await mesh.edit('tokyo', depot, status('closed'));
  const { origin } = before;
  const lastSeq = before.version.get(origin);
  mesh.crash('tokyo');
  await mesh.start('tokyo');
  await mesh.clock.advance(6_000);
  const readOps = KvReplicaStore.prototype.readOps;
  vi.spyOn(KvReplicaStore.prototype, 'readOps').mockImplementation(function (this: KvReplicaStore, of, afterSeq, bytesMax) {
    if (of !== origin || afterSeq !== lastSeq - 1) return readOps.call(this, of, afterSeq, bytesMax);
    throw new AnabranchError('record_damaged', 'a record of the store is damaged');
  });
  mesh.path('berlin', 'tokyo').heal();
  await mesh.clock.advance(10_000);
  expect(mesh.replica('tokyo').origin).not.toBe(origin);
  expect(mesh.replica('berlin').version.get(origin)).toBe(lastSeq - 1);
  return mesh;
}

test('[RIGHTS3] its rights are not reclaimed: it can be heard', async () => {
  const mesh = await lackingRelay('tokyo');
  const reclaimed = mesh.replica('new-york').reclaimRights({ document: depot, path: '/stock', from: 'tokyo' });
  expect((await outcomeOf(reclaimed)).code).toBe('region_reachable');
});

test('[BOUND23] it is given rights when it asks', async () => {
  const mesh = await lackingRelay('new-york');
  expect((await settled(mesh, outcomeOf(mesh.edit('tokyo', depot, sell(4))))).code).toBe('ok');
});

test.each(['carts', 'carts-automerge'])('[LOG13] nobody writes under the name of its epoch (%s)', async (collection) => {
  const mesh = await lackingRelay('tokyo');
  const document: DocumentId = parseDocumentId(`${collection}/c`);
  const schema = meshCollections.get(collection);
  if (schema === undefined) throw new Error(`no ${collection}`);
  const { origin } = mesh.replica('tokyo');
  const forger = createDocument(schema, identityOf(origin, new NodeHash()));
  const by = { writer: origin, dot: 2, hlc: { ms: 1, counter: 0 } };
  const forged = forger.edit(by, [{ op: 'increment', path: '/items/tea/qty', by: 100 }]) ?? new Uint8Array();
  const session = mesh.replica('new-york').openSession(document, { deliver() {}, awareness() {}, ended() {} });
  expect(await codeOf(session.ingest(forged))).toBe('update_incomplete');
});
