// A document of which nobody sends anything that can be read, and all the others.

import type { DocumentOp } from '@anabranch/crdt';
import { YjsDocument } from '@anabranch/crdt/yjs';
import { parseDocumentId, type SessionAnswer } from '@anabranch/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Client, MemoryStore, schema } from '../index.ts';
import { platformOf, ScriptedRegion, type ScriptedSession } from '../testing/scripted-regions.ts';

const shape = schema.object({ qty: schema.counter(), items: schema.map(schema.counter()) });
const collections = { carts: { library: 'yjs', schema: shape } } as const;
const [ann, bob] = ['carts/ann', 'carts/bob'].map(parseDocumentId) as [never, never];
const garbage = new Uint8Array([1, 9, 9, 9]);
const state = (document: never, bytes: Uint8Array): SessionAnswer => ({ type: 'state', document, isResync: false, state: bytes });

/** A document of a region, with a quantity of 2. */
function theirs() {
  const document = new YjsDocument(shape, { yjsClientId: 2 ** 32 + 5, automergeActor: 'ab'.repeat(16) });
  let dot = 0;
  const add = (): Uint8Array => {
    dot += 1;
    const author = { writer: 'berlin.5f0c12ab90de', dot, hlc: { ms: dot, counter: 0 } };
    return document.edit(author, [{ op: 'increment', path: '/qty', by: 2 }]) ?? new Uint8Array();
  };
  add();
  return { add, state: () => document.encodeState() };
}

async function start(...regions: ScriptedRegion[]) {
  const platform = platformOf(regions);
  const later: Array<() => void> = [];
  const setTimer = (afterMs: number, callback: () => void) => {
    if (afterMs !== 60_000) return platform.clock.setTimer(afterMs, callback);
    later.push(callback);
    return { cancel: () => {} };
  };
  const store = new MemoryStore();
  const options = { regions: regions.map(({ name, url }) => ({ name, url })), collections };
  const client = await Client.create(options, { platform: { ...platform, clock: { ...platform.clock, setTimer } }, store });
  onTestFinished(() => client.close());
  const session = async (region: ScriptedRegion, documents: number): Promise<ScriptedSession> => {
    await vi.waitFor(() => expect(region.session?.of('follow').flatMap((frame) => frame.documents)).toHaveLength(documents), 4_000);
    return region.session as ScriptedSession;
  };
  return { client, store, later, session };
}

test('[CLIENT40] a document of which the only region sends what cannot be read holds up no other, and is asked for again', async () => {
  const berlin = new ScriptedRegion('berlin');
  const { client, store, later, session } = await start(berlin);
  const refused = client.open('carts', 'ann').catch((error: unknown) => error);
  const opening = client.open('carts', 'bob');
  const open = await session(berlin, 2);
  open.send(state(ann, garbage));
  open.send(state(bob, theirs().state()));
  expect((await opening).value).toEqual({ qty: 2, items: {} });
  expect(await refused).toMatchObject({ code: 'update_invalid' });
  expect(open.isClosed).toBe(false);
  expect(client.status.lastError).toMatchObject({ code: 'update_invalid' });
  expect((await store.load(ann)).updates).toEqual([]);
  for (const ask of later.splice(0)) ask();
  await session(berlin, 3);
  open.send(state(ann, theirs().state()));
  await vi.waitFor(async () => expect((await client.open('carts', 'ann')).value).toEqual({ qty: 2, items: {} }));
});

test('[CLIENT40] a document of which no region sends what can be read holds up no other', async () => {
  const regions = ['berlin', 'tokyo'].map((name) => new ScriptedRegion(name)) as [ScriptedRegion, ScriptedRegion];
  const { client, session } = await start(...regions);
  await vi.waitFor(() => expect(client.status.regions.every(({ isReachable }) => isReachable === true)).toBe(true));
  void client.open('carts', 'ann').catch(() => {});
  const opening = client.open('carts', 'bob');
  const first = await session(regions[0], 2);
  first.send(state(ann, garbage));
  expect(first.isClosed).toBe(true);
  const second = await session(regions[1], 2);
  second.send(state(ann, garbage));
  second.send(state(bob, theirs().state()));
  expect((await opening).value).toEqual({ qty: 2, items: {} });
  expect(second.isClosed).toBe(false);
});

