// Several tabs on one store, and submissions whose answer is lost.

import { Client, type FromCourier, MemoryStore, type Platform, type TabMessage, type ToCourier } from '@anabranch/client';
import { NodeClock, NodeRandom } from '@anabranch/system';
import { describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { afterThisTest, collections, connect, patience, startMesh } from './client-mesh.ts';
import type { RegionMesh } from './region-mesh.ts';

const tea = (by: number) => ({ op: 'increment', path: '/items/tea/qty', by }) as const;

/** What tabs have of each other: a channel, and a lock that passes on when its holder ends. */
class TabGroup {
  readonly #listeners = new Map<number, (message: TabMessage) => void>();
  readonly #waiting: { readonly tab: number; readonly lead: () => void }[] = [];
  #leader: number | undefined;
  #count = 0;

  tab(): Platform['tabs'] {
    const tab = this.#count++;
    return {
      lead: () =>
        new Promise((lead) => {
          this.#waiting.push({ tab, lead });
          this.#choose();
        }),
      post: (message) => {
        // As a channel does: a copy, in a later turn.
        const copy = structuredClone<FromCourier | ToCourier>(message);
        for (const [other, listener] of this.#listeners)
          if (other !== tab) setImmediate(() => this.#listeners.has(other) && listener(copy));
      },
      listen: (listener) => void this.#listeners.set(tab, listener),
      close: () => {
        this.#listeners.delete(tab);
        if (this.#leader === tab) this.#leader = undefined;
        const at = this.#waiting.findIndex((waiting) => waiting.tab === tab);
        if (at >= 0) this.#waiting.splice(at, 1);
        this.#choose();
      },
    };
  }

  #choose(): void {
    if (this.#leader !== undefined) return;
    const next = this.#waiting.shift();
    this.#leader = next?.tab;
    next?.lead();
  }
}

/** Platforms of one device; `sent` counts the pushes that left it. */
class DeviceOfTabs {
  readonly store = new MemoryStore();
  readonly #group = new TabGroup();
  readonly #mesh: RegionMesh;
  pushes = 0;
  /** Given the answer of a request, what the client gets. */
  answer: (answer: Response) => Response = (answer) => answer;

  constructor(mesh: RegionMesh) {
    this.#mesh = mesh;
  }

  async open(): Promise<Client<typeof collections>> {
    const platform: Platform = {
      ...{ clock: new NodeClock(), random: new NodeRandom(), tabs: this.#group.tab(), onOnline: () => () => {} },
      connect: (url, listener) => {
        const socket = new WebSocket(url);
        socket.binaryType = 'arraybuffer';
        socket.on('open', () => listener.opened());
        socket.on('message', (data) => listener.received(new Uint8Array(data as ArrayBuffer)));
        socket.on('error', () => {});
        socket.on('close', (code, reason) => listener.closed(code, reason.toString()));
        return {
          bufferedBytes: 0,
          send: (bytes) => {
            if (bytes[0] === 8) this.pushes += 1;
            socket.send(bytes);
          },
          close: () => socket.terminate(),
        };
      },
      sendHttp: async ({ method, url, headers, body }) => {
        const answer = this.answer(await fetch(url, { method, headers, ...(body !== undefined && { body }) }));
        return { status: answer.status, text: await answer.text(), header: (name) => answer.headers.get(name) ?? undefined };
      },
    };
    const regions = this.#mesh.regions.map(({ name, url }) => ({ name, url }));
    const client = await Client.create({ regions, region: 'new-york', collections }, { platform, store: this.store });
    afterThisTest(() => client.close());
    return client;
  }
}

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
    device.answer = () => {
      throw new Error('the answer is lost');
    };
    const stock = [{ document: 'depots/d', ops: [{ op: 'increment', path: '/stock', by: 5 }] }] as const;
    const error = await client.submit(stock, { timeoutMs: 300 }).catch((refusal: unknown) => refusal);
    expect(error).toMatchObject({ code: 'outcome_unknown' });
    device.answer = (answer) => answer;
    const { retryKey } = (error as { details: { retryKey: string } }).details;
    await client.submit(stock, { retryKey });
    await vi.waitFor(() => expect(depot.value.stock).toBe(5), patience);
    expect(await mesh.region('new-york').read('depots/d')).toMatchObject({ stock: 5 });
  });
});
