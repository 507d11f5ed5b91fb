// What is told of a refused write, and to whom, when nobody listens, and when messages and answers of the store arrive late.

import { expect, test, vi } from 'vitest';
import { Inbox } from '../courier/inbox.ts';
import type { Write } from '../index.ts';
import type { ClientStore, RefusedWrite } from '../store/client-store.ts';
import { ann, device, one, SharedStore, stateOf, timesAsked } from '../testing/tabbed-device.ts';

const refusal = { code: 'update_invalid', message: 'no', details: { at: 3 } };
const refused = (id: string, ops = ''): RefusedWrite => ({ id, documents: [ann], described: [{ document: ann, ops }], refusal });
const kept = async (store: ClientStore): Promise<string[]> => (await store.open(() => '')).refusals.map(({ id }) => id);

/** A device that keeps the document, and refusals that nobody was told of. */
async function deviceWith(...refusals: readonly RefusedWrite[]) {
  const one = device();
  await one.store.open(() => 'device0000000000');
  const state = { type: 'state', document: ann, state: stateOf(2) } as const;
  await one.store.commit([{ type: 'follow', document: ann }, state, { type: 'refusals', refusals }]);
  return one;
}

test('[CLIENT45] a refusal that arrives while the only client closes is told by the next one', async () => {
  const { store, open, session } = device();
  const first = await open(new SharedStore(store), true);
  const heard: Write[] = [];
  first.onRefused((write) => heard.push(write));
  const cart = await first.open('carts', 'ann', { startEmpty: true });
  const write = cart.edit(one);
  const asked = await session();
  await vi.waitFor(() => expect(asked.of('push')).toHaveLength(1));
  asked.send({ type: 'refused', id: 1, ...refusal, details: '{"at":3}' });
  await first.close();
  expect([heard, await store.pendingAfter(0), await kept(store)]).toEqual([[], [], [write.id]]);
  const second = await open(new SharedStore(store), true);
  second.onRefused((each) => heard.push(each));
  await vi.waitFor(() => expect(heard.map(({ id, error }) => [id, error?.code])).toEqual([[write.id, 'update_invalid']]));
  await vi.waitFor(async () => expect(await kept(store)).toEqual([]));
});

test('[CLIENT45] a refusal waits for a listener, is told to the first one, and is kept until then', async () => {
  const { store, open } = await deviceWith(refused('x.1'), refused('x.2'));
  const client = await open(new SharedStore(store), true);
  await vi.waitFor(() => expect(client.status.connection).toBe('online'));
  await client.open('carts', 'ann');
  expect(await kept(store)).toEqual(['x.1', 'x.2']);
  const heard: string[] = [];
  const end = client.onRefused(({ id }) => heard.push(id));
  client.onRefused(({ id }) => heard.push(id));
  expect(heard).toEqual([]);
  await vi.waitFor(() => expect(heard).toEqual(['x.1', 'x.1', 'x.2', 'x.2']));
  await vi.waitFor(async () => expect(await kept(store)).toEqual([]));
  end();
  client.onRefused(({ id }) => heard.push(id));
  await Promise.resolve();
  expect(heard).toHaveLength(4);
});

test('[CLIENT45] a listener that ends at once takes no refusal', async () => {
  const { store, open } = await deviceWith(refused('x.1'));
  const client = await open(new SharedStore(store), true);
  await vi.waitFor(() => expect(client.status.connection).toBe('online'));
  client.onRefused(() => expect.unreachable())();
  await Promise.resolve();
  const heard: string[] = [];
  client.onRefused(({ id }) => heard.push(id));
  await vi.waitFor(() => expect(heard).toEqual(['x.1']));
});

test('[CLIENT45] a refusal that no listener took is told to a tab that is opened later', async () => {
  const { store, open } = await deviceWith(refused('x.1'));
  const first = await open(new SharedStore(store));
  await vi.waitFor(() => expect(first.status.connection).toBe('online'));
  expect(await kept(store)).toEqual(['x.1']);
  const second = await open(new SharedStore(store));
  const heard: string[] = [];
  second.onRefused(({ id }) => heard.push(id));
  await vi.waitFor(() => expect(heard).toEqual(['x.1']));
  await vi.waitFor(async () => expect(await kept(store)).toEqual([]));
});

