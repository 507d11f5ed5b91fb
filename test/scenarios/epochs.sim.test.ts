// Regions that take a new epoch, and what the others make of it: whom they believe under which name.

import { silentLogger } from '@anabranch/base';
import { type OriginId, parseRegionId } from '@anabranch/causality';
import { createDocument, type DocumentOp, identityOf } from '@anabranch/crdt';
import type { DocumentSessionListener, Replica } from '@anabranch/engine';
import { chainNext, chainStart, type DocumentId, encodeOp, parseDocumentId } from '@anabranch/protocol';
import { KvReplicaStore, MemoryKv } from '@anabranch/storage';
import { NodeHash } from '@anabranch/system';
import { expect, test } from 'vitest';
import { ScriptedPeer } from '../simulator/scripted-peer.ts';
import { meshCollections, SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { codeOf, linkedMesh } from './linked-mesh.ts';

const three = ['new-york', 'berlin', 'tokyo'];
const silent: DocumentSessionListener = { deliver() {}, awareness() {}, ended() {} };
const add = (by: number): DocumentOp[] => [{ op: 'increment', path: '/items/sku-1/qty', by }];

const meshOf = (...regions: string[]): Promise<SimulatedMesh> => linkedMesh({ seed: 11, regions });

/** What a client of `at` is answered that brings content under the name of the epoch `from` writes under now. */
async function bringForged(at: Replica, from: Pick<Replica, 'origin'>, document: DocumentId): Promise<string> {
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

test('[LOG13] an epoch that was named in the handshake of a link is known, also when the link broke before anything else was said', async () => {
  const mesh = await meshOf('berlin');
  const peer = new ScriptedPeer(mesh.replica('berlin'));
  peer.shakeHands();
  peer.break();
  await mesh.clock.advance(1_000);
  const document = parseDocumentId('carts-automerge/c1');
  expect(await bringForged(mesh.replica('berlin'), peer, document)).toBe('update_incomplete');
});

test('[GUARD9] a client brings back what its own region lost with its disk where others had been told of it, once nobody tells so any more', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const document = parseDocumentId('notes/c1');
  const set = (key: string): DocumentOp[] => [{ op: 'set', path: `/m/${key}`, value: 1 }];
  await mesh.edit('tokyo', document, set('a'));
  await mesh.untilConverged();
  const { origin } = mesh.replica('tokyo');
  mesh.path('berlin', 'tokyo').cut('both');
  await mesh.edit('tokyo', document, set('b'));
  const brought = mesh.replica('tokyo').openSession(document, silent).document.encodeState();
  mesh.crash('tokyo');
  mesh.restore('tokyo', []);
  // What a relay had told that lost its disk too.
  const relay = new ScriptedPeer(mesh.replica('berlin'));
  relay.shakeHands();
  relay.reportHeads(2, origin);
  await mesh.clock.advance(10);
  const ingested = () => codeOf(mesh.replica('berlin').openSession(document, silent).ingest(brought));
  mesh.path('berlin', 'tokyo').heal();
  await mesh.start('tokyo');
  await mesh.clock.advance(2_000);
  relay.reportHeads(2, origin);
  expect(await ingested()).toBe('update_incomplete');
  relay.reportHeads(1, origin);
  expect(await ingested()).toBe('none');
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

test('[LOG9] a hub without configured peers that was restored notices what they hold before it writes', async () => {
  const mesh = new SimulatedMesh({ seed: 11, regions: ['alpha', 'beta'], hubs: ['alpha'] });
  const before = await rolledBackHub(mesh);
  const edited = mesh.edit('alpha', 'carts/c1', add(100));
  await mesh.clock.advance(5_000);
  await edited;
  expect(mesh.replica('alpha').origin).not.toBe(before);
  await mesh.untilConverged();
  for (const region of ['alpha', 'beta']) {
    expect(await mesh.json(region, 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 110 } } });
  }
});

test('[LOG9] a region without a mesh writes at once after a restart, under its epoch, and takes no link', async () => {
  const mesh = new SimulatedMesh({ seed: 11, regions: ['alpha', 'beta'], hubs: ['alpha', 'beta'], hasMeshKey: false });
  await mesh.startAll();
  await mesh.edit('alpha', 'carts/c1', add(1));
  const { origin } = mesh.replica('alpha');
  mesh.crash('alpha');
  await mesh.start('alpha');
  await mesh.edit('alpha', 'carts/c1', add(1));
  expect(mesh.clock.monotonicMs()).toBe(0);
  expect(mesh.replica('alpha').origin).toBe(origin);
  await mesh.clock.advance(5_000);
  expect(
    mesh
      .replica('alpha')
      .status()
      .peers.filter(({ linkState }) => linkState === 'connected'),
  ).toEqual([]);
});

test('[LOG8] a region that is only dialled and was set back to before it met its peer waits for it, and takes a new epoch', async () => {
  const mesh = new SimulatedMesh({ seed: 11, regions: ['alpha', 'beta'] });
  await mesh.start('beta');
  await mesh.edit('beta', 'carts/c1', add(1));
  const beforeAlpha = mesh.image('beta');
  await mesh.start('alpha');
  await mesh.edit('beta', 'carts/c1', add(10));
  await mesh.untilConverged();
  const { origin } = mesh.replica('beta');
  mesh.crash('beta');
  mesh.restore('beta', beforeAlpha);
  mesh.path('alpha', 'beta').cut('both');
  await mesh.start('beta');
  const edited = mesh.edit('beta', 'carts/c1', add(100));
  await mesh.clock.advance(2_000);
  expect(mesh.replica('beta').status()).toMatchObject({ origin, isWritable: false });
  await mesh.clock.advance(1_000);
  expect((await edited).opId?.origin).not.toBe(origin);
  mesh.path('alpha', 'beta').heal();
  await mesh.untilConverged();
  for (const region of ['alpha', 'beta']) {
    expect(await mesh.json(region, 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 111 } } });
    expect(mesh.replica(region).status().quarantinedOrigins).toEqual([]);
  }
});

