// A store that cannot be read for a moment.

import { AnabranchError } from '@anabranch/base';
import type { DocumentId } from '@anabranch/protocol';
import { expect, test, vi } from 'vitest';
import { ann, device, FatalStore, one, SharedStore, timesAsked } from '../testing/tabbed-device.ts';
import { Courier } from './courier.ts';

/** Fails reads for as long as a test wants it to. */
class UnreadableStore extends SharedStore {
  isUnreadable = false;
  failedReads = 0;

  override pendingAfter = (n: number) => this.#read(() => this.shared.pendingAfter(n));
  override load = (document: DocumentId) => this.#read(() => this.shared.load(document));

  async #read<Result>(read: () => Promise<Result>): Promise<Result> {
    if (!this.isUnreadable) return await read();
    this.failedReads += 1;
    throw new AnabranchError('store_failed', 'not now');
  }
}

/** Long enough for a read to be tried again. */
const soon = { timeout: 3 * Courier.readAgainMs };

test('[CLIENT46] a look at the store that fails is told, ends no session, and is repeated soon', async () => {
  const { store, looks, look, open, session } = device();
  const mine = new UnreadableStore(store);
  const client = await open(mine);
  const cart = await client.open('carts', 'ann', { startEmpty: true });
  const asked = await session();
  await vi.waitFor(() => expect(looks).toHaveLength(1));
  mine.isUnreadable = true;
  look();
  await vi.waitFor(() => expect(client.status).toMatchObject({ connection: 'online', lastError: { code: 'store_failed' } }));
  const write = cart.edit(one);
  await write.when('saved');
  await vi.waitFor(() => expect(asked.of('push')).toHaveLength(1));
  mine.isUnreadable = false;
  await vi.waitFor(() => expect(looks).toHaveLength(1), soon);
});

test('[CLIENT46] writes that wait in a store that cannot be read at the start are sent when it can, also by a client that is alone', async () => {
  const { store, open, session } = device();
  const before = await open(new SharedStore(store), true);
  before.goOffline();
  await (await before.open('carts', 'ann', { startEmpty: true })).edit(one).when('saved');
  await before.close();
  const mine = new UnreadableStore(store);
  mine.isUnreadable = true;
  const client = await open(mine, true);
  const asked = await session();
  await vi.waitFor(() => expect(client.status).toMatchObject({ connection: 'online', lastError: { code: 'store_failed' } }));
  expect(asked.of('push')).toEqual([]);
  mine.isUnreadable = false;
  await vi.waitFor(() => expect(asked.of('push')).toHaveLength(1), soon);
  await vi.waitFor(() => expect(client.status.lastError).toBeUndefined());
});

test('[CLIENT46] what became of a write is told once the store can be read', async () => {
  const { store, open, session } = device();
  const fatal = new FatalStore(store, 'settle');
  const leader = await open(fatal);
  fatal.kill = () => leader.kill();
  const mine = new UnreadableStore(store);
  const tab = await open(mine);
  const write = (await tab.open('carts', 'ann', { startEmpty: true })).edit(one);
  const asked = await session();
  await vi.waitFor(() => expect(asked.of('push')).toHaveLength(1));
  await write.when('saved');
  mine.isUnreadable = true;
  asked.send({ type: 'pushed', id: 1, covered: [['berlin.5f0c12ab90de' as never, 7]] });
  await vi.waitFor(() => expect(mine.failedReads).toBeGreaterThan(1));
  expect(write.state).toBe('saved');
  mine.isUnreadable = false;
  await vi.waitFor(() => expect(write.state).toBe('durable'), soon);
});

test('[CLIENT46] a document that was forgotten and opened again is followed once the store can be read', async () => {
  const { store, group, open, session } = device();
  const mine = new UnreadableStore(store);
  await open(mine);
  const second = await open(new SharedStore(store));
  await second.open('carts', 'ann', { startEmpty: true });
  const asked = await session();
  await vi.waitFor(() => expect(timesAsked(asked)).toBe(1));
  group.delays = ({ type }) => type === 'forget';
  await second.forget('carts', 'ann');
  // Of this one is told before of the other.
  await second.open('carts', 'ann', { startEmpty: true });
  await vi.waitFor(() => expect(group.posted.filter(({ type }) => type === 'follow')).toHaveLength(2));
  await new Promise((resolve) => setImmediate(resolve));
  mine.isUnreadable = true;
  group.deliver();
  await vi.waitFor(() => expect(mine.failedReads).toBe(1));
  mine.isUnreadable = false;
  await vi.waitFor(() => expect(timesAsked(asked)).toBe(2), soon);
  expect((await store.load(ann)).isFollowed).toBe(true);
});

test('[CLIENT46] a tab whose turn it is to lead while the store does not open leads as soon as it does', async () => {
  const { store, open, session } = device();
  const mine = new SharedStore(store);
  const first = await open(new SharedStore(store));
  const second = await open(mine);
  const cart = await second.open('carts', 'ann', { startEmpty: true });
  await session();
  const reopen = mine.open;
  mine.open = () => Promise.reject(new AnabranchError('store_failed', 'not now'));
  await first.close();
  // What the one before said last may arrive after this was said first.
  const why = { connection: 'offline', lastError: { message: 'not now' } };
  await vi.waitFor(() => expect(second.status).toMatchObject(why), soon);
  const write = cart.edit(one);
  await write.when('saved');
  mine.open = reopen;
  await vi.waitFor(() => expect(second.status).toMatchObject({ connection: 'online', lastError: undefined }), soon);
  await vi.waitFor(async () => expect((await session(2)).of('push')).toHaveLength(1));
});
