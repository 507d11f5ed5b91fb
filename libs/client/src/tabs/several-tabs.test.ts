// Several tabs on one store, whose messages arrive late, and whose leader is killed.

import { AnabranchError } from '@anabranch/base';
import { describe, expect, test, vi } from 'vitest';
import type { Write } from '../index.ts';
import type { StoreChange } from '../store/client-store.ts';
import { ann, device, FatalStore, one, SharedStore, stateOf, timesAsked } from '../testing/tabbed-device.ts';

describe('a document that a tab has the device forget', () => {
  test('[CLIENT29] stays open, and is followed, where it was opened again before that was heard', async () => {
    const { store, group, open, session } = device();
    const [first, second] = [await open(), await open()];
    await first.open('carts', 'ann', { startEmpty: true });
    const asked = await session();
    await vi.waitFor(() => expect(timesAsked(asked)).toBe(1));
    group.delays = ({ type }) => type === 'forget';
    // The tab that does not lead forgets: the other one hears of it late.
    const theirs = await second.open('carts', 'ann', { startEmpty: true });
    await second.forget('carts', 'ann');
    expect(theirs.closed?.code).toBe('document_unavailable');
    const third = await open();
    const again = third.open('carts', 'ann');
    await vi.waitFor(async () => expect((await store.load(ann)).isFollowed).toBe(true));
    await vi.waitFor(() => expect(group.posted.filter(({ type }) => type === 'follow').length).toBeGreaterThan(1));
    group.deliver();
    await vi.waitFor(() => expect(timesAsked(asked)).toBe(2));
    // The first may have been sent before the region had read that it was forgotten.
    asked.send({ type: 'state', document: ann, isResync: false, state: stateOf(4) });
    await vi.waitFor(() => expect(timesAsked(asked)).toBe(3));
    asked.send({ type: 'state', document: ann, isResync: false, state: stateOf(5) });
    const cart = await again;
    expect([cart.value, cart.closed]).toEqual([{ qty: 5 }, undefined]);
  });

  test('[CLIENT29] is asked for whole when it is opened again, also when the tab that had it forgotten was killed before it told that', async () => {
    const { store, open, session } = device();
    const fatal = new FatalStore(store, 'forget');
    const [first, second] = [await open(), await open(fatal)];
    fatal.kill = () => second.kill();
    await first.open('carts', 'ann', { startEmpty: true });
    const theirs = await second.open('carts', 'ann', { startEmpty: true });
    const asked = await session();
    await vi.waitFor(() => expect(timesAsked(asked)).toBe(1));
    asked.send({ type: 'state', document: ann, isResync: false, state: stateOf(5) });
    await vi.waitFor(() => expect(theirs.value).toEqual({ qty: 5 }));
    await second.forget('carts', 'ann');
    const again = (await open()).open('carts', 'ann');
    await vi.waitFor(() => expect(timesAsked(asked)).toBe(2));
    asked.send({ type: 'state', document: ann, isResync: false, state: stateOf(6) });
    expect((await again).value).toEqual({ qty: 6 });
  });

  test('[CLIENT29] is closed where it was open, also when another tab has opened it again meanwhile', async () => {
    const { group, open, session } = device();
    const [first, second] = [await open(), await open()];
    const old = await first.open('carts', 'ann', { startEmpty: true });
    const openedMs = Date.now();
    await session();
    group.delays = ({ type }) => type === 'forget';
    await vi.waitFor(() => expect(first.status.connection).toBe('online'));
    // Of one millisecond nobody can say which came first; then it may stay open, as it is followed.
    await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(openedMs));
    await second.forget('carts', 'ann');
    const again = await second.open('carts', 'ann', { startEmpty: true });
    group.deliver();
    await vi.waitFor(() => expect(old.closed?.code).toBe('document_unavailable'));
    expect(again.closed).toBeUndefined();
  });

  test('[CLIENT29] is not said to be forgotten where it was opened again, when the store cannot be read in that moment', async () => {
    const { store, group, open, session } = device();
    const mine = new SharedStore(store);
    await open(new SharedStore(store));
    const [first, second] = [await open(mine), await open(new SharedStore(store))];
    await second.open('carts', 'ann', { startEmpty: true });
    await session();
    group.delays = ({ type }) => type === 'forget';
    await second.forget('carts', 'ann');
    const again = await first.open('carts', 'ann', { startEmpty: true });
    const { load } = mine;
    mine.load = () => Promise.reject(new AnabranchError('store_failed', 'not now'));
    group.deliver();
    await vi.waitFor(() => expect(first.status.lastError).toMatchObject({ code: 'store_failed' }));
    mine.load = load;
    await vi.waitFor(() => expect(first.status.lastError).toBeUndefined(), { timeout: 3_000 });
    expect([again.closed, again.edit(one).error]).toEqual([undefined, undefined]);
  });

  test('[CLIENT29] is not taken up again where it is loaded anew before that was heard', async () => {
    const { store, group, open } = device();
    const [first, second] = [await open(), await open()];
    const old = await first.open('carts', 'ann', { startEmpty: true });
    group.delays = ({ type }) => type === 'forget';
    await second.forget('carts', 'ann');
    vi.spyOn(store, 'append').mockRejectedValueOnce(new Error('the disk is full'));
    // Refused: it is loaded anew.
    old.edit(one);
    await vi.waitFor(() => expect(old.closed?.code).toBe('document_unavailable'));
    expect((await store.load(ann)).isFollowed).toBe(false);
  });
});

