// Several clients on one store, as the tabs of a browser are: with a channel, a lock that passes on, and requests whose answers a
// test may lose.

import { Client, type FromCourier, MemoryStore, type Platform, type TabMessage, type ToCourier } from '@anabranch/client';
import { NodeClock, NodeRandom } from '@anabranch/system';
import { WebSocket } from 'ws';
import { afterThisTest, collections } from './client-mesh.ts';
import type { RegionMesh } from './region-mesh.ts';

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
export class DeviceOfTabs {
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
