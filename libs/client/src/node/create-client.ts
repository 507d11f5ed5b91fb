import { Client } from '../client.ts';
import type { ClientOptions } from '../client-options.ts';
import { type WebSocketClass, webPlatform } from '../platform/web-platform.ts';
import { aloneTabs } from '../ports.ts';
import type { Collections } from '../schema.ts';
import { MemoryStore } from '../store/memory-store.ts';
import { FolderStore } from './folder-store.ts';

export interface NodeClientOptions<C extends Collections> extends ClientOptions<C> {
  /** Where the device keeps its documents; made when it is missing. Without it nothing is kept beyond the process. */
  readonly folder?: string;
  /** A WebSocket class, as the package `ws` has; needed before Node 22. */
  readonly webSocket?: WebSocketClass;
}

/**
 * A client that keeps its documents in a folder.
 * @throws AnabranchError `config_invalid`, `store_locked`, `store_failed`, `store_format_unknown`, `record_damaged`.
 */
export function createClient<const C extends Collections>(options: NodeClientOptions<C>): Promise<Client<C>> {
  const { WebSocket: ofPlatform } = globalThis as { WebSocket?: WebSocketClass };
  const platform = webPlatform({ tabs: aloneTabs, webSocket: options.webSocket ?? ofPlatform, onOnline: () => () => {} });
  return Client.create(options, { platform, store: options.folder === undefined ? new MemoryStore() : new FolderStore(options.folder) });
}
