// The life of single writes: durability, idempotency, sessions, atomic refusal.

import { createDocument, type DocumentOp, identityOf } from '@anabranch/crdt';
import type { Delivery, DocumentSession, DocumentSessionListener } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import { NodeHash } from '@anabranch/system';
import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { ScriptedPeer } from '../simulator/scripted-peer.ts';
import { meshCollections, SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { codeOf, linkedMesh } from './linked-mesh.ts';

const cart = parseDocumentId('carts/c1');
const add = (by: number): DocumentOp[] => [{ op: 'increment', path: '/items/sku-1/qty', by }];
const digestOf = (byte: number): Uint8Array => new Uint8Array(16).fill(byte);

const meshOf = (...regions: string[]): Promise<SimulatedMesh> => linkedMesh({ seed: 11, regions });

function recorder(): DocumentSessionListener & { readonly deliveries: Delivery[]; readonly heard: Uint8Array[]; end: string | undefined } {
  return {
    deliveries: [],
    heard: [],
    end: undefined,
    deliver(delivery) {
      this.deliveries.push(delivery);
    },
    awareness(bytes) {
      this.heard.push(bytes);
    },
    ended(code) {
      this.end = code;
    },
  };
}

test.each([
  ['carts', 'apply'],
  ['carts', 'edit'],
] as const)('[GUARD11] when the library fails in the middle on %s, in %s, nothing of it stays', async (collection, method) => {
  const mesh = await meshOf('berlin', 'tokyo');
  const document = parseDocumentId(`${collection}/broken`);
  const berlin = mesh.replica('berlin');
  await mesh.edit('berlin', document, add(2));
  const client = new Y.Doc();
  client.getText('elsewhere').insert(0, 'x');
  const update = Y.encodeStateAsUpdate(client);
  const listener = recorder();
  const session = berlin.openSession(document, listener);
  const crdt = session.document;
  const works = crdt[method].bind(crdt) as (...args: unknown[]) => never;
  Object.assign(crdt, {
    [method]: (...args: unknown[]) => {
      works(...args);
      throw new Error('in the middle');
    },
  });
  const attempt = method === 'apply' ? session.ingest(update) : mesh.edit('berlin', document, add(5));
  expect(await codeOf(attempt)).toMatch(method === 'apply' ? /^update_invalid$/ : /in the middle/);
  expect(listener.end).toBe('not_ready');
  await mesh.edit('berlin', document, add(1));
  await mesh.untilConverged();
  expect(await mesh.json('berlin', document)).toMatchObject({ items: { 'sku-1': { qty: 3 } }, note: '' });
  expect(new Set(await mesh.digests(document)).size).toBe(1);
});

test('[LOG10] a write repeated under its key has one effect: at once, after a crash, and in another region', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const request = { document: cart, plan: () => add(2), idempotency: { key: 'order-1', requestDigest: digestOf(1) } };
  const both = Promise.all([mesh.replica('berlin').edit(request), mesh.replica('berlin').edit(request)]);
  const [first, second] = await both;
  expect([first.isReplay, second.isReplay]).toEqual([false, true]);
  expect(second.opId).toEqual(first.opId);
  await mesh.untilConverged();
  expect((await mesh.replica('tokyo').edit(request)).isReplay).toBe(true);
  mesh.crash('berlin');
  await mesh.start('berlin');
  await mesh.clock.advance(3_000);
  expect((await mesh.replica('berlin').edit(request)).isReplay).toBe(true);
  expect(await mesh.json('berlin', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 2 } } });
});

test('[LOG11] a key with another request is refused', async () => {
  const mesh = await meshOf('berlin');
  const edit = (byte: number, by: number) =>
    mesh.replica('berlin').edit({ document: cart, plan: () => add(by), idempotency: { key: 'k', requestDigest: digestOf(byte) } });
  await edit(1, 2);
  expect(await codeOf(edit(2, 3))).toBe('idempotency_key_reused');
});

test('[LOG5] what is not durable is in no answer, no delivery and no frame', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const berlin = mesh.replica('berlin');
  const listener = recorder();
  berlin.openSession(cart, listener);
  const edited = berlin.edit({ document: cart, plan: () => add(2) });
  const read = berlin.read(cart);
  expect(listener.deliveries).toEqual([]);
  expect(berlin.status().version.get(berlin.origin)).toBe(0);
  const [edit, view] = await Promise.all([edited, read]);
  expect(edit.version.get(berlin.origin)).toBe(1);
  expect(view.version.get(berlin.origin)).toBe(view.exists ? 1 : 0);
  expect(listener.deliveries).toHaveLength(1);
});

