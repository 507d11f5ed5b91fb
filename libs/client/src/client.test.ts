// How a client begins and ends, whatever its store does.

import { expect, test, vi } from 'vitest';
import { Client, type Collections, MemoryStore, type StoreOpening, schema } from './index.ts';
import { QuietPlatform } from './testing/quiet-platform.ts';

/** A store that is asked to open twice: by the client, and by its courier, whose turn a test gives. */
class PausedStore extends MemoryStore {
  whenOpened: Promise<void> = Promise.resolve();
  #opens = 0;

  override async open(mintDevice: () => string): Promise<StoreOpening> {
    this.#opens += 1;
    if (this.#opens > 1) await this.whenOpened;
    return super.open(mintDevice);
  }
}

const options = { regions: [{ name: 'berlin', url: 'http://berlin.example' }], collections: {} };
const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
};

test('[CLIENT17] one that is closed while it begins opens no session afterwards', async () => {
  const [platform, store] = [new QuietPlatform(), new PausedStore()];
  let open: () => void = () => {};
  store.whenOpened = new Promise((resolve) => {
    open = resolve;
  });
  const client = await Client.create(options, { platform, store });
  await client.close();
  open();
  await turns();
  expect(platform.connections).toBe(0);
});

test('[CLIENT17] one whose store does not open for its courier says so', async () => {
  const [platform, store] = [new QuietPlatform(), new PausedStore()];
  store.whenOpened = Promise.reject(new Error('the disk is gone'));
  store.whenOpened.catch(() => {});
  const client = await Client.create(options, { platform, store });
  await vi.waitFor(() => expect(client.status).toMatchObject({ connection: 'offline', lastError: { message: 'the disk is gone' } }));
  await client.close();
});

test('[CLIENT17] one that describes more collections, or longer ones, than a session takes is not made', async () => {
  const make = (collections: Collections): Promise<unknown> =>
    Client.create({ ...options, collections }, { platform: new QuietPlatform(), store: new MemoryStore() }).catch(
      (error: unknown) => error,
    );
  const many = Object.fromEntries(Array.from({ length: 257 }, (_, at) => [`c${at}`, { library: 'yjs', schema: 'freeform' } as const]));
  expect(await make(many)).toMatchObject({ code: 'config_invalid' });
  const fields = Object.fromEntries(Array.from({ length: 3_000 }, (_, at) => [`field-${at}`, schema.counter()]));
  expect(await make({ carts: { library: 'yjs', schema: schema.object(fields) } })).toMatchObject({ code: 'config_invalid' });
});

test('[CLIENT17] whoever closes it as the second one waits as well until the store is let go of', async () => {
  const store = new MemoryStore();
  let letGo: () => void = () => {};
  const closed: string[] = [];
  vi.spyOn(store, 'close').mockImplementation(async () => {
    await new Promise<void>((resolve) => {
      letGo = resolve;
    });
    closed.push('store');
  });
  const client = await Client.create(options, { platform: new QuietPlatform(), store });
  const first = client.close();
  const second = client.close().then(() => closed.push('second'));
  await turns();
  letGo();
  await Promise.all([first, second]);
  expect(closed).toEqual(['store', 'second']);
});
