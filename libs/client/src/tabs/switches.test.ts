// Switched in one tab, led by another, while messages between them are on their way.

import { expect, test, vi } from 'vitest';
import type { ClientStatus } from '../index.ts';
import { device, one } from '../testing/tabbed-device.ts';

const where = ({ connection, isOffline }: ClientStatus) => [connection, isOffline];

/** Two tabs, of which the first leads, and a status of it that is on its way to the second. */
async function withLateStatus() {
  const { berlin, group, open, session } = device();
  const [first, second] = [await open(), await open()];
  const cart = await first.open('carts', 'ann', { startEmpty: true });
  await session();
  await vi.waitFor(() => expect(second.status).toMatchObject({ connection: 'online', region: 'berlin' }));
  group.delays = ({ type }) => type === 'status' || type === 'switch';
  const before = group.posted.length;
  cart.edit(one);
  const isPosted = () => expect(group.posted.slice(before).map(({ type }) => type)).toContain('status');
  await vi.waitFor(isPosted);
  /** In the order in which it was posted. */
  const arrive = (): void => {
    group.delays = () => false;
    group.deliver();
  };
  return { berlin, group, first, second, arrive };
}

test('[CLIENT36] a status that was on its way does not take back a switch of a tab that does not lead', async () => {
  const { first, second, arrive } = await withLateStatus();
  const seen: unknown[] = [];
  second.onStatus(() => seen.push(where(second.status)));
  second.goOffline();
  arrive();
  expect(second.status).toMatchObject({ connection: 'offline', region: undefined, isOffline: true, pendingWrites: 1 });
  await vi.waitFor(() => expect(first.status).toMatchObject({ connection: 'offline', isOffline: true }));
  second.goOnline();
  await vi.waitFor(() => expect(second.status.connection).toBe('online'));
  const switchedOn = seen.findIndex((each) => JSON.stringify(each) === '["connecting",false]');
  expect(new Set(seen.slice(0, switchedOn).map((each) => JSON.stringify(each)))).toEqual(new Set(['["offline",true]']));
});

test('[CLIENT36] a move after a switch does not switch on again, whichever tab was switched off', async () => {
  const { berlin, group, first, second, arrive } = await withLateStatus();
  second.goOffline();
  arrive();
  second.moveTo('berlin');
  await vi.waitFor(() => expect(first.status).toMatchObject({ isOffline: true, wantedRegion: 'berlin' }));
  first.goOnline();
  await vi.waitFor(() => expect(berlin.session?.of('open')).toHaveLength(1));
  // The other way about: a move of a tab that has not heard yet of the switch.
  group.delays = ({ type }) => type === 'status' || type === 'switch';
  first.goOffline();
  second.moveTo('nearest');
  arrive();
  await vi.waitFor(() => expect(second.status).toMatchObject({ isOffline: true, wantedRegion: 'nearest' }));
  expect(first.status).toMatchObject({ connection: 'offline', isOffline: true, wantedRegion: 'nearest' });
});

test('[CLIENT36] who leads next is told of a switch that it had not heard of, and stays off', async () => {
  const { group, open } = device();
  const [first, second, third] = [await open(), await open(), await open()];
  await vi.waitFor(() => expect(third.status.connection).toBe('online'));
  group.delays = ({ type }) => type === 'switch';
  third.goOffline();
  await vi.waitFor(() => expect(group.posted.at(-1)?.type).toBe('switch'));
  // It is lost; what is posted from now on arrives.
  group.delays = () => false;
  first.kill();
  await vi.waitFor(() => expect(second.status).toMatchObject({ connection: 'offline', isOffline: true }));
  expect(third.status.isOffline).toBe(true);
});

test('[CLIENT36] the newest switch counts, also when an older one arrives after it', async () => {
  const { group, open } = device();
  const [first, second, third] = [await open(), await open(), await open()];
  await vi.waitFor(() => expect(third.status.connection).toBe('online'));
  second.goOffline();
  await vi.waitFor(() => expect([first.status.isOffline, third.status.isOffline]).toEqual([true, true]));
  group.delays = (message) => message.type === 'switch' && message.region !== undefined;
  second.moveTo('berlin');
  third.goOnline();
  third.goOffline();
  await vi.waitFor(() => expect(group.posted.at(-1)).toMatchObject({ type: 'status', switchNumber: 3 }));
  group.delays = () => false;
  group.deliver();
  for (const each of [first, second, third]) {
    await vi.waitFor(() => expect(each.status).toMatchObject({ isOffline: true, wantedRegion: 'berlin' }));
  }
  group.delays = (message) => message.type === 'switch' && message.isOffline === false;
  third.goOnline();
  third.goOffline();
  await vi.waitFor(() => expect(group.posted.at(-1)).toMatchObject({ type: 'status', switchNumber: 5 }));
  group.deliver();
  expect(first.status.isOffline).toBe(true);
});