test('[LOG6] all ops that wait share one commit, and become durable in order', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const order: number[] = [];
  const edits = Array.from({ length: 50 }, (_, index) => berlin.edit({ document: cart, plan: () => add(1) }).then(() => order.push(index)));
  await Promise.all(edits);
  expect(order).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(berlin.status().version.get(berlin.origin)).toBe(50);
});

test('[LOG7] after a failed commit nothing is acknowledged any more, and the replica says that it must stop', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  await mesh.edit('berlin', 'carts/c1', add(1));
  mesh.failCommits('berlin');
  const failed = berlin.edit({ document: cart, plan: () => add(1) });
  expect(await codeOf(failed)).toBe('store_failed');
  await berlin.whenFailed;
  expect(await codeOf(berlin.edit({ document: cart, plan: () => add(1) }))).toBe('store_failed');
});

test('[LOG7] ops that arrive after a failed commit, before the process has ended, are not appended and break nothing', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const berlin = mesh.replica('berlin');
  const { version } = await mesh.edit('berlin', 'carts/c1', add(1));
  mesh.failCommits('berlin');
  expect(await codeOf(berlin.edit({ document: cart, plan: () => add(1) }))).toBe('store_failed');
  await mesh.edit('tokyo', 'carts/c1', add(2));
  await mesh.clock.advance(1_000);
  expect(berlin.status().version.equals(version)).toBe(true);
});

test('[DOOR13] a read with a token waits for what it names, or says what is missing', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const { version } = await mesh.edit('berlin', 'carts/c1', add(2));
  const waiting = mesh.replica('tokyo').read(cart, { minVersion: version, waitMsMax: 1_000 });
  await mesh.clock.advance(500);
  expect((await waiting).json).toMatchObject({ items: { 'sku-1': { qty: 2 } } });
  const forged = version.with(mesh.replica('berlin').origin, 1_000_000);
  const refused = codeOf(mesh.replica('tokyo').read(cart, { minVersion: forged, waitMsMax: 1_000 }));
  await mesh.clock.advance(1_500);
  expect(await refused).toBe('not_yet_visible');
});

test('[SYNC3] a session hears of updates from here and from other regions, once each, and of its own as its own', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const [here, there] = [recorder(), recorder()];
  const session = mesh.replica('berlin').openSession(cart, here);
  mesh.replica('tokyo').openSession(cart, there);
  await mesh.edit('tokyo', 'carts/c1', add(1));
  await mesh.clock.advance(500);
  const schema = meshCollections.get('carts');
  if (schema === undefined) throw new Error('no schema');
  const device = createDocument(schema, { yjsClientId: 33_000, automergeActor: 'ab'.repeat(16) });
  const update = device.edit({ writer: 'device.1', dot: 1, hlc: { ms: 1, counter: 0 } }, add(5)) ?? new Uint8Array();
  await session.ingest(update);
  expect(await session.ingest(update)).toBeUndefined();
  await mesh.clock.advance(500);
  expect(here.deliveries.map((delivery) => delivery.author === session)).toEqual([false, true]);
  expect(there.deliveries.map((delivery) => delivery.author)).toEqual([undefined, undefined]);
  expect(await mesh.json('tokyo', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 6 } } });
});

test('[SYNC4] awareness reaches the other sessions of the document, here and elsewhere, each once', async () => {
  const mesh = await meshOf('berlin', 'tokyo', 'new-york');
  const listeners = ['berlin', 'berlin', 'tokyo', 'new-york'].map((region) => {
    const listener = recorder();
    return { listener, session: mesh.replica(region).openSession(cart, listener) };
  });
  listeners[0]?.session.relayAwareness(Uint8Array.of(1, 2, 3));
  await mesh.clock.advance(1_000);
  expect(listeners.map(({ listener }) => listener.heard.length)).toEqual([0, 1, 1, 1]);
});

test('[GUARD1] an invalid update is refused and leaves no trace, in the log, the document or other sessions', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const listener = recorder();
  const session: DocumentSession = berlin.openSession(cart, listener);
  await mesh.edit('berlin', 'carts/c1', add(1));
  const before = berlin.status().version;
  for (const bytes of [Uint8Array.of(255, 255, 255), new Uint8Array(), Uint8Array.of(1, 1, 5, 0, 1, 255)]) {
    expect(['update_invalid', 'update_incomplete']).toContain(await codeOf(session.ingest(bytes)));
  }
  expect(await codeOf(session.ingest(new Uint8Array((1 << 20) + 1)))).toBe('request_too_large');
  expect(berlin.status().version.equals(before)).toBe(true);
  expect(listener.deliveries).toHaveLength(1);
});

