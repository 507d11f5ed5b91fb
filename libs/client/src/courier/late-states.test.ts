// A document that the device forgets and opens again, while what a region sent of it before is still on its way: that lacks what was
// written between.

import { expect, test, vi } from 'vitest';
import { ann, device, SharedStore, stateOf, timesAsked } from '../testing/tabbed-device.ts';

test('[CLIENT25] one that was sent whole with others is not held when it was opened again before they are shown', async () => {
  const { berlin, store, open, session } = device();
  await store.open(() => 'device0000000000');
  await store.commit([
    { type: 'follow', document: ann },
    { type: 'state', document: ann, state: stateOf(2) },
  ]);
  const client = await open(new SharedStore(store), true);
  await client.open('carts', 'ann');
  const asked = await session();
  asked.send({ type: 'state', document: ann, isResync: true, state: stateOf(3) });
  await client.forget('carts', 'ann');
  const again = client.open('carts', 'ann');
  await vi.waitFor(() => expect(timesAsked(asked)).toBe(2));
  asked.send({ type: 'changes', ops: [], told: [[berlin.origin, 7]] });
  await vi.waitFor(async () => expect((await store.open(() => '')).session?.seen).toEqual([[berlin.origin, 7]]));
  expect((await store.load(ann)).isHeld).toBe(false);
  asked.send({ type: 'state', document: ann, isResync: false, state: stateOf(5) });
  expect((await again).value).toEqual({ qty: 5 });
  expect((await store.load(ann)).isHeld).toBe(true);
});

test('[CLIENT25] one whose state is kept after it was forgotten and opened again is not held', async () => {
  const { store, open, session } = device();
  const mine = new SharedStore(store);
  const client = await open(mine, true);
  const first = expect(client.open('carts', 'ann')).rejects.toMatchObject({ code: 'document_unavailable' });
  const asked = await session();
  let keep: (() => void) | undefined;
  const { commit } = mine;
  mine.commit = async (changes) => {
    if (keep === undefined && changes.some(({ type }) => type === 'state')) {
      await new Promise<void>((resolve) => {
        keep = resolve;
      });
    }
    await commit(changes);
  };
  asked.send({ type: 'state', document: ann, isResync: false, state: stateOf(3) });
  await vi.waitFor(() => expect(keep).toBeDefined());
  await client.forget('carts', 'ann');
  await first;
  const again = await client.open('carts', 'ann', { startEmpty: true });
  await vi.waitFor(() => expect(timesAsked(asked)).toBe(2));
  keep?.();
  await vi.waitFor(() => expect(again.value).toEqual({ qty: 3 }));
  await vi.waitFor(async () => expect([again.isHeld, (await store.load(ann)).isHeld]).toEqual([false, false]));
  asked.send({ type: 'state', document: ann, isResync: false, state: stateOf(3) });
  await vi.waitFor(async () => expect([again.isHeld, (await store.load(ann)).isHeld]).toEqual([true, true]));
});

test('[CLIENT25] one that was asked for, forgotten and asked for again is held when what comes was sent after that for sure', async () => {
  const { berlin, store, open, session } = device();
  const client = await open(new SharedStore(store), true);
  const first = expect(client.open('carts', 'ann')).rejects.toMatchObject({ code: 'document_unavailable' });
  const asked = await session();
  await client.forget('carts', 'ann');
  await first;
  const again = client.open('carts', 'ann');
  await vi.waitFor(() => expect(timesAsked(asked)).toBe(2));
  // Sent before the region has read that it was forgotten; then something is written to it that it does not tell.
  asked.send({ type: 'state', document: ann, isResync: false, state: stateOf(3) });
  asked.send({ type: 'changes', ops: [], told: [[berlin.origin, 7]] });
  await vi.waitFor(async () => expect((await store.open(() => '')).session?.seen).toEqual([[berlin.origin, 7]]));
  expect((await store.load(ann)).isHeld).toBe(false);
  await vi.waitFor(() => expect(timesAsked(asked)).toBe(3));
  asked.send({ type: 'state', document: ann, isResync: false, state: stateOf(4) });
  expect([(await again).value, (await store.load(ann)).isHeld]).toEqual([{ qty: 4 }, true]);
});