test('[CLIENT24] a document that the region has refused to one tab is refused at once to another', async () => {
  const { open, session } = device();
  const first = await open();
  const refused = first.open('carts', 'ann').catch((error: unknown) => error);
  const asked = await session();
  await vi.waitFor(() => expect(timesAsked(asked)).toBe(1));
  asked.send({ type: 'unavailable', document: ann, code: 'collection_differs', message: 'other fields' });
  expect(await refused).toMatchObject({ code: 'collection_differs' });
  await expect((await open()).open('carts', 'ann')).rejects.toMatchObject({ code: 'collection_differs', message: 'other fields' });
  expect(timesAsked(asked)).toBe(1);
  // Another session is asked anew.
  asked.sendBytes(new Uint8Array());
  const next = await session(2);
  const waiting = (await open()).open('carts', 'ann');
  next.send({ type: 'state', document: ann, isResync: false, state: stateOf(5) });
  expect((await waiting).value).toEqual({ qty: 5 });
});

describe('a leading tab that is killed when it has kept the answer to a write, and told nobody', () => {
  /** Two tabs that follow a write of the second, as it was when the first was killed. */
  async function killAt(fatal: StoreChange['type']) {
    const { store, open, session } = device();
    const fatalStore = new FatalStore(store, fatal);
    const leader = await open(fatalStore);
    fatalStore.kill = () => leader.kill();
    const [tab, other] = [await open(), await open()];
    const cart = await tab.open('carts', 'ann', { startEmpty: true });
    const refused: Write[] = [];
    tab.onRefused((each) => refused.push(each));
    const write = cart.edit(one);
    await write.when('saved');
    const shown = await other.open('carts', 'ann', { startEmpty: true });
    const [seenByOther] = await other.pendingWrites();
    const asked = await session();
    await vi.waitFor(() => expect(asked.of('push')).toHaveLength(1));
    return { store, session, asked, cart, shown, write, refused, seenByOther };
  }

  test('[CLIENT15] the write is durable in the others when the next one leads', async () => {
    const { session, asked, write, seenByOther } = await killAt('settle');
    asked.send({ type: 'pushed', id: 1, covered: [['berlin.5f0c12ab90de' as never, 7]] });
    const next = await session(2);
    await Promise.all([write.when('durable'), seenByOther?.when('durable')]);
    expect(next.of('push')).toEqual([]);
    next.send({ type: 'replicated', majority: [['berlin.5f0c12ab90de' as never, 6]], all: [] });
    next.send({ type: 'replicated', majority: [['berlin.5f0c12ab90de' as never, 7]], all: [] });
    await write.when('majority');
  });

  test('[CLIENT15] the write is refused there, with the reason, and its document is shown without it', async () => {
    const { store, session, asked, cart, shown, write, refused } = await killAt('drop');
    expect([cart.value, shown.value]).toEqual([{ qty: 1 }, { qty: 1 }]);
    asked.send({ type: 'refused', id: 1, code: 'update_invalid', message: 'not so', details: '{"at":3}' });
    await session(2);
    await expect(write.when('durable')).rejects.toMatchObject({ code: 'update_invalid', message: 'not so', details: { at: 3 } });
    await vi.waitFor(() => expect([cart.value, shown.value]).toEqual([{ qty: 0 }, { qty: 0 }]));
    expect(refused).toEqual([write]);
    // It is told once, and not to who leads after that.
    await vi.waitFor(async () => expect((await store.open(() => '')).refusals).toEqual([]));
  });
});