test('[DOOR12] an edit whose update is too large to replicate is undone, with the edits before it kept', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const listener = recorder();
  const insert = (length: number) =>
    berlin.edit({ document: cart, plan: () => [{ op: 'insert', path: '/note', index: 0, text: 'x'.repeat(length) }] });
  berlin.openSession(cart, listener);
  const kept = insert(10);
  const big = Array.from({ length: 30 }, (_, i): DocumentOp => ({ op: 'insert', path: '/lines', index: i, value: 'y'.repeat(60_000) }));
  const refused = codeOf(berlin.edit({ document: cart, plan: () => big }));
  const [{ json }, code] = await Promise.all([kept, refused]);
  expect(code).toBe('request_too_large');
  expect(json).toMatchObject({ note: 'x'.repeat(10) });
  expect(await mesh.json('berlin', 'carts/c1')).toMatchObject({ note: 'x'.repeat(10), lines: [] });
  expect(listener.end).toBe('not_ready');
  await insert(5);
  mesh.crash('berlin');
  await mesh.start('berlin');
  await mesh.clock.advance(3_000);
  expect(await mesh.json('berlin', 'carts/c1')).toMatchObject({ note: 'x'.repeat(15), lines: [] });
});

test('[STORE7] loaded documents are bounded; an evicted one is read back equal', async () => {
  const mesh = await meshOf('berlin');
  const count = 1_200;
  for (let i = 0; i < count; i++) await mesh.edit('berlin', `notes/n${i}`, [{ op: 'set', path: '/m/k', value: i }]);
  expect(mesh.replica('berlin').status().documentsLoaded).toBe(1_000);
  for (const i of [0, 1, 600, count - 1]) expect(await mesh.json('berlin', `notes/n${i}`)).toMatchObject({ m: { k: i } });
});

test('[STORE9] a long tail of ops is folded into a snapshot that reads back equal', async () => {
  const mesh = await meshOf('berlin');
  for (const collection of ['carts', 'carts-automerge']) {
    for (let i = 0; i < 600; i++) await mesh.edit('berlin', `${collection}/c1`, add(1));
  }
  const digests = [await mesh.digests('carts/c1'), await mesh.digests('carts-automerge/c1')];
  mesh.crash('berlin');
  await mesh.start('berlin');
  await mesh.clock.advance(3_000);
  expect([await mesh.digests('carts/c1'), await mesh.digests('carts-automerge/c1')]).toEqual(digests);
  expect(await mesh.json('berlin', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 600 } } });
});

test('[LAG1] [LAG2] lag is near zero when idle, grows while an origin is cut off, and drains', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  await mesh.edit('tokyo', 'carts/c1', add(1));
  await mesh.untilConverged();
  await mesh.clock.advance(1_000);
  const lag = () =>
    mesh
      .replica('berlin')
      .status()
      .lag.find((each) => each.origin.startsWith('tokyo.'));
  expect(lag()).toMatchObject({ ops: 0, bytes: 0 });
  expect(lag()?.ms).toBeLessThan(400);
  mesh.path('berlin', 'tokyo').cut('both');
  await mesh.clock.advance(20_000);
  expect(lag()?.ms).toBeGreaterThan(19_000);
  for (let i = 0; i < 5; i++) await mesh.edit('tokyo', 'carts/c1', add(1));
  mesh.path('berlin', 'tokyo').heal();
  await mesh.untilConverged();
  await mesh.clock.advance(1_000);
  expect(lag()).toMatchObject({ ops: 0, bytes: 0 });
  expect(lag()?.ms).toBeLessThan(400);
});

test('[LAG3] a region whose clock is an hour off shows the same lag', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  await mesh.edit('tokyo', 'carts/c1', add(1));
  mesh.skewWallClock('tokyo', 3_600_000);
  await mesh.clock.advance(3_000);
  const lag = mesh
    .replica('berlin')
    .status()
    .lag.find((each) => each.origin.startsWith('tokyo.'));
  const peer = mesh
    .replica('berlin')
    .status()
    .peers.find((each) => each.region === 'tokyo');
  expect(peer?.clockOffsetMs).toBeGreaterThan(3_599_000);
  expect(lag?.ms).toBeLessThan(400);
});

