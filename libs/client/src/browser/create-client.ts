import { Client } from '../client.ts';
import { type ClientOptions, checkOptionNames, invalid } from '../client-options.ts';
import { webPlatform } from '../platform/web-platform.ts';
import { aloneTabs } from '../ports.ts';
import type { Collections } from '../schema.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { browserTabs } from './browser-tabs.ts';
import { IndexedDbStore } from './indexed-db-store.ts';

export interface BrowserClientOptions<C extends Collections> extends ClientOptions<C> {
  /** Names what the device keeps, 1 to 64 of `[a-z0-9-]`: tabs that give the same name share it. */
  readonly name: string;
  /** `memory`: nothing is kept beyond this tab. */
  readonly store?: 'indexed-db' | 'memory';
}

/**
 * A client that keeps its documents in IndexedDB and shares them with the other tabs of its origin.
 * @throws AnabranchError `config_invalid`, `store_failed`, `store_format_unknown`.
 */
export async function createClient<const C extends Collections>(options: BrowserClientOptions<C>): Promise<Client<C>> {
  checkOptionNames(options, ['name', 'store']);
  const { name, store = 'indexed-db' } = options;
  const isName = typeof name === 'string' && /^[a-z0-9-]{1,64}$/.test(name);
  if (!isName) throw invalid('name is what the device is called in this browser, 1 to 64 of [a-z0-9-]');
  if (store !== 'indexed-db' && store !== 'memory') throw invalid('store is indexed-db or memory');
  const isKept = store === 'indexed-db';
  const platform = webPlatform({
    tabs: isKept ? browserTabs(name) : aloneTabs,
    webSocket: WebSocket,
    onOnline: (listener) => {
      addEventListener('online', listener);
      return () => removeEventListener('online', listener);
    },
  });
  return await Client.create(options, { platform, store: isKept ? new IndexedDbStore(name, indexedDB) : new MemoryStore() });
}
