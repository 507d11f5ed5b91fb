import { afterEach, expect, test, vi } from 'vitest';
import { Client, type ClientStatus, MemoryStore, schema } from '../index.ts';
import { platformOf, ScriptedRegion } from '../testing/scripted-regions.ts';

const collections = { carts: { library: 'yjs', schema: schema.object({ qty: schema.counter(), note: schema.text() }) } } as const;
const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function start(lead?: () => Promise<void>) {
  const region = new ScriptedRegion('berlin');
  const platform = platformOf([region]);
  const tabs = lead === undefined ? platform.tabs : { ...platform.tabs, lead };
  const options = { regions: [{ name: 'berlin', url: region.url }], collections };
  const client = await Client.create(options, { platform: { ...platform, tabs }, store: new MemoryStore() });
  cleanups.push(() => client.close());
  return { region, client };
}
const where = ({ connection, region, isOffline }: ClientStatus) => [connection, region, isOffline];

test('[CLIENT36] one that is switched off says so at once, and one that is switched on that it is on its way', async () => {
  const { client } = await start();
  await vi.waitFor(() => expect(where(client.status)).toEqual(['online', 'berlin', false]));
  const told: unknown[] = [];
  client.onStatus(() => told.push(where(client.status)));
  client.goOffline();
  expect([where(client.status), told]).toEqual([['offline', undefined, true], [['offline', undefined, true]]]);
  client.moveTo('berlin');
  expect(where(client.status)).toEqual(['offline', undefined, true]);
  client.goOnline();
  expect(where(client.status)).toEqual(['connecting', undefined, false]);
  await vi.waitFor(() => expect(where(client.status)).toEqual(['online', 'berlin', false]));
  client.goOnline();
  client.moveTo('berlin');
  expect(where(client.status)).toEqual(['online', 'berlin', false]);
});

test('[CLIENT36] one that cannot speak with regions does not say that it is on its way', async () => {
  const { client } = await start(() => Promise.reject(new Error('no locks here')));
  await vi.waitFor(() => expect(client.status).toMatchObject({ connection: 'offline', lastError: { message: 'no locks here' } }));
  client.goOffline();
  client.goOnline();
  expect(where(client.status)).toEqual(['offline', undefined, false]);
});

test('[CLIENT36] a refused write says so as JSON, whoever refused it, and the status is about other things', async () => {
  const { client, region } = await start();
  const cart = await client.open('carts', 'ann', { startEmpty: true });
  const bob = await client.open('carts', 'bob', { startEmpty: true });
  const large = bob.edit([{ op: 'insert', path: '/note', index: 0, text: 'x'.repeat(1_100_000) }]);
  const refused = { state: 'refused', documents: ['carts/bob'], error: { code: 'request_too_large', message: large.error?.message } };
  expect(JSON.parse(JSON.stringify(large))).toEqual({ id: large.id, ...refused });
  const write = cart.edit([{ op: 'increment', path: '/qty', by: 1 }]);
  expect(JSON.parse(JSON.stringify(write))).toEqual({ id: write.id, state: 'applied', documents: ['carts/ann'] });
  await vi.waitFor(() => expect(region.session?.of('push')).toHaveLength(1));
  const told: unknown[] = [];
  client.onRefused((one) => told.push(JSON.parse(JSON.stringify(one))));
  const id = region.session?.of('push')[0]?.id ?? 0;
  region.session?.send({ type: 'refused', id, code: 'value_invalid', message: 'not that', details: '{}' });
  const why = { state: 'refused', documents: ['carts/ann'], error: { code: 'value_invalid', message: 'not that' } };
  await vi.waitFor(() => expect(told).toEqual([{ id: write.id, ...why }]));
  await vi.waitFor(() => expect(client.status.pendingWrites).toBe(0));
  expect(client.status.lastError).toBeUndefined();
});
