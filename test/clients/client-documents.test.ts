// Open documents of embedded clients in hard cases: refused pastes of editors, documents that are forgotten while others have
// them open, submissions beside writes that cannot go.

import type { Client, ClientDocument, Write } from '@anabranch/client';
import { schema } from '@anabranch/client';
import { describe, expect, test, vi } from 'vitest';
import type { Doc } from 'yjs';
import { collections, connect, connectTo, patience, startMesh } from './client-mesh.ts';
import { DeviceOfTabs } from './device-of-tabs.ts';

const tea = (by: number) => ({ op: 'increment', path: '/items/tea/qty', by }) as const;
/** Larger than an update may be. */
const paste = 'x'.repeat(1_100_000);

function yjsOf(document: ClientDocument<object>): Doc {
  if (document.yjs === undefined) throw new Error('a freeform document has a Y.Doc');
  return document.yjs;
}

const bodyOf = (document: ClientDocument<object>): string => yjsOf(document).getText('body').toString();

function gatherRefused(client: Client<typeof collections>): Write[] {
  const refused: Write[] = [];
  client.onRefused((write) => refused.push(write));
  return refused;
}

const codesOf = (writes: readonly Write[]): unknown[] => writes.map(({ error }) => error?.code);

describe('an editor whose paste was refused', () => {
  /** A note with the text `hello `, another client that shows it, and what was refused. */
  async function startNote() {
    const mesh = await startMesh(1);
    const [client, other] = [await connect(mesh), await connect(mesh)];
    const [note, theirs] = [await client.open('notes', 'n'), await other.open('notes', 'n')];
    yjsOf(note).getText('body').insert(0, 'hello ');
    await vi.waitFor(() => expect(bodyOf(theirs)).toBe('hello '), patience);
    return { client, note, theirs, refused: gatherRefused(client) };
  }

  test('[CLIENT26] is told of the document to bind to, which holds nothing of the paste, and goes on there', async () => {
    const { note, theirs, refused } = await startNote();
    const old = yjsOf(note);
    const told: unknown[] = [];
    let editor = old;
    note.subscribe(({ value, previous }) => told.push(['value', value !== previous]));
    const end = note.subscribeYjs((yjs) => {
      told.push(['yjs', yjs.getText('body').toString(), yjs === note.yjs, note.value['body']]);
      editor = yjs;
    });
    note.subscribeYjs(() => end());
    editor.getText('body').insert(6, paste);
    expect(codesOf(refused)).toEqual(['request_too_large']);
    await vi.waitFor(() => expect(editor).not.toBe(old), patience);
    expect(told).toEqual([
      ['yjs', 'hello ', true, 'hello '],
      ['value', true],
    ]);
    editor.getText('body').insert(6, 'world');
    await vi.waitFor(() => expect(bodyOf(theirs)).toBe('hello world'), patience);
    expect(refused.length).toBe(1);
  });

  test('[CLIENT27] loses nothing silently: what it goes on to write to the old document is carried over, or refused', async () => {
    const { client, note, theirs, refused } = await startNote();
    const old = yjsOf(note).getText('body');
    old.insert(6, paste);
    // Before the document is replaced.
    old.insert(0, 'one ');
    old.insert(20, 'inside of what was refused');
    old.insert(0, 'two ');
    await vi.waitFor(() => expect(yjsOf(note).getText('body')).not.toBe(old), patience);
    expect(codesOf(refused)).toEqual(['request_too_large', 'document_replaced']);
    // Afterwards, by an editor that was not bound anew.
    old.insert(0, 'three ');
    old.insert(30, 'inside of it too');
    old.insert(0, 'four ');
    old.delete(5, 2);
    await vi.waitFor(() => expect(bodyOf(theirs)).toBe('four ree two one hello '), patience);
    expect(bodyOf(note)).toBe('four ree two one hello ');
    expect(codesOf(refused)).toEqual(['request_too_large', 'document_replaced', 'document_replaced']);
    expect(refused[2]).toMatchObject({ state: 'refused', described: [{ document: 'notes/n', ops: '' }] });
    await vi.waitFor(() => expect(client.status.pendingWrites).toBe(0), patience);
    expect(client.status.lastError).toBeUndefined();
  });

  test('[CLIENT27] and its undoing of the paste brings back nothing twice', async () => {
    const { note, theirs } = await startNote();
    const old = yjsOf(note).getText('body');
    yjsOf(note).transact(() => {
      old.delete(0, 6);
      old.insert(0, paste);
    });
    await vi.waitFor(() => expect(yjsOf(note).getText('body')).not.toBe(old), patience);
    yjsOf(note).getText('body').insert(6, 'world');
    old.doc?.transact(() => {
      old.delete(0, paste.length);
      old.insert(0, 'hello ');
    });
    await vi.waitFor(() => expect(bodyOf(theirs)).toBe('hello world'), patience);
    expect(bodyOf(note)).toBe('hello world');
  });

  test('[CLIENT27] of a client that is closed, or a document that is forgotten, is told that nothing is kept', async () => {
    const { client, note, theirs, refused } = await startNote();
    const second = await client.open('notes', 'm', { startEmpty: true });
    await client.forget('notes', 'n');
    yjsOf(note).getText('body').insert(6, 'after it was forgotten');
    await client.close();
    yjsOf(second).getText('body').insert(0, 'after it was closed');
    expect(codesOf(refused)).toEqual(['document_unavailable', 'client_closed']);
    expect(bodyOf(theirs)).toBe('hello ');
  });
});

