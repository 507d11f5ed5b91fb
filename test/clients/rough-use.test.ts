// Embedded clients in rough hands: listeners that throw or write, applications that go back and forth, networks that lie.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAnabranchError, schema } from '@anabranch/client';
import { describe, expect, test, vi } from 'vitest';
import { afterThisTest, collections, connect, connectTo, patience, startMesh } from './client-mesh.ts';

const tea = (by: number) => ({ op: 'increment', path: '/items/tea/qty', by }) as const;

/** A folder for a device, removed after the test. */
function deviceFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'anabranch-device-'));
  afterThisTest(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Gathers what listeners throw, which the platform would be told of. */
function gatherThrown(): unknown[] {
  const thrown: unknown[] = [];
  vi.spyOn(globalThis, 'queueMicrotask').mockImplementation((callback) => {
    void Promise.resolve()
      .then(callback)
      .catch((error: unknown) => thrown.push(error));
  });
  afterThisTest(() => vi.restoreAllMocks());
  return thrown;
}

async function codeOf(act: () => unknown): Promise<unknown> {
  try {
    await act();
    return 'done';
  } catch (error) {
    return isAnabranchError(error) ? error.code : error;
  }
}

describe('observers of the library’s document', () => {
  test('[CLIENT22] may write in answer to a change, of others and of their own: it reaches everybody', async () => {
    const mesh = await startMesh(1);
    const [a, b] = [await connect(mesh), await connect(mesh)];
    const [mine, theirs] = [await a.open('notes', 'n'), await b.open('notes', 'n')];
    const [text, theirText] = [mine.yjs?.getText('body'), theirs.yjs?.getText('body')];
    if (text === undefined || theirText === undefined) throw new Error('a freeform document has a Y.Doc');
    text.observe(() => {
      if (!text.toString().endsWith('!')) text.insert(text.length, '!');
    });
    theirText.insert(0, 'hello');
    await vi.waitFor(() => expect(theirText.toString()).toBe('hello!'), patience);
    const ends = [...'one', ...'two'].map((letter, at) => mine.edit([{ op: 'insert', path: '/body', index: 6 + at, text: letter }]));
    await Promise.all(ends.map((write) => write.when('durable')));
    await vi.waitFor(() => expect(theirText.toString()).toBe(text.toString()), patience);
    expect(text.toString()).toMatch(/^hello!.*!$/);
    expect(a.status.pendingWrites).toBe(0);
  });

  test('[CLIENT22] may not edit the document from there: it is said, and nothing is taken for done', async () => {
    const mesh = await startMesh(1);
    const [a, b] = [await connect(mesh), await connect(mesh)];
    const [mine, theirs] = [await a.open('notes', 'n'), await b.open('notes', 'n')];
    const refused: unknown[] = [];
    mine.yjs?.getText('body').observe(() => {
      void codeOf(() => mine.edit([{ op: 'insert', path: '/body', index: 0, text: 'x' }])).then((code) => refused.push(code));
    });
    theirs.yjs?.getText('body').insert(0, 'hello');
    await vi.waitFor(() => expect(refused).toEqual(['op_invalid']), patience);
    expect(mine.yjs?.getText('body').toString()).toBe('hello');
  });
});

describe('listeners that throw', () => {
  test('[CLIENT23] keep nothing from being saved, sent and told to others, and the client can be closed', async () => {
    const thrown = gatherThrown();
    const mesh = await startMesh(1);
    const client = await connect(mesh);
    const cart = await client.open('carts', 'ann');
    const throws = (): never => {
      throw new Error('of the application');
    };
    client.onStatus(throws);
    let statusHeard = 0;
    client.onStatus(() => {
      statusHeard += 1;
    });
    const first = cart.edit([tea(1)]);
    first.subscribe(throws);
    await first.when('all');
    const second = cart.edit([tea(1)]);
    await second.when('all');
    expect(statusHeard).toBeGreaterThan(0);
    expect(thrown.length).toBeGreaterThan(1);
    expect(await mesh.region('new-york').read('carts/ann')).toMatchObject({ items: { tea: { qty: 2 } } });
    await client.close();
  });

  test('[CLIENT23] that write are told of changes in the order in which they came', async () => {
    const mesh = await startMesh(1);
    const cart = await (await connect(mesh)).open('carts', 'ann');
    const seen: unknown[] = [];
    const end = cart.subscribe(() => {
      end();
      cart.edit([tea(10)]);
    });
    cart.subscribe(({ value }) => seen.push(value.items['tea']?.qty));
    cart.edit([tea(1)]);
    expect(seen).toEqual([1, 11]);
  });
});

test('[CLIENT2] more documents than an op can write are refused together, and nothing of them is applied', async () => {
  const mesh = await startMesh(1);
  const client = await connect(mesh);
  const carts = await Promise.all(Array.from({ length: 65 }, (_, at) => client.open('carts', `c${at}`, { startEmpty: true })));
  const writes = carts.map((document) => ({ document, ops: [tea(1)] }));
  expect(await codeOf(() => client.transact(writes))).toBe('op_invalid');
  await client.transact(writes.slice(1)).when('durable');
  expect(carts.map(({ value }) => value.items['tea']?.qty)).toEqual([undefined, ...Array.from({ length: 64 }, () => 1)]);
});

describe('a submission', () => {
  const sale = [{ document: 'depots/d', ops: [{ op: 'decrement', path: '/stock', by: 1 }] }] as const;

  test('[CLIENT16] that is asked for again where no region is in reach is still of unknown outcome', async () => {
    const mesh = await startMesh(1);
    const client = await connect(mesh);
    await client.submit([{ document: 'depots/d', ops: [{ op: 'increment', path: '/stock', by: 5 }] }]);
    client.goOffline();
    expect(await codeOf(() => client.submit(sale, { timeoutMs: 100 }))).toBe('region_unreachable');
    const retryKey = 'new-york|key';
    const error = await client.submit(sale, { timeoutMs: 100, retryKey }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'outcome_unknown', details: { retryKey } });
    client.goOnline();
    await vi.waitFor(() => expect(client.status.connection).toBe('online'), patience);
    await client.submit(sale, { retryKey });
    expect(await mesh.region('new-york').read('depots/d')).toMatchObject({ stock: 4 });
  });

  test('[CLIENT16] that something else answers in the region’s place is not taken for done', async () => {
    const mesh = await startMesh(1);
    const client = await connect(mesh);
    await client.submit([{ document: 'depots/d', ops: [{ op: 'increment', path: '/stock', by: 5 }] }]);
    const real = globalThis.fetch;
    const portal: typeof fetch = async (url, init) =>
      String(url).includes('transactions') ? new Response('<html>Sign in</html>', { status: 200 }) : real(url, init);
    vi.spyOn(globalThis, 'fetch').mockImplementation(portal);
    afterThisTest(() => vi.restoreAllMocks());
    expect(await codeOf(() => client.submit(sale, { timeoutMs: 300 }))).toBe('outcome_unknown');
  });
});

