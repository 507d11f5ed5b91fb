import { aloneTabs, Client, MemoryStore, type Platform } from '@anabranch/client';
import { collections, type ShopCollections } from '../sync/collections.ts';

const platform: Platform = {
  clock: {
    wallMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    setTimer: (afterMs, callback) => {
      const timer = setTimeout(callback, afterMs);
      return { cancel: () => clearTimeout(timer) };
    },
  },
  random: {
    u32: () => crypto.getRandomValues(new Uint32Array(1))[0] ?? 0,
    bytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
  },
  connect: (_url, listener) => {
    queueMicrotask(() => listener.closed(1006, ''));
    return { bufferedBytes: 0, send() {}, close() {} };
  },
  sendHttp: () => Promise.reject(new Error('there is no network')),
  tabs: aloneTabs,
  onOnline: () => () => {},
};

/** A device whose regions never answer: everything it shows is its own. */
export function openDevice(): Promise<Client<ShopCollections>> {
  return Client.create({ regions: [{ name: 'berlin', url: 'http://127.0.0.1:9' }], collections }, { platform, store: new MemoryStore() });
}
