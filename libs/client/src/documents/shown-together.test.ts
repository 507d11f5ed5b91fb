// What is shown in one turn: listeners find every document as it is after all of that.

import { parseDocumentId } from '@anabranch/protocol';
import { expect, test, vi } from 'vitest';
import { ann, device, FatalStore, one, SharedStore, stateOf, timesAsked } from '../testing/tabbed-device.ts';

const bob = parseDocumentId('carts/bob');

/** A device that holds two documents. */
async function deviceOfTwo() {
  const made = device();
  await made.store.open(() => 'device0000000000');
  const hold = (document: typeof ann) =>
    [
      { type: 'follow', document },
      { type: 'state', document, state: stateOf(1, 2 ** 32 + (document === ann ? 31 : 32)) },
    ] as const;
  await made.store.commit([...hold(ann), ...hold(bob)]);
  return made;
}

/** A transaction of somebody else, who adds 10 to both. */
const both = [ann, bob].map((document, at) => ({ document, update: stateOf(10, 2 ** 32 + 11 + at, 'tokyo.5f0c12ab90de') }));

test('[CLIENT3] documents that are sent whole are shown with the changes that follow them, to listeners, too', async () => {
  const { berlin, open, session } = await deviceOfTwo();
  const client = await open(undefined, true);
  const [ofAnn, ofBob] = [await client.open('carts', 'ann'), await client.open('carts', 'bob')];
  const asked = await session();
  const seen: unknown[] = [];
  for (const each of [ofAnn, ofBob]) each.subscribe(({ region }) => seen.push([region, ofAnn.value, ofBob.value]));
  // The region made one of the states before it had the transaction, the other one after.
  asked.send({ type: 'state', document: ann, isResync: true, state: stateOf(5, 2 ** 32 + 1, 'new-york.5f0c12ab90de') });
  asked.send({ type: 'state', document: bob, isResync: true, state: both[1]?.update ?? new Uint8Array() });
  asked.send({ type: 'changes', ops: [{ origin: berlin.origin, seq: 7, writes: both }], told: [[berlin.origin, 7]] });
  await vi.waitFor(() => expect(seen).not.toEqual([]));
  const whole = [undefined, { qty: 16 }, { qty: 11 }];
  expect(seen).toEqual([whole, whole]);
});

test('[CLIENT3] a transaction that a killed tab had kept and told nobody is shown whole by the next one that leads', async () => {
  const { berlin, store, open, session } = await deviceOfTwo();
  const fatal = new FatalStore(store, 'update');
  const leader = await open(fatal);
  fatal.kill = () => leader.kill();
  const tab = await open(new SharedStore(store));
  const [ofAnn, ofBob] = [await tab.open('carts', 'ann'), await tab.open('carts', 'bob')];
  const asked = await session();
  const seen: unknown[] = [];
  for (const each of [ofAnn, ofBob]) each.subscribe(() => seen.push([ofAnn.value, ofBob.value]));
  asked.send({ type: 'changes', ops: [{ origin: berlin.origin, seq: 7, writes: both }], told: [[berlin.origin, 7]] });
  await session(2);
  const whole = [{ qty: 11 }, { qty: 11 }];
  await vi.waitFor(() => expect(seen).toEqual([whole, whole]));
});

test('[CLIENT15] a write that a killed tab had saved and told nobody is shown by the next one, also where no region has sent the document', async () => {
  const { store, open, session } = device();
  const mine = new SharedStore(store);
  const leader = await open(mine);
  const tab = await open(new SharedStore(store));
  const theirs = await leader.open('carts', 'ann', { startEmpty: true });
  const shown = await tab.open('carts', 'ann', { startEmpty: true });
  await vi.waitFor(async () => expect(timesAsked(await session())).toBe(1));
  const { append } = mine;
  mine.append = async (write) => {
    const n = await append(write);
    leader.kill();
    return n;
  };
  theirs.edit(one);
  const next = await session(2);
  await vi.waitFor(() => expect(next.of('push')).toHaveLength(1));
  expect(shown.value).toEqual({ qty: 1 });
  // The region has sent it as it was before it had the write.
  next.send({ type: 'state', document: ann, isResync: false, state: stateOf(5) });
  next.send({ type: 'pushed', id: 1, covered: [] });
  await vi.waitFor(async () => expect((await store.pendingAfter(0)).length).toBe(0));
  expect(shown.value).toEqual({ qty: 6 });
});

test('[CLIENT40] a document that a killed tab had let go of, and told nobody, counts as not held where it is open', async () => {
  const { berlin, store, open, session } = await deviceOfTwo();
  const fatal = new FatalStore(store, 'unhold');
  const leader = await open(fatal);
  fatal.kill = () => leader.kill();
  const tab = await open(new SharedStore(store));
  const ofAnn = await tab.open('carts', 'ann');
  const asked = await session();
  expect(ofAnn.isHeld).toBe(true);
  asked.send({
    type: 'changes',
    ops: [{ origin: berlin.origin, seq: 7, writes: [{ document: ann, update: new Uint8Array([9]) }] }],
    told: [],
  });
  await session(2);
  await vi.waitFor(() => expect([ofAnn.isHeld, ofAnn.value]).toEqual([false, { qty: 1 }]));
  berlin.session?.send({ type: 'state', document: ann, isResync: false, state: stateOf(1, 2 ** 32 + 31) });
  await vi.waitFor(() => expect(ofAnn.isHeld).toBe(true));
});
