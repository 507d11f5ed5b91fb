// A document that was forgotten while what the device wrote to it was on its way, and is opened again.

import type { DocumentOp } from '@anabranch/crdt';
import { AutomergeDocument } from '@anabranch/crdt/automerge';
import { YjsDocument } from '@anabranch/crdt/yjs';
import { parseDocumentId, type SessionAnswer } from '@anabranch/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Client, MemoryStore, schema } from '../index.ts';
import { platformOf, ScriptedRegion, type ScriptedSession } from '../testing/scripted-regions.ts';

const shape = schema.object({
  qty: schema.counter(),
  note: schema.text(),
  items: schema.map(schema.counter()),
  lines: schema.list(),
});
const collections = { carts: { library: 'yjs', schema: shape }, boards: { library: 'automerge', schema: shape } } as const;
const options = { regions: [{ name: 'berlin', url: 'http://berlin.example' }], collections };
const ours = [
  { op: 'increment', path: '/qty', by: 1 },
  { op: 'insert', path: '/note', index: 3, text: '!' },
] as const;

const identity = { yjsClientId: 2 ** 32 + 5, automergeActor: 'ab'.repeat(16) };

/** What the region has: a note on which ours builds. */
function theirs(collection: keyof typeof collections) {
  const document = collection === 'carts' ? new YjsDocument(shape, identity) : new AutomergeDocument(shape, identity);
  const author = { writer: 'berlin.5f0c12ab90de', dot: 1, hlc: { ms: 1, counter: 0 } };
  document.edit(author, [
    { op: 'insert', path: '/note', index: 0, text: 'tea' },
    { op: 'increment', path: '/items/hat', by: 3 },
    { op: 'insert', path: '/lines', index: 0, value: 'a' },
    { op: 'insert', path: '/lines', index: 1, value: 'b' },
  ]);
  return document.encodeState();
}

/** A device that has written to what a region sent, has forgotten the document, and was not answered. */
async function forget(collection: keyof typeof collections, ...writes: (readonly DocumentOp[])[]) {
  const document = parseDocumentId(`${collection}/ann`);
  const berlin = new ScriptedRegion('berlin');
  const store = new MemoryStore();
  const client = await Client.create(options, { platform: platformOf([berlin]), store });
  onTestFinished(() => client.close());
  const asked = async (times: number): Promise<ScriptedSession> => {
    await vi.waitFor(() => expect(berlin.session?.of('follow').flatMap(({ documents }) => documents)).toHaveLength(times), 4_000);
    return berlin.session as ScriptedSession;
  };
  const state: SessionAnswer = { type: 'state', document, isResync: false, state: theirs(collection) };
  const opening = client.open(collection, 'ann');
  (await asked(1)).send(state);
  const before = await opening;
  const made = writes.length === 0 ? [ours] : writes;
  for (const write of made) before.edit(write);
  await vi.waitFor(() => expect(berlin.session?.of('push')).toHaveLength(made.length));
  await client.forget(collection, 'ann');
  return { berlin, document, store, client, asked, state };
}

test('[CLIENT25] what waits is shown whole or not at all, when it builds on what was forgotten, until a region sends the document', async () => {
  const { client, asked, state } = await forget('carts');
  const again = await client.open('carts', 'ann', { startEmpty: true });
  expect(again.value).toMatchObject({ qty: 0, note: '' });
  again.edit([{ op: 'increment', path: '/qty', by: 4 }]);
  expect(again.value).toMatchObject({ qty: 4, note: '' });
  (await asked(2)).send(state);
  await vi.waitFor(() => expect(again.value).toMatchObject({ qty: 5, note: 'tea!' }));
});

test('[CLIENT25] what is written while the rest is missing undoes nothing of what waits for it', async () => {
  const { client, asked, state } = await forget('carts', [
    { op: 'remove', path: '/items/hat' },
    { op: 'move', path: '/lines', from: 0, to: 1 },
  ]);
  const again = await client.open('carts', 'ann', { startEmpty: true });
  for (const by of [1, 2, 1]) again.edit([{ op: 'increment', path: '/qty', by }]);
  expect(again.value).toEqual({ qty: 4, note: '', items: {}, lines: [] });
  (await asked(2)).send(state);
  await vi.waitFor(() => expect(again.value).toEqual({ qty: 4, note: 'tea', items: {}, lines: ['b', 'a'] }));
});

