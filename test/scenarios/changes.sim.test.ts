// The change feed of a mesh that was partitioned, read in one region and gone on with in another.

import { VersionVector } from '@anabranch/causality';
import { createDocument, type DocumentOp, identityOf } from '@anabranch/crdt';
import type { ChangedOp } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import { NodeHash } from '@anabranch/system';
import { expect, test } from 'vitest';
import { ScriptedPeer } from '../simulator/scripted-peer.ts';
import { meshCollections, type SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { linkedMesh } from './linked-mesh.ts';
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

test('[TOKEN1] an answer that waits for the disk names nothing that arrives meanwhile: behind its token the feed tells all it did not show', async () => {
  const mesh = await linkedMesh({ seed: 31, regions: ['berlin'] });
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  await mesh.clock.advance(10);
  const document = parseDocumentId('carts/c1');
  const add = (sku: string): DocumentOp[] => [{ op: 'increment', path: `/items/${sku}/qty`, by: 1 }];
  const schema = meshCollections.get('carts');
  if (schema === undefined) throw new Error('no carts');
  const theirs = createDocument(schema, identityOf(peer.origin, new NodeHash()));
  const hlc = { ms: 1, counter: 0 };
  const update = theirs.edit({ writer: peer.origin, dot: 1, hlc }, add('milk')) ?? new Uint8Array();
  // One commit takes the write, what a peer sends, and another write.
  const written = berlin.edit({ document, plan: () => add('tea') });
  peer.sendFrame(peer.ops([{ hlc, dependencies: [], writes: [{ document, library: 'yjs', update }] }]));
  const [read, rights] = [berlin.read(document), berlin.rights(document)];
  const later = berlin.edit({ document, plan: () => add('salt') });
  await later;
  for (const { version } of [await written, await read, await rights]) {
    expect(
      readAll(mesh, 'berlin', version)
        .map(({ opId }) => opId.origin)
        .sort(),
    ).toEqual([berlin.origin, peer.origin]);
  }
  expect(await mesh.json('berlin', document)).toMatchObject({ items: { tea: { qty: 1 }, milk: { qty: 1 }, salt: { qty: 1 } } });
});
