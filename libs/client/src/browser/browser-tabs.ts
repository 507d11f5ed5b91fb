// The tabs of one origin that share a store: a lock says which of them speaks with regions (Web Locks), a channel carries
// what they tell each other (BroadcastChannel). A tab that ends, however it ends, gives the lock to the next.
//
// Without Web Locks (a page that is not served securely) every tab speaks for itself: what is sent twice has no effect.

import type { Tabs } from '../ports.ts';
import type { TabMessage } from '../tabs/tab-message.ts';

export function browserTabs(name: string): Tabs {
  const channel = new BroadcastChannel(`anabranch.${name}`);
  const ended = new AbortController();
  let isClosed = false;
  return {
    lead: () => lead(name, ended.signal),
    post: (message) => {
      if (!isClosed) channel.postMessage(message);
    },
    listen: (listener) => {
      channel.addEventListener('message', ({ data }: MessageEvent<TabMessage>) => listener(data));
    },
    close: () => {
      isClosed = true;
      ended.abort();
      channel.close();
    },
  };
}

/** Resolves when the tab has the lock; it is let go of when the tab ends or closes its client. */
function lead(name: string, ended: AbortSignal): Promise<void> {
  const { locks } = navigator as { readonly locks?: LockManager };
  if (locks === undefined) return Promise.resolve();
  return new Promise((resolve, reject) => {
    const keep = async (): Promise<void> => {
      resolve();
      if (!ended.aborted) await new Promise((release) => ended.addEventListener('abort', release, { once: true }));
    };
    locks.request(`anabranch.${name}`, { signal: ended }, keep).catch((error: unknown) => {
      // Aborted while it waited: the client was closed, and nobody leads from here.
      if (!ended.aborted) reject(error);
    });
  });
}