describe('a collection that the application describes otherwise for a while', () => {
  const items = schema.map(schema.object({ qty: schema.counter() }));
  const differing = { ...collections, carts: { library: 'yjs', schema: schema.object({ items }) } } as const;

  test('[CLIENT24] is up to date when it is described rightly again, and what was written meanwhile is kept and sent', async () => {
    const mesh = await startMesh(1);
    const folder = deviceFolder();
    const device = await connect(mesh, 'new-york', { folder });
    const theirs = await (await connect(mesh)).open('carts', 'ann');
    const cart = await device.open('carts', 'ann');
    await theirs.edit([tea(1)]).when('all');
    await vi.waitFor(() => expect(cart.value.items['tea']?.qty).toBe(1), patience);
    await device.close();
    // A region that remembers nothing of the device.
    await mesh.restartRegion('new-york');
    const old = await connectTo(mesh, 'new-york', { collections: differing, folder });
    await vi.waitFor(() => expect(old.status.lastError?.code).toBe('collection_differs'), patience);
    expect(old.status.lastError?.message).toContain('/items/*/name is missing in the client, register in the region');
    expect(old.status.lastError?.details).toEqual({ document: 'carts/ann' });
    await theirs.edit([tea(10)]).when('all');
    await (await old.open('notes', 'x')).yjs?.getText('body').insert(0, 'x');
    // It has the note, so it has been told of more than it was sent of the cart.
    await vi.waitFor(async () => expect(await mesh.region('new-york').read('notes/x')).toEqual({ body: 'x' }), patience);
    const offline = await old.open('carts', 'ann');
    const write = offline.edit([tea(100)]);
    await write.when('saved');
    const differences = expect.arrayContaining(['/items/*/name is missing in the client, register in the region']);
    const details = { document: 'carts/ann', collection: 'carts', differences };
    await vi.waitFor(() => expect(old.status.lastError?.details).toEqual(details), patience);
    await old.close();
    expect(write.state).toBe('saved');
    const again = await connect(mesh, 'new-york', { folder });
    const back = await again.open('carts', 'ann');
    await vi.waitFor(() => expect(theirs.value.items['tea']?.qty).toBe(111), patience);
    await vi.waitFor(() => expect(back.value.items['tea']?.qty).toBe(111), patience);
  });

  test('[CLIENT24] is refused each time that it is opened', async () => {
    const mesh = await startMesh(1);
    const client = await connectTo(mesh, 'new-york', { collections: differing });
    for (let i = 0; i < 2; i++) expect(await codeOf(() => client.open('carts', 'ann'))).toBe('collection_differs');
  });
});