describe('a document of which a write was refused', () => {
  test('[CLIENT28] takes no edit before it is without it, and then goes on', async () => {
    const mesh = await startMesh(1);
    const client = await connect(mesh);
    const [cart, wish] = [await client.open('carts', 'ann'), await client.open('carts', 'wish')];
    const refused = gatherRefused(client);
    cart.edit([{ op: 'insert', path: '/note', index: 0, text: paste }]);
    const { value } = wish;
    const early = cart.edit([tea(1)]);
    const both = client.transact([
      { document: wish, ops: [tea(1)] },
      { document: cart, ops: [tea(1)] },
    ]);
    expect(codesOf([early, both])).toEqual(['document_replaced', 'document_replaced']);
    expect(refused.slice(1)).toEqual([early, both]);
    expect(wish.value).toBe(value);
    await new Promise((replaced) => cart.subscribe(replaced));
    expect(cart.value.note).toBe('');
    await cart.edit([tea(2)]).when('all');
    expect(refused.length).toBe(3);
    expect(await mesh.region('new-york').read('carts/ann')).toMatchObject({ items: { tea: { qty: 2 } }, note: '' });
  });

  test('[CLIENT28] holds all others when it is replaced, also those that were being saved', async () => {
    const mesh = await startMesh(1);
    const device = new DeviceOfTabs(mesh);
    let save = (): void => {};
    const held = new Promise<void>((resolve) => {
      save = resolve;
    });
    const append = device.store.append.bind(device.store);
    const client = await device.open();
    const cart = await client.open('carts', 'ann');
    vi.spyOn(device.store, 'append').mockImplementation((write) => held.then(() => append(write)));
    const write = cart.edit([tea(1)]);
    cart.edit([{ op: 'insert', path: '/note', index: 0, text: paste }]);
    setImmediate(save);
    await new Promise((replaced) => cart.subscribe(replaced));
    expect(cart.value.items['tea']?.qty).toBe(1);
    await write.when('durable');
  });
});