test('[LAG4] the time from commit to visibility is observed per pair of regions', async () => {
  const observed: Array<{ name: string; value: number; labels: unknown }> = [];
  const metrics = { count() {}, observe: (name: string, value: number, labels?: unknown) => observed.push({ name, value, labels }) };
  const mesh = new SimulatedMesh({ seed: 11, regions: ['berlin', 'tokyo'], metrics });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  await mesh.edit('tokyo', 'carts/c1', add(1));
  await mesh.untilConverged();
  const visible = observed.filter((each) => each.name === 'anabranch_commit_to_visible_seconds');
  expect(visible).toMatchObject([{ labels: { from: 'tokyo' } }]);
  expect(visible[0]?.value).toBeGreaterThanOrEqual(0.05);
  expect(visible[0]?.value).toBeLessThan(0.1);
});

test('[LOG12] the writes of one op become visible together', async () => {
  const mesh = await meshOf('berlin');
  const berlin = mesh.replica('berlin');
  const peer = new ScriptedPeer(berlin);
  peer.shakeHands();
  const versions: string[] = [];
  for (const id of ['notes/a', 'notes/b']) {
    const listener = recorder();
    berlin.openSession(parseDocumentId(id), { ...listener, deliver: ({ version }) => versions.push(JSON.stringify(version)) });
  }
  const write = (id: string) => {
    const doc = new Y.Doc();
    doc.getMap('m').set('k', id);
    return { document: parseDocumentId(id), library: 'yjs' as const, update: Y.encodeStateAsUpdate(doc) };
  };
  peer.sendFrame(peer.ops([{ hlc: { ms: 1, counter: 0 }, dependencies: [], writes: [write('notes/a'), write('notes/b')] }]));
  expect(await mesh.json('berlin', 'notes/a')).toEqual({});
  await mesh.clock.advance(10);
  expect(await mesh.json('berlin', 'notes/a')).toEqual({ m: { k: 'notes/a' } });
  expect(await mesh.json('berlin', 'notes/b')).toEqual({ m: { k: 'notes/b' } });
  expect(versions).toHaveLength(2);
  expect(new Set(versions).size).toBe(1);
});

test('[LOG10] a key whose first try changed nothing changes nothing later, here and in another region', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  const request = {
    document: cart,
    plan: (): DocumentOp[] => [{ op: 'remove', path: '/items/sku-1' }],
    idempotency: { key: 'remove-1', requestDigest: digestOf(1) },
  };
  expect((await mesh.replica('berlin').edit(request)).opId).toBeDefined();
  await mesh.edit('berlin', 'carts/c1', add(2));
  await mesh.untilConverged();
  for (const region of ['berlin', 'tokyo']) expect((await mesh.replica(region).edit(request)).isReplay).toBe(true);
  expect(await mesh.json('tokyo', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 2 } } });
});

test.each(['carts', 'carts-automerge'])(
  '[GUARD9] %s: edits of a region that have not arrived by its log are not taken from a client',
  async (collection) => {
    const mesh = await meshOf('berlin', 'tokyo');
    const [berlin, tokyo] = [mesh.replica('berlin'), mesh.replica('tokyo')];
    const document = parseDocumentId(`${collection}/c1`);
    mesh.path('berlin', 'tokyo').cut('both');
    const schema = meshCollections.get(collection);
    if (schema === undefined) throw new Error('no schema');
    const forger = createDocument(schema, identityOf(tokyo.origin, new NodeHash()));
    const forged = forger.edit({ writer: tokyo.origin, dot: 1, hlc: { ms: 1, counter: 0 } }, add(100)) ?? new Uint8Array();
    const session = berlin.openSession(document, recorder());
    expect(await codeOf(session.ingest(forged))).toBe('update_incomplete');
    await tokyo.edit({ document, plan: () => add(1) });
    mesh.path('berlin', 'tokyo').heal();
    await mesh.untilConverged();
    expect(new Set(await mesh.digests(document)).size).toBe(1);
    expect(await mesh.json('berlin', document)).toMatchObject({ items: { 'sku-1': { qty: 1 } } });
    // What has arrived by the log may come again from a client that brought it along.
    expect(await session.ingest(tokyo.openSession(document, recorder()).document.encodeState())).toBeUndefined();
  },
);

test('[STORE8] a document that many ops were received for is folded before anybody reads it', async () => {
  const mesh = await meshOf('berlin', 'tokyo');
  for (let i = 0; i < 1_100; i++) await mesh.edit('berlin', 'carts/c1', add(1));
  await mesh.untilConverged();
  await mesh.clock.advance(100);
  expect(mesh.replica('tokyo').status().documentsLoaded).toBe(0);
  expect(await mesh.storedTail('tokyo', 'carts/c1')).toBeLessThan(200);
  expect(await mesh.json('tokyo', 'carts/c1')).toMatchObject({ items: { 'sku-1': { qty: 1_100 } } });
});