test('[CLIENT25] so it is when a region has sent the document and lacks what some of it builds on', async () => {
  const move = { op: 'move', path: '/lines', from: 0, to: 1 } as const;
  const { client, asked, document, state } = await forget('carts', [move], ours);
  const again = await client.open('carts', 'ann', { startEmpty: true });
  const session = await asked(2);
  session.send({ type: 'state', document, isResync: false, state: new YjsDocument(shape, identity).encodeState() });
  await vi.waitFor(() => expect(again.isHeld).toBe(true));
  for (const by of [1, 2, 1]) again.edit([{ op: 'increment', path: '/qty', by }]);
  expect(again.value).toEqual({ qty: 4, note: '', items: {}, lines: [] });
  session.send(state);
  await vi.waitFor(() => expect(again.value).toEqual({ qty: 5, note: 'tea!', items: { hat: 3 }, lines: ['b', 'a'] }));
});

test.each<DocumentOp>([
  { op: 'clear', path: '/lines' },
  { op: 'remove', path: '' },
])('[CLIENT25] $op of what is not shown undoes no move that waits', async (op) => {
  const { client, asked, state } = await forget('carts', [{ op: 'move', path: '/lines', from: 0, to: 1 }]);
  const again = await client.open('carts', 'ann', { startEmpty: true });
  expect(again.value.lines).toEqual([]);
  again.edit([op]);
  (await asked(2)).send(state);
  await vi.waitFor(() => expect(again.isHeld).toBe(true));
  expect(again.value.lines).toEqual(['b', 'a']);
});

test('[CLIENT25] so it is with what others write meanwhile', async () => {
  const { berlin, client, document, store, asked } = await forget('carts', [{ op: 'increment', path: '/qty', by: 1 }]);
  const again = await client.open('carts', 'ann', { startEmpty: true });
  const shown: unknown[] = [];
  again.subscribe(({ value }) => shown.push(value));
  const region = new YjsDocument(shape, { yjsClientId: 2 ** 32 + 6, automergeActor: 'cd'.repeat(16) });
  region.apply([theirs('carts')]);
  const author = { writer: 'tokyo.5f0c12ab90de', dot: 1, hlc: { ms: 2, counter: 0 } };
  const write = [
    { op: 'increment', path: '/qty', by: 2 },
    { op: 'insert', path: '/note', index: 3, text: 's' },
  ] as const;
  const update = region.edit(author, write) ?? new Uint8Array();
  const session = await asked(2);
  session.send({ type: 'changes', ops: [{ origin: berlin.origin, seq: 1, writes: [{ document, update }] }], told: [[berlin.origin, 1]] });
  await vi.waitFor(async () => expect((await store.load(document)).updates).toHaveLength(1));
  session.send({ type: 'state', document, isResync: false, state: region.encodeState() });
  await vi.waitFor(() => expect(again.value).toMatchObject({ qty: 3, note: 'teas' }));
  expect(shown).toEqual([again.value]);
});

test.each(['carts', 'boards'] as const)(
  '[CLIENT25] one of the %s of which only such a write is kept waits for a region, also after a restart',
  async (collection) => {
    const { client, document, store, asked, state } = await forget(collection);
    const opening = client.open(collection, 'ann', { waitMs: 10_000 });
    (await asked(2)).send(state);
    expect((await opening).value).toMatchObject({ qty: 1, note: 'tea!' });
    await client.forget(collection, 'ann');
    await store.commit([{ type: 'follow', document }]);
    await client.close();
    const silent = new ScriptedRegion('berlin');
    const next = await Client.create(options, { platform: platformOf([silent]), store });
    onTestFinished(() => next.close());
    await expect(next.open(collection, 'ann', { waitMs: 1 })).rejects.toMatchObject({ code: 'document_unavailable' });
  },
);

test('[CLIENT25] so it is when the region confirms the write before it sends the document', async () => {
  const { berlin, client, document, store, asked, state } = await forget('carts');
  const again = await client.open('carts', 'ann', { startEmpty: true });
  const session = await asked(2);
  session.send({ type: 'pushed', id: session.of('push')[0]?.id ?? 0, covered: [[berlin.origin, 1]] });
  await vi.waitFor(async () => expect(await store.load(document)).toMatchObject({ pending: [], updates: [expect.anything()] }));
  expect(again.value).toMatchObject({ qty: 0, note: '' });
  await client.close();
  const next = await Client.create(options, { platform: platformOf([berlin]), store });
  onTestFinished(() => next.close());
  const last = await next.open('carts', 'ann', { startEmpty: true });
  expect(last.value).toMatchObject({ qty: 0, note: '' });
  (await asked(1)).send(state);
  await vi.waitFor(() => expect(last.value).toMatchObject({ qty: 1, note: 'tea!' }));
});