describe('a document that is forgotten', () => {
  test('[CLIENT29] is closed in every tab, which is told, and comes whole when it is opened again', async () => {
    const mesh = await startMesh(1);
    const device = new DeviceOfTabs(mesh);
    const theirs = await (await connect(mesh)).open('carts', 'ann');
    const [first, second] = [await device.open(), await device.open()];
    const [here, there] = [await first.open('carts', 'ann'), await second.open('carts', 'ann')];
    const wish = await second.open('carts', 'wish', { startEmpty: true });
    await there.edit([tea(1)]).when('durable');
    const told: unknown[] = [];
    here.onClosed(({ code }) => told.push(['here', code]));
    there.onClosed(({ code }) => told.push(['there', code]));
    await first.forget('carts', 'ann');
    await vi.waitFor(() => expect(there.closed?.code).toBe('document_unavailable'), patience);
    expect(told).toEqual([
      ['here', 'document_unavailable'],
      ['there', 'document_unavailable'],
    ]);
    const refusal = { code: 'document_unavailable' };
    for (const document of [here, there]) expect(() => document.edit([tea(1)])).toThrow(expect.objectContaining(refusal));
    const { value } = wish;
    const writes = [wish, there].map((document) => ({ document, ops: [tea(1)] }));
    expect(() => second.transact(writes)).toThrow(expect.objectContaining(refusal));
    expect(wish.value).toBe(value);
    await theirs.edit([tea(10)]).when('all');
    const again = await second.open('carts', 'ann');
    expect([again.value.items['tea']?.qty, there.value.items['tea']?.qty]).toEqual([11, 1]);
    await theirs.edit([tea(100)]).when('all');
    await vi.waitFor(() => expect(again.value.items['tea']?.qty).toBe(111), patience);
  });

  test('[CLIENT29] and opened again at once is not forgotten afterwards', async () => {
    const mesh = await startMesh(1);
    const device = new DeviceOfTabs(mesh);
    const theirs = await (await connect(mesh)).open('carts', 'ann');
    await theirs.edit([tea(1)]).when('all');
    const client = await device.open();
    await client.open('carts', 'ann');
    const commit = device.store.commit.bind(device.store);
    vi.spyOn(device.store, 'commit').mockImplementation(async (changes) => {
      if (changes[0]?.type === 'forget') await new Promise((resolve) => setImmediate(resolve));
      await commit(changes);
    });
    const [cart] = await Promise.all([client.open('carts', 'ann'), client.forget('carts', 'ann')]).catch(() => []);
    expect(cart).toBeUndefined();
    const forgetting = client.forget('carts', 'ann');
    const again = await client.open('carts', 'ann');
    await forgetting;
    await theirs.edit([tea(10)]).when('all');
    await vi.waitFor(() => expect(again.value.items['tea']?.qty).toBe(11), patience);
    expect(again.closed).toBeUndefined();
  });
});

test('[CLIENT11] a document that was begun here, and written to, is opened without a region', async () => {
  const mesh = await startMesh(1);
  const client = await connect(mesh);
  client.goOffline();
  (await client.open('carts', 'new', { startEmpty: true })).edit([tea(1)]);
  expect((await client.open('carts', 'new', { waitMs: 0 })).value.items['tea']?.qty).toBe(1);
});

describe('a submission', () => {
  const restock = [{ document: 'depots/d', ops: [{ op: 'increment', path: '/stock', by: 5 }] }] as const;
  const items = schema.map(schema.object({ qty: schema.counter() }));
  const differing = { ...collections, carts: { library: 'yjs', schema: schema.object({ items }) } } as const;

  test('[CLIENT30] does not wait for writes whose documents the region does not serve, unless it names them', async () => {
    const mesh = await startMesh(1);
    const client = await connectTo(mesh, 'new-york', { collections: differing });
    const cart = await client.open('carts', 'ann', { startEmpty: true });
    const stuck = cart.edit([tea(1)]);
    await vi.waitFor(() => expect(client.status.lastError?.code).toBe('collection_differs'), patience);
    await client.submit(restock);
    expect(stuck.state).toBe('saved');
    expect(await mesh.region('new-york').read('depots/d')).toMatchObject({ stock: 5 });
    const named = [...restock, { document: 'carts/ann', ops: [{ op: 'remove', path: '/items/tea' }] }] as const;
    await expect(client.submit(named, { timeoutMs: 200 })).rejects.toMatchObject({ code: 'region_unreachable' });
    expect(await mesh.region('new-york').read('depots/d')).toMatchObject({ stock: 5 });
  });

  test('[CLIENT30] that waits asks nothing of a region once the client is closed', async () => {
    const mesh = await startMesh(1);
    const client = await connectTo(mesh, 'new-york', { collections: differing });
    const cart = await client.open('carts', 'ann', { startEmpty: true });
    cart.edit([tea(1)]);
    await vi.waitFor(() => expect(client.status.connection).toBe('online'), patience);
    const named = [{ document: 'carts/ann', ops: [tea(1)] }];
    const codes = [{}, { retryKey: 'new-york|key' }].map((options) => client.submit(named, options).catch(({ code }) => code));
    await client.close();
    expect(await Promise.all(codes)).toEqual(['client_closed', 'outcome_unknown']);
  });
});
