// What a client cannot be made of, and what it cannot be asked: it is told in one way, and nothing is opened or changed.

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { createClient as createBrowserClient } from './browser/index.ts';
import { Client, MemoryStore, schema } from './index.ts';
import { createClient } from './node/index.ts';
import { QuietPlatform } from './testing/quiet-platform.ts';

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

const webSocket = class {};
const berlin = { name: 'berlin', url: 'http://127.0.0.1:9' };
const carts = { library: 'yjs', schema: schema.object({ items: schema.map(schema.counter()) }) } as const;
const right = { regions: [berlin], collections: { carts }, store: 'memory', webSocket };

/** Of a promise, never of the call itself. */
async function refusalOf(make: () => Promise<{ close(): Promise<void> }>): Promise<{ code?: string; message?: string }> {
  const making = make();
  cleanups.push(() => making.then((client) => client.close()).catch(() => {}));
  return await making.then(
    () => ({}),
    (error: object) => error,
  );
}
const ofNode = (options: unknown) => refusalOf(() => createClient(options as never));
const ofBrowser = (options: unknown) => refusalOf(() => createBrowserClient(options as never));

const loop: Record<string, unknown> = { type: 'map' };
loop['of'] = loop;
const wrong: readonly (readonly [string, unknown, string])[] = [
  ['nothing', undefined, 'options'],
  ['an option that there is not', { ...right, colections: {} }, 'colections'],
  ['no regions', { ...right, regions: undefined }, 'regions'],
  ['no region', { ...right, regions: [] }, 'regions'],
  ['a region without a name', { ...right, regions: [{ url: berlin.url }] }, 'regions[0].name'],
  ['a region of a name that none has', { ...right, regions: [{ ...berlin, name: 'Berlin' }] }, 'regions[0].name'],
  ['a region that is a text', { ...right, regions: [berlin.url] }, 'regions[0]'],
  ['a region without a URL', { ...right, regions: [{ name: 'berlin' }] }, 'regions[0].url'],
  ['a URL of a socket', { ...right, regions: [{ ...berlin, url: 'ws://127.0.0.1:9' }] }, 'regions[0].url'],
  ['two regions of one name', { ...right, regions: [berlin, berlin] }, 'same name'],
  ['a region to stay with that is not there', { ...right, region: 'tokyo' }, 'tokyo'],
  ['a credential that is no function', { ...right, credential: 'secret' }, 'credential'],
  ['no collections', { ...right, collections: undefined }, 'collections'],
  ['collections as an array', { ...right, collections: ['carts'] }, 'collections'],
  ['a name that no collection has', { ...right, collections: { Carts: carts } }, 'Carts'],
  ['a collection without a library', { ...right, collections: { carts: { schema: 'freeform' } } }, 'collections.carts.library'],
  ['a collection without a schema', { ...right, collections: { carts: { library: 'yjs' } } }, 'collections.carts.schema'],
  ['a schema that is a field', { ...right, collections: { carts: { library: 'yjs', schema: schema.counter() } } }, 'schema.object'],
  ['a field of no type', { ...right, collections: { carts: { ...carts, schema: schema.object({ qty: 'counter' }) } } }, '/qty'],
  [
    'a maker in place of a field',
    { ...right, collections: { carts: { ...carts, schema: schema.object({ qty: schema.counter }) } } },
    '/qty',
  ],
  ['a schema that holds itself', { ...right, collections: { carts: { ...carts, schema: schema.object({ loop }) } } }, 'nests'],
  ['no WebSocket class', { ...right, webSocket: 'ws' }, 'webSocket'],
  ['no folder', { ...right, store: undefined }, 'folder'],
  ['a folder that is no path', { ...right, store: 'folder', folder: '' }, 'folder'],
  ['a folder, and memory', { ...right, folder: 'device' }, 'folder'],
  ['a store that there is not', { ...right, store: 'disk' }, 'store'],
];

for (const [name, options, named] of wrong) {
  test(`[CLIENT33] no client is made of ${name}: config_invalid, as a rejection`, async () => {
    const { code, message } = await ofNode(options);
    expect(code).toBe('config_invalid');
    expect(message).toContain(named);
  });
}

test('[CLIENT33] in a browser it needs a name', async () => {
  const { store: _, webSocket: __, ...shop } = right;
  for (const name of [undefined, '', 'My Shop']) {
    expect(await ofBrowser({ ...shop, name })).toMatchObject({ code: 'config_invalid', message: expect.stringContaining('name') });
  }
  expect(await ofBrowser({ ...shop, name: 'shop', store: 'folder' })).toMatchObject({ code: 'config_invalid' });
  expect(await ofBrowser({ ...shop, name: 'shop', folder: 'device' })).toMatchObject({ code: 'config_invalid' });
});