test('[CLIENT15] a write of a tab that ended before it told anybody is found in the store, sent, and shown', async () => {
  const { store, looks, look, open, session } = device();
  const [first, second] = [await open(), await open()];
  const carts = [await first.open('carts', 'ann', { startEmpty: true }), await second.open('carts', 'ann', { startEmpty: true })];
  const asked = await session();
  const updates = [{ document: ann, update: stateOf(3, 77) }];
  await store.append({ id: 'ended.1', writer: 'ended', updates, described: [] });
  for (let times = 1; times <= 2; times++) {
    await vi.waitFor(() => expect(looks).toHaveLength(1));
    look();
  }
  await vi.waitFor(() => expect(carts.map(({ value }) => value)).toEqual([{ qty: 3 }, { qty: 3 }]));
  expect(asked.of('push').map(({ writes }) => writes)).toEqual([updates]);
  await vi.waitFor(() => expect(looks).toHaveLength(1));
  await first.close();
  await vi.waitFor(() => expect(second.status.pendingWrites).toBe(1));
  await second.close();
  expect(looks).toEqual([]);
});

test('[CLIENT15] a write whose answer was told to nobody is not said to be in all regions when what was seen is forgotten', async () => {
  const { store, open, session } = device();
  const fatal = new FatalStore(store, 'settle');
  const leader = await open(fatal);
  const [tab, other] = [await open(new SharedStore(store)), await open(new SharedStore(store))];
  const cart = await tab.open('carts', 'ann', { startEmpty: true });
  const write = cart.edit(one);
  await write.when('saved');
  const [seenByOther] = await other.pendingWrites();
  const asked = await session();
  await vi.waitFor(() => expect(asked.of('push')).toHaveLength(1));
  fatal.kill = () => {
    tab.forgetSeen();
    leader.kill();
  };
  asked.send({ type: 'pushed', id: 1, covered: [['berlin.5f0c12ab90de' as never, 7]] });
  for (const each of [write, seenByOther]) {
    await each?.when('durable');
    await expect(each?.when('majority')).rejects.toMatchObject({ code: 'outcome_unknown' });
    expect(each?.state).toBe('durable');
  }
  // The next one is followed as ever.
  const next = cart.edit(one);
  const sessions = await session(2);
  await vi.waitFor(() => expect(sessions.of('push')).toHaveLength(1));
  sessions.send({ type: 'pushed', id: 1, covered: [['berlin.5f0c12ab90de' as never, 8]] });
  sessions.send({ type: 'replicated', majority: [['berlin.5f0c12ab90de' as never, 8]], all: [['berlin.5f0c12ab90de' as never, 8]] });
  await next.when('all');
});

test('[CLIENT41] what was seen can be forgotten before any tab speaks with regions', async () => {
  const { berlin, store, group, open } = device();
  await store.open(() => 'device0000000000');
  const seen = [[berlin.origin, 9]] as const;
  await store.commit([{ type: 'session', session: { seen, required: seen, resumeKey: new Uint8Array(), followSerial: 0 } }]);
  let lead: () => void = () => {};
  group.mayLead = new Promise((resolve) => {
    lead = resolve;
  });
  await open();
  const second = await open();
  second.forgetSeen();
  await vi.waitFor(() => expect(group.posted.map(({ type }) => type)).toContain('forgetSeen'));
  // What was posted has arrived, where nobody leads.
  await new Promise((resolve) => setImmediate(resolve));
  lead();
  await vi.waitFor(async () => expect((await store.open(() => '')).session?.required).toEqual([]));
  await vi.waitFor(() => expect(berlin.session?.of('open')[0]?.required).toEqual([]));
});