test.each([
  ['fewer', 1],
  ['more', 7],
])('[LOG14] a hub that wrote %s ops than it had lost, alone, is fenced once it meets a peer', async (_, count) => {
  const mesh = new SimulatedMesh({ seed: 11, regions: ['alpha', 'beta'], hubs: ['alpha'] });
  const before = await rolledBackHub(mesh, 'cut');
  await mesh.clock.advance(3_000);
  for (let i = 0; i < count; i++) await mesh.edit('alpha', 'carts/c1', add(100));
  mesh.path('alpha', 'beta').heal();
  await mesh.clock.advance(5_000);
  const status = mesh.replica('alpha').status();
  expect(status.quarantinedOrigins).toContain(before);
  expect(status).toMatchObject({ isWritable: false, notWritableReason: expect.stringContaining('another log') });
  expect(await codeOf(mesh.edit('alpha', 'carts/c1', add(1)))).toBe('not_ready');
  expect(await mesh.json('beta', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 10 } } });
});

/** alpha writes 5, is backed up, writes 5 more that beta receives, and is restored. */
async function rolledBackHub(mesh: SimulatedMesh, path?: 'cut'): Promise<string> {
  await mesh.start('alpha');
  for (let i = 0; i < 5; i++) await mesh.edit('alpha', 'carts/c1', add(1));
  const backup = mesh.image('alpha');
  await mesh.start('beta');
  for (let i = 0; i < 5; i++) await mesh.edit('alpha', 'carts/c1', add(1));
  await mesh.untilConverged();
  const { origin } = mesh.replica('alpha');
  mesh.crash('alpha');
  mesh.restore('alpha', backup);
  if (path === 'cut') mesh.path('alpha', 'beta').cut('both');
  await mesh.start('alpha');
  return origin;
}

test('[LOG10] a write retried under its key at a region that was restored waits for the lost tail and is not applied again', async () => {
  const mesh = await meshOf(...three);
  await mesh.edit('tokyo', 'carts/c1', add(1));
  await mesh.untilConverged();
  const backup = mesh.image('tokyo');
  const idempotency = { key: 'order-1', requestDigest: new Uint8Array(16).fill(1) };
  const request = { document: parseDocumentId('carts/c1'), plan: () => add(10), idempotency };
  const first = await mesh.replica('tokyo').edit(request);
  await mesh.untilConverged();
  mesh.crash('tokyo');
  mesh.restore('tokyo', backup);
  await mesh.start('tokyo');
  const retried = mesh.replica('tokyo').edit(request);
  await mesh.clock.advance(5_000);
  expect(await retried).toMatchObject({ isReplay: true, opId: first.opId });
  await mesh.untilConverged();
  expect(await mesh.json('berlin', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 11 } } });
});

test('[LOG15] a mesh that has had as many epochs as a vector holds writes under no new one, and shows nothing unlogged', async () => {
  const hash = new NodeHash();
  const region = parseRegionId('berlin');
  const names = Array.from({ length: 1_025 }, (_, i) => `berlin.${i.toString(16).padStart(12, '0')}` as OriginId);
  const [current, ...earlier] = names;
  if (current === undefined) throw new Error('no origin');
  const kv = new MemoryKv();
  const store = await KvReplicaStore.open(kv, silentLogger);
  await store.commit({ identity: { region, storeId: new Uint8Array(16), origin: current } });
  const hlc = { ms: 1, counter: 0 };
  const bytes = encodeOp({ hlc, dependencies: [], writes: [], idempotency: { key: 'k', requestDigest: new Uint8Array(16) } });
  const logged = { seq: 1, bytes, logBytes: bytes.length, hlc, documents: [] };
  const chainHash = (origin: OriginId) => chainNext(hash, chainStart(hash, origin), bytes);
  await store.commit({ ops: earlier.map((origin, i) => ({ ...logged, origin, chainHash: chainHash(origin), position: i + 1 })) });
  const mesh = new SimulatedMesh({ seed: 11, regions: ['berlin'] });
  mesh.restore('berlin', kv.image());
  const berlin = await mesh.start('berlin');
  await mesh.clock.advance(3_000);
  expect(await codeOf(mesh.edit('berlin', 'carts/c1', add(1)))).toBe('not_ready');
  expect((await berlin.read(parseDocumentId('carts/c1'))).exists).toBe(false);
});

test('[LIFE2] an edit that waits for a new epoch is refused when the replica stops, and nothing is renewed after', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  await mesh.edit('tokyo', 'carts/c1', add(1));
  await mesh.untilConverged();
  mesh.crash('tokyo');
  mesh.path('berlin', 'tokyo').cut('both');
  const tokyo = await mesh.start('tokyo');
  const edited = codeOf(mesh.edit('tokyo', 'carts/c1', add(1)));
  await mesh.clock.advance(100);
  const { origin } = tokyo;
  const stopped = tokyo.stop();
  expect(await edited).toBe('not_ready');
  await stopped;
  await mesh.clock.advance(60_000);
  expect(tokyo.origin).toBe(origin);
});