test('[CLIENT45] what an editor wrote and was refused at once waits for a listener, too', async () => {
  const { store, open } = device();
  const client = await open(new SharedStore(store), true);
  const note = await client.open('notes', 'n', { startEmpty: true });
  note.yjs?.getText('text').insert(0, 'x'.repeat(1_100_000));
  const heard: unknown[] = [];
  client.onRefused(({ described, error }) => heard.push([described[0]?.document, error?.code]));
  await vi.waitFor(() => expect(heard).toEqual([['notes/n', 'request_too_large']]));
});

test('[CLIENT45] of refusals that nobody listens to the newest are kept, up to a size', async () => {
  const large = 'x'.repeat(Inbox.refusalBytesMax / 2);
  const { store, open, session } = await deviceWith(refused('x.1', large), refused('x.2', large));
  const client = await open(new SharedStore(store), true);
  const write = (await client.open('carts', 'ann')).edit(one);
  const asked = await session();
  await vi.waitFor(() => expect(asked.of('push')).toHaveLength(1));
  asked.send({ type: 'refused', id: 1, ...refusal, details: '{}' });
  await vi.waitFor(async () => expect(await kept(store)).toEqual(['x.2', write.id]));
});

test('[CLIENT15] a write of another tab that is told of after its refusal is not shown', async () => {
  const { group, looks, look, open, session } = device();
  const [first, second] = [await open(), await open()];
  const shown = await first.open('carts', 'ann', { startEmpty: true });
  const cart = await second.open('carts', 'ann', { startEmpty: true });
  const asked = await session();
  group.delays = ({ type }) => type === 'wrote';
  const write = cart.edit(one);
  await write.when('saved');
  await vi.waitFor(() => expect(looks).toHaveLength(1));
  look();
  await vi.waitFor(() => expect([asked.of('push').length, shown.value]).toEqual([1, { qty: 1 }]));
  asked.send({ type: 'refused', id: 1, ...refusal, details: '{}' });
  await vi.waitFor(() => expect([write.state, shown.value, cart.value]).toEqual(['refused', { qty: 0 }, { qty: 0 }]));
  group.deliver();
  expect(shown.value).toEqual({ qty: 0 });
  shown.edit(one);
  expect(shown.value).toEqual({ qty: 1 });
  await vi.waitFor(() => expect(asked.of('push')).toHaveLength(2));
});

test('[CLIENT15] what a new leader has the others read again does not bring back a write that was refused meanwhile', async () => {
  const { store, open, session } = device();
  const leader = await open(new SharedStore(store));
  const mine = new SharedStore(store);
  const tab = await open(mine);
  await open(new SharedStore(store));
  const cart = await tab.open('carts', 'ann', { startEmpty: true });
  const asked = await session();
  await vi.waitFor(() => expect(timesAsked(asked)).toBe(1));
  asked.send({ type: 'state', document: ann, isResync: false, state: stateOf(5) });
  await vi.waitFor(() => expect(cart.value).toEqual({ qty: 5 }));
  const write = cart.edit(one);
  await vi.waitFor(() => expect(asked.of('push')).toHaveLength(1));
  let answer: (() => void) | undefined;
  const { load } = mine;
  const whenRead = new Promise<void>((read) => {
    mine.load = async (document) => {
      mine.load = load;
      const loaded = await load(document);
      await new Promise<void>((resolve) => {
        answer = resolve;
      });
      read();
      return loaded;
    };
  });
  leader.kill();
  const next = await session(2);
  await vi.waitFor(() => expect([next.of('push').length, answer]).toEqual([1, expect.any(Function)]));
  next.send({ type: 'refused', id: 1, ...refusal, details: '{}' });
  await vi.waitFor(() => expect([write.state, cart.value]).toEqual(['refused', { qty: 5 }]));
  answer?.();
  await whenRead;
  // What was read is applied in the turns that follow.
  await new Promise((resolve) => setImmediate(resolve));
  expect(cart.value).toEqual({ qty: 5 });
});