test('[CLIENT40] an update that cannot be read, of the only region, costs its document, which is asked for whole at once', async () => {
  const berlin = new ScriptedRegion('berlin');
  const { client, store, session } = await start(berlin);
  const openings = [client.open('carts', 'ann'), client.open('carts', 'bob')] as const;
  const open = await session(berlin, 2);
  const [region, other] = [theirs(), theirs()];
  open.send(state(ann, region.state()));
  open.send(state(bob, other.state()));
  const [first, second] = [await openings[0], await openings[1]];
  region.add();
  const ops = [
    { origin: berlin.origin, seq: 1, writes: [{ document: ann, update: garbage }] },
    { origin: berlin.origin, seq: 2, writes: [{ document: bob, update: other.add() }] },
  ];
  open.send({ type: 'changes', ops, told: [[berlin.origin, 2]] });
  await vi.waitFor(() => expect(second.value).toEqual({ qty: 4, items: {} }));
  expect(first.value).toEqual({ qty: 2, items: {} });
  expect((await store.load(ann)).isHeld).toBe(false);
  await session(berlin, 3);
  expect(open.of('follow').at(-1)?.documents).toEqual([{ document: ann, isHeld: false }]);
  open.send(state(ann, region.state()));
  await vi.waitFor(() => expect(first.value).toEqual({ qty: 4, items: {} }));
  expect((await store.load(ann)).isHeld).toBe(true);
});

test('[CLIENT40] while an update is missing that could not be read, edits undo nothing of what builds on it', async () => {
  const berlin = new ScriptedRegion('berlin');
  const { client, store, session } = await start(berlin);
  const opening = client.open('carts', 'ann');
  const open = await session(berlin, 1);
  const replica = (n: number, ...updates: Uint8Array[]) => {
    const document = new YjsDocument(shape, { yjsClientId: 2 ** 32 + n, automergeActor: 'ab'.repeat(16) });
    document.apply(updates);
    const author = { writer: `${n}.5f0c12ab90de`, dot: 1, hlc: { ms: n, counter: 0 } };
    return { document, edit: (op: DocumentOp): Uint8Array => document.edit(author, [op]) ?? new Uint8Array() };
  };
  const first = replica(1).edit({ op: 'increment', path: '/qty', by: 2 });
  const hats = replica(2, first).edit({ op: 'increment', path: '/items/hat', by: 3 });
  const region = replica(3, first, hats);
  const noHats = region.edit({ op: 'remove', path: '/items/hat' });
  open.send(state(ann, first));
  const cart = await opening;
  expect(cart.isHeld).toBe(true);
  for (const [seq, update] of [garbage, noHats].entries()) {
    const ops = [{ origin: berlin.origin, seq: seq + 1, writes: [{ document: ann, update }] }];
    open.send({ type: 'changes', ops, told: [[berlin.origin, seq + 1]] });
  }
  await vi.waitFor(async () => expect((await store.load(ann)).updates).toHaveLength(2));
  await vi.waitFor(() => expect(cart.isHeld).toBe(false));
  // It is shown all the same, to whoever opens it.
  expect((await client.open('carts', 'ann')).value).toEqual({ qty: 2, items: {} });
  cart.edit([{ op: 'increment', path: '/qty', by: 1 }]);
  await vi.waitFor(() => expect(open.of('push')).toHaveLength(1));
  region.document.apply(open.of('push').flatMap(({ writes }) => writes.map(({ update }) => update)));
  expect(region.document.json()).toEqual({ qty: 3, items: {} });
  open.send(state(ann, region.document.encodeState()));
  await vi.waitFor(() => expect(cart).toMatchObject({ isHeld: true, value: { qty: 3, items: {} } }));
});

test.each(['record_damaged', 'document_quarantined'])(
  '[CLIENT24] a document that is %s in one region is had from another',
  async (code) => {
    const regions = ['berlin', 'tokyo'].map((name) => new ScriptedRegion(name)) as [ScriptedRegion, ScriptedRegion];
    const { client, session } = await start(...regions);
    await vi.waitFor(() => expect(client.status.regions.every(({ isReachable }) => isReachable === true)).toBe(true));
    const opening = client.open('carts', 'ann');
    const first = await session(regions[0], 1);
    first.send({ type: 'unavailable', document: ann, code, message: 'its disk' });
    expect(first.isClosed).toBe(true);
    const second = await session(regions[1], 1);
    second.send(state(ann, theirs().state()));
    expect((await opening).value).toEqual({ qty: 2, items: {} });
  },
);
