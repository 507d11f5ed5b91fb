// The client loads the Automerge library when a document needs it, which takes longer the first time: before a run it is made to.

import { aloneTabs, Client, MemoryStore } from '@anabranch/client';
import { SeededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';

let loading: Promise<void> | undefined;

export function loadLibraries(): Promise<void> {
  loading ??= openAndClose();
  return loading;
}

async function openAndClose(): Promise<void> {
  const random = new SeededRandom(0);
  const platform = {
    ...{ clock: new VirtualClock(random), random, tabs: aloneTabs },
    connect: () => ({ bufferedBytes: 0, send: () => {}, close: () => {} }),
    sendHttp: () => new Promise<never>(() => {}),
    onOnline: () => () => {},
  };
  const collections = { notes: { library: 'automerge', schema: 'freeform' } } as const;
  const options = { regions: [{ name: 'nowhere', url: 'http://nowhere' }], collections };
  const client = await Client.create(options, { platform, store: new MemoryStore() });
  await client.open('notes', 'n', { startEmpty: true });
  await client.close();
}
