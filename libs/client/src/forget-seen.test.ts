import { expect, onTestFinished, test, vi } from 'vitest';
import { Client, MemoryStore, type StoreChange, schema } from './index.ts';
import type { HttpRequest } from './ports.ts';
import { platformOf, ScriptedRegion } from './testing/scripted-regions.ts';

const collections = { depots: { library: 'yjs', schema: schema.object({ stock: schema.boundedCounter({ min: 0 }) }) } } as const;

/** A store whose commits of what was seen wait until a test lets them go on. */
class SlowStore extends MemoryStore {
  whenFree: Promise<void> = Promise.resolve();

  override async commit(changes: readonly StoreChange[]): Promise<void> {
    await this.whenFree;
    await super.commit(changes);
  }
}

test('[CLIENT41] what was on its way into the store when it is forgotten is not demanded of a region afterwards', async () => {
  const berlin = new ScriptedRegion('berlin');
  const store = new SlowStore();
  const platform = platformOf([berlin]);
  const submitted: HttpRequest[] = [];
  const sendHttp = async (request: HttpRequest) => {
    if (request.method === 'GET') return platform.sendHttp(request);
    submitted.push(request);
    return { status: 200, text: '{"documents":{}}', header: () => undefined };
  };
  const options = { regions: [{ name: 'berlin', url: berlin.url }], collections };
  const client = await Client.create(options, { platform: { ...platform, sendHttp }, store });
  onTestFinished(() => client.close());
  await vi.waitFor(() => expect(client.status.connection).toBe('online'));
  let free: () => void = () => {};
  store.whenFree = new Promise((resolve) => {
    free = resolve;
  });
  berlin.session?.send({ type: 'changes', ops: [], told: [[berlin.origin, 2 ** 47]] });
  client.forgetSeen();
  free();
  await vi.waitFor(() => expect(berlin.sessions).toHaveLength(2));
  await vi.waitFor(() => expect(client.status.connection).toBe('online'));
  await client.submit([{ document: 'depots/berlin', ops: [{ op: 'increment', path: '/stock', by: 1 }] }]);
  expect(submitted.map(({ headers }) => headers['anabranch-session'])).toEqual([undefined]);
});
