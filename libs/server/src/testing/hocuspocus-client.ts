// Unchanged Hocuspocus providers for tests, and what they say over the wire.

import { HocuspocusProvider, type HocuspocusProviderConfiguration, HocuspocusProviderWebsocket } from '@hocuspocus/provider';
import { WebSocket } from 'ws';
import * as Y from 'yjs';
import type { TestRegion } from '../sync/testing/test-region.ts';
import { until } from '../sync/testing/until.ts';

/** One provider at one document, with what it was told in the order of its events. */
export class HocuspocusClient {
  readonly doc: Y.Doc;
  readonly provider: HocuspocusProvider;
  readonly refusals: string[] = [];
  readonly closes: { readonly code: number; readonly reason: string }[] = [];

  constructor(socket: HocuspocusProviderWebsocket, name: string, options: Partial<HocuspocusProviderConfiguration> = {}) {
    this.doc = options.document ?? new Y.Doc();
    this.provider = new HocuspocusProvider({
      token: 'canary',
      ...options,
      name,
      document: this.doc,
      websocketProvider: socket,
      onAuthenticationFailed: ({ reason }) => this.refusals.push(reason),
      onClose: ({ event }) => this.closes.push({ code: event.code, reason: event.reason }),
    });
    this.provider.attach();
  }

  get text(): Y.Text {
    return this.doc.getText('body');
  }

  get names(): unknown[] {
    return [...(this.provider.awareness?.getStates().values() ?? [])].map((state) => state['name']);
  }

  /** Resolves when the provider believes that the region has all it has. */
  async whenSynced(): Promise<this> {
    await until(() => this.provider.synced && !this.provider.hasUnsyncedChanges, 'the provider is synced');
    return this;
  }

  destroy(): void {
    this.provider.destroy();
  }
}

/** One that is closed before it is open says so in an event that a provider no longer listens to, and Node ends for that. */
class ForgivingWebSocket extends WebSocket {
  constructor(url: string) {
    super(url);
    this.on('error', () => {});
  }
}

/** A socket that comes back soon after it was lost. */
export function hocuspocusSocket(region: TestRegion, query = ''): HocuspocusProviderWebsocket {
  const url = `${region.url}/v1/sync/hocuspocus${query}`;
  return new HocuspocusProviderWebsocket({
    url,
    WebSocketPolyfill: ForgivingWebSocket,
    delay: 20,
    minDelay: 20,
    maxDelay: 50,
    jitter: false,
  });
}
