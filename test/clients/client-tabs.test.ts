// Several tabs on one store, and submissions whose answer is lost.

import { describe, expect, test, vi } from 'vitest';
import { connect, patience, startMesh } from './client-mesh.ts';
import { DeviceOfTabs } from './device-of-tabs.ts';

const tea = (by: number) => ({ op: 'increment', path: '/items/tea/qty', by }) as const;

describe('tabs of one device', () => {
  test('[CLIENT15] show each other their writes, send each once, and take over from one that ends', async () => {
    const mesh = await startMesh(1);
    const device = new DeviceOfTabs(mesh);
    const other = await (await connect(mesh)).open('carts', 'ann');
    const [first, second] = [await device.open(), await device.open()];
    const [here, there] = [await first.open('carts', 'ann'), await second.open('carts', 'ann')];
    await here.edit([tea(1)]).when('durable');
    await there.edit([tea(2)]).when('durable');
    await vi.waitFor(() => expect([here, there, other].map(({ value }) => value.items['tea']?.qty)).toEqual([3, 3, 3]), patience);
    expect(device.pushes).toBe(2);
    other.edit([tea(4)]);
    await vi.waitFor(() => expect([here, there].map(({ value }) => value.items['tea']?.qty)).toEqual([7, 7]), patience);
    expect(second.status).toMatchObject({ connection: 'online', region: 'new-york', pendingWrites: 0 });

    // Writes of a tab that does not lead, while nobody can send, are sent by the tab that leads next.
    second.goOffline();
    await vi.waitFor(() => expect(first.status.connection).toBe('offline'), patience);
    await there.edit([tea(10)]).when('saved');
    await vi.waitFor(() => expect(here.value.items['tea']?.qty).toBe(17), patience);
    await first.close();
    second.goOnline();
    await vi.waitFor(() => expect(other.value.items['tea']?.qty).toBe(17), patience);
    await (await second.open('carts', 'bob')).edit([tea(1)]).when('all');
    expect(device.pushes).toBe(4);
  });

  test('[CLIENT16] a submission without an answer is of unknown outcome, and is done once', async () => {
    const mesh = await startMesh(1);
    const device = new DeviceOfTabs(mesh);
    const client = await device.open();
    const depot = await client.open('depots', 'd');
    const told: string[] = [];
    device.answer = () => {
      expect(told).toHaveLength(1);
      throw new Error('the answer is lost');
    };
    const stock = [{ document: 'depots/d', ops: [{ op: 'increment', path: '/stock', by: 5 }] }] as const;
    const options = { timeoutMs: 300, onRetryKey: (key: string) => void told.push(key) };
    const error = await client.submit(stock, options).catch((refusal: unknown) => refusal);
    expect(error).toMatchObject({ code: 'outcome_unknown', details: { retryKey: told[0] } });
    device.answer = (answer) => answer;
    const { retryKey } = (error as { details: { retryKey: string } }).details;
    await client.submit(stock, { retryKey });
    await vi.waitFor(() => expect(depot.value.stock).toBe(5), patience);
    expect(await mesh.region('new-york').read('depots/d')).toMatchObject({ stock: 5 });
  });
});
