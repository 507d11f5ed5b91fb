// How many writes wait for a region, as the status says it: at every moment, in every tab.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, test, vi } from 'vitest';
import { Client, type ClientStore, MemoryStore, schema } from './index.ts';
import { FolderStore } from './node/folder-store.ts';
import { PendingCount } from './pending-count.ts';
import { platformOf, ScriptedRegion } from './testing/scripted-regions.ts';
import { TabGroup } from './testing/tab-group.ts';

const collections = { carts: { library: 'yjs', schema: schema.object({ qty: schema.counter() }) } } as const;
const one = [{ op: 'increment', path: '/qty', by: 1 }] as const;
const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

function device(group?: TabGroup) {
  const berlin = new ScriptedRegion('berlin');
  const platform = platformOf([berlin]);
  const open = async (store: ClientStore) => {
    const tabs = group?.tab() ?? platform.tabs;
    const options = { regions: [{ name: 'berlin', url: berlin.url }], collections };
    const client = await Client.create(options, { platform: { ...platform, tabs }, store });
    cleanups.push(() => client.close());
    return client;
  };
  return { berlin, open };
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'anabranch-pending-'));
  cleanups.push(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

test('[CLIENT50] the pending writes rise with an edit, are right at every state of it, and fall when a region has it or refuses it', async () => {
  const { berlin, open } = device();
  const client = await open(new FolderStore(newFolder()));
  await vi.waitFor(() => expect(client.status.connection).toBe('online'));
  const cart = await client.open('carts', 'ann', { startEmpty: true });
  const [seen, told]: [unknown[], unknown[]] = [[], []];
  cart.subscribe(() => seen.push(client.status.pendingWrites));
  client.onStatus(() => told.push([client.status.pendingWrites, cart.value.qty]));
  const write = cart.edit(one);
  expect([client.status.pendingWrites, seen, told]).toEqual([1, [1], [[1, 1]]]);
  expect(client.status).toBe(client.status);
  const next = cart.edit(one);
  expect(client.status.pendingWrites).toBe(2);
  await next.when('saved');
  expect(client.status.pendingWrites).toBe(2);
  await vi.waitFor(() => expect(berlin.session?.of('push')).toHaveLength(2));
  expect(client.status.pendingWrites).toBe(2);
  berlin.session?.send({ type: 'pushed', id: 1, covered: [[berlin.origin, 1]] });
  await write.when('durable');
  expect(client.status.pendingWrites).toBe(1);
  berlin.session?.send({ type: 'refused', id: 2, code: 'value_invalid', message: 'not that', details: '{}' });
  await expect(next.when('durable')).rejects.toMatchObject({ code: 'value_invalid' });
  expect(client.status.pendingWrites).toBe(0);
  expect(Math.max(...told.map((each) => (each as [number])[0]))).toBe(2);
});

test('[CLIENT50] the pending writes are those of before, when a device is opened again, whoever speaks with regions', async () => {
  const folder = newFolder();
  const first = await device().open(new FolderStore(folder));
  first.goOffline();
  const cart = await first.open('carts', 'ann', { startEmpty: true });
  for (let at = 0; at < 3; at++) await cart.edit(one).when('saved');
  expect(first.status.pendingWrites).toBe(3);
  await first.close();
  const group = new TabGroup();
  let lead: () => void = () => {};
  group.mayLead = new Promise((resolve) => {
    lead = resolve;
  });
  const { berlin, open } = device(group);
  const again = await open(new FolderStore(folder));
  const told: number[] = [again.status.pendingWrites];
  again.onStatus(() => told.push(again.status.pendingWrites));
  expect(await again.pendingWrites()).toHaveLength(3);
  (await again.open('carts', 'ann')).edit(one);
  expect(again.status.pendingWrites).toBe(4);
  lead();
  await vi.waitFor(() => expect(berlin.session?.of('push')).toHaveLength(4));
  await vi.waitFor(() => expect(again.status.connection).toBe('online'));
  expect([...new Set(told)]).toEqual([3, 4]);
});

test('[CLIENT50] a write that is not kept is pending until it is refused', async () => {
  const { open } = device();
  const store = new MemoryStore();
  const client = await open(store);
  const cart = await client.open('carts', 'ann', { startEmpty: true });
  vi.spyOn(store, 'append').mockRejectedValueOnce(new Error('the disk is full'));
  const told: number[] = [];
  client.onStatus(() => told.push(client.status.pendingWrites));
  const write = cart.edit(one);
  expect(told).toEqual([1]);
  await expect(write.when('saved')).rejects.toMatchObject({ message: 'the disk is full' });
  expect([client.status.pendingWrites, told.at(-1)]).toEqual([0, 0]);
});

test('[CLIENT50] the pending writes are those of all tabs, each counted once, in each of them', async () => {
  const group = new TabGroup();
  const { berlin, open } = device(group);
  const store = new MemoryStore();
  const tabs = [await open(store), await open(store)];
  await vi.waitFor(() => expect(tabs.map(({ status }) => status.connection)).toEqual(['online', 'online']));
  const told: number[] = [];
  for (const tab of tabs) tab.onStatus(() => told.push(tab.status.pendingWrites));
  const [first, second] = await Promise.all(tabs.map((tab) => tab.open('carts', 'ann', { startEmpty: true })));
  const writes = [first?.edit(one), second?.edit(one), first?.edit(one), second?.edit(one)];
  expect(tabs.map(({ status }) => status.pendingWrites)).toEqual([2, 2]);
  await Promise.all(writes.map((write) => write?.when('saved')));
  await vi.waitFor(() => expect(berlin.session?.of('push')).toHaveLength(4));
  await vi.waitFor(() => expect(tabs.map(({ status }) => status.pendingWrites)).toEqual([4, 4]));
  for (let id = 1; id <= 4; id++) berlin.session?.send({ type: 'pushed', id, covered: [[berlin.origin, id]] });
  await vi.waitFor(() => expect(tabs.map(({ status }) => status.pendingWrites)).toEqual([0, 0]));
  expect(Math.max(...told)).toBe(4);
});

test('[CLIENT50] a write of which the courier knows before its tab was told its place is counted once', () => {
  const count = new PendingCount();
  count.counted(2, 5);
  for (const id of ['a', 'b']) count.made(id);
  expect(count.value).toBe(4);
  count.counted(3, 6);
  count.saved('a', 6);
  expect(count.value).toBe(4);
  count.saved('b', 7);
  expect(count.value).toBe(4);
  count.counted(4, 7);
  expect(count.value).toBe(4);
  count.ended('b');
  expect(count.value).toBe(4);
});
