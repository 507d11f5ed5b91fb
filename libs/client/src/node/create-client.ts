import { Client } from '../client.ts';
import { type ClientOptions, checkOptionNames, invalid } from '../client-options.ts';
import { type WebSocketClass, webPlatform } from '../platform/web-platform.ts';
import { aloneTabs } from '../ports.ts';
import type { Collections } from '../schema.ts';
import type { ClientStore } from '../store/client-store.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { FolderStore } from './folder-store.ts';

export interface NodeClientOptions<C extends Collections> extends ClientOptions<C> {
  /** Where the device keeps its documents: the path of a folder, made when it is missing. Needed, unless `store` is `memory`. */
  readonly folder?: string;
  /** `memory`: nothing is kept beyond the process. */
  readonly store?: 'folder' | 'memory';
  /** A WebSocket class, as the package `ws` has; needed before Node 22. */
  readonly webSocket?: WebSocketClass;
}

/**
 * A client that keeps its documents in a folder.
 * @throws AnabranchError `config_invalid`, `store_locked`, `store_failed`, `store_format_unknown`, `record_damaged`.
 */
export async function createClient<const C extends Collections>(options: NodeClientOptions<C>): Promise<Client<C>> {
  checkOptionNames(options, ['folder', 'store', 'webSocket']);
  const { WebSocket: ofPlatform } = globalThis as { WebSocket?: WebSocketClass };
  const platform = webPlatform({ tabs: aloneTabs, webSocket: options.webSocket ?? ofPlatform, onOnline: () => () => {} });
  return await Client.create(options, { platform, store: storeOf(options) });
}

function storeOf({ store = 'folder', folder }: Pick<NodeClientOptions<Collections>, 'store' | 'folder'>): ClientStore {
  if (store === 'memory') {
    if (folder !== undefined) throw invalid('a client with the store memory keeps nothing: it takes no folder');
    return new MemoryStore();
  }
  if (store !== 'folder') throw invalid('store is folder or memory');
  if (typeof folder === 'string' && folder !== '') return new FolderStore(folder);
  throw invalid("folder is the path of a folder, for what the device keeps; store: 'memory' keeps nothing beyond the process");
}