test('[CLIENT25] presence at a document that was forgotten is shown no more, and asks for nothing', async () => {
  const mesh = await startMesh(1);
  const [a, b] = [await connect(mesh), await connect(mesh)];
  const [mine, theirs] = [await a.open('notes', 'n'), await b.open('notes', 'n')];
  theirs.presence.subscribe(() => {});
  const { presence } = mine;
  presence.set({ name: 'ann' });
  await vi.waitFor(() => expect([...theirs.presence.others.values()]).toEqual([{ name: 'ann' }]), patience);
  await a.forget('notes', 'n');
  await vi.waitFor(() => expect(theirs.presence.others.size).toBe(0), patience);
  presence.set({ name: 'ann again' });
  const last = await a.open('notes', 'm');
  last.yjs?.getText('body').insert(0, 'sent after it');
  await vi.waitFor(async () => expect(await mesh.region('new-york').read('notes/m')).toEqual({ body: 'sent after it' }), patience);
  expect(theirs.presence.others.size).toBe(0);
});

test('[CLIENT25] a document that is forgotten offline is not followed by the next session', async () => {
  const mesh = await startMesh(1);
  const client = await connect(mesh);
  const theirs = await (await connect(mesh)).open('carts', 'ann');
  for (const id of ['ann', 'bob']) await client.open('carts', id);
  await (await client.open('carts', 'bob')).edit([tea(1)]).when('all');
  client.goOffline();
  await client.forget('carts', 'ann');
  client.goOnline();
  await vi.waitFor(() => expect(client.status.connection).toBe('online'), patience);
  await theirs.edit([tea(1)]).when('all');
  expect((await client.open('carts', 'bob')).value.items['tea']?.qty).toBe(1);
  // Opened again it comes whole.
  expect((await client.open('carts', 'ann')).value.items['tea']?.qty).toBe(1);
});

test('[CLIENT25] what is written to a document that was forgotten and begun again is not taken for what was written before', async () => {
  const mesh = await startMesh(1);
  const client = await connect(mesh);
  const ann = await client.open('carts', 'ann');
  await ann.edit([tea(1)]).when('durable');
  client.goOffline();
  await client.forget('carts', 'ann');
  const again = await client.open('carts', 'ann', { startEmpty: true });
  const write = again.edit([tea(2)]);
  client.goOnline();
  await write.when('durable');
  expect(await mesh.region('new-york').read('carts/ann')).toMatchObject({ items: { tea: { qty: 3 } } });
});