test('[CLIENT33] in Node nothing is kept only when that is asked for', async () => {
  expect(await ofNode(right)).toEqual({});
  const folder = mkdtempSync(join(tmpdir(), 'anabranch-options-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const { store: _, ...kept } = right;
  expect(await ofNode({ ...kept, folder, collections: {}, regions: [] })).toMatchObject({ code: 'config_invalid' });
  expect(readdirSync(folder)).toEqual([]);
  expect(await ofNode({ ...kept, folder })).toEqual({});
  expect(readdirSync(folder)).not.toEqual([]);
});

test('[CLIENT33] in Node the folder is no file, and lies in none', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'anabranch-options-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'notes.txt');
  writeFileSync(file, 'mine');
  const { store: _, ...kept } = right;
  for (const path of [file, join(file, 'device')]) {
    const message = `the client cannot be made: folder: ${path} is a file, or lies in one`;
    expect(await ofNode({ ...kept, folder: path })).toMatchObject({ code: 'config_invalid', message });
  }
  expect([readdirSync(folder), readFileSync(file, 'utf8')]).toEqual([['notes.txt'], 'mine']);
});

test('[CLIENT33] what is no list of operations is refused as an operation is, and changes nothing', async () => {
  const client = await Client.create(
    { regions: [berlin], collections: { carts } },
    { platform: new QuietPlatform(), store: new MemoryStore() },
  );
  cleanups.push(() => client.close());
  const cart = await client.open('carts', 'ann', { startEmpty: true });
  const wrongOps: readonly unknown[] = [
    undefined,
    '/items/tea',
    { op: 'increment', path: '/items/tea', by: 1 },
    [null],
    [{ op: 'increment', by: 1 }],
    [],
  ];
  for (const ops of wrongOps) expect(() => cart.edit(ops as never)).toThrow(expect.objectContaining({ code: 'op_invalid' }));
  for (const writes of [undefined, { document: cart, ops: [] }, [undefined], [{ ops: [] }], [{ document: 'carts/ann', ops: [] }]]) {
    expect(() => client.transact(writes as never)).toThrow(expect.objectContaining({ code: 'op_invalid' }));
  }
  await expect(client.submit({ document: 'carts/ann', ops: [] } as never)).rejects.toMatchObject({ code: 'op_invalid' });
  const more = [{ op: 'increment', path: '/items/tea', by: 1 }] as const;
  const bob = await client.open('carts', 'bob', { startEmpty: true });
  const one = { code: 'op_invalid', message: 'a write has at least one operation' };
  expect(() => cart.edit([])).toThrow(expect.objectContaining(one));
  expect(() => client.transact([])).toThrow(expect.objectContaining({ code: 'op_invalid', message: 'it writes at least one document' }));
  const half = [cart, bob].map((document, at) => ({ document, ops: at === 0 ? more : [] }));
  expect(() => client.transact(half)).toThrow(expect.objectContaining({ ...one, details: { writeIndex: 1 } }));
  await expect(client.submit([])).rejects.toMatchObject({ code: 'op_invalid' });
  await expect(client.submit([{ document: 'carts/ann', ops: [] }])).rejects.toMatchObject(one);
  expect([cart.value, client.status.pendingWrites]).toEqual([{ items: {} }, 0]);
  const write = cart.edit(more);
  await expect(write.when('kept' as never)).rejects.toMatchObject({ code: 'value_invalid' });
  await expect(client.open('carts', undefined as never)).rejects.toMatchObject({ code: 'document_id_invalid' });
  expect(() => cart.presence.set('Ann' as never)).toThrow(expect.objectContaining({ code: 'value_invalid' }));
  expect(cart.value).toEqual({ items: { tea: 1 } });
});

test('[CLIENT33] an option that a call does not know, or of another kind, is refused, and nothing is opened or asked', async () => {
  const platform = new QuietPlatform();
  const client = await Client.create({ regions: [berlin], collections: { carts } }, { platform, store: new MemoryStore() });
  cleanups.push(() => client.close());
  const wrongOfOpen: readonly (readonly [unknown, string])[] = [
    [{ startEmtpy: true }, 'open: there is no option startEmtpy, only waitMs, startEmpty'],
    [{ startEmpty: 'yes' }, 'open: startEmpty is true or false'],
    [{ waitMs: '5' }, 'open: waitMs is a number of milliseconds'],
    [{ waitMs: Number.NaN }, 'waitMs'],
    [{ waitMs: -1 }, 'waitMs'],
    // A timer of that length ends at once.
    [{ waitMs: Number.POSITIVE_INFINITY }, 'from 0 to 2147483647'],
    [null, 'open: the options are an object'],
    [true, 'open: the options are an object'],
  ];
  for (const [options, message] of wrongOfOpen) {
    const refused = { code: 'config_invalid', message: expect.stringContaining(message) };
    await expect(client.open('carts', 'ann', options as never)).rejects.toMatchObject(refused);
  }
  const writes = [{ document: 'carts/ann', ops: [{ op: 'increment', path: '/items/tea', by: 1 }] }] as const;
  for (const options of [{ timeout: 5 }, { timeoutMs: '5' }, { retryKey: 7 }, { writeConcern: {} }]) {
    const refused = { code: 'config_invalid', message: expect.stringContaining(`submit: `) };
    await expect(client.submit(writes, options as never)).rejects.toMatchObject(refused);
  }
  const given = { startEmpty: true, waitMs: undefined } as never;
  expect((await client.open('carts', 'ann', given)).exists).toBe(false);
});
