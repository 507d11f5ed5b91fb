// The embedded client at real regions: what an application sees.

import { schema } from '@anabranch/client';
import { createClient } from '@anabranch/client/node';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { RegionMesh } from './region-mesh.ts';

const collections = {
  carts: {
    library: 'yjs',
    schema: schema.object({
      items: schema.map(schema.object({ qty: schema.counter(), name: schema.register<string>() })),
      note: schema.text(),
      gift: schema.flag(),
      coupons: schema.set<string>(),
    }),
  },
  boards: { library: 'automerge', schema: schema.object({ lines: schema.list<string>(), votes: schema.counter() }) },
  depots: { library: 'yjs', schema: schema.object({ stock: schema.boundedCounter({ min: 0, split: ['new-york', 'berlin', 'tokyo'] }) }) },
  notes: { library: 'yjs', schema: 'freeform' },
} as const;

const patience = { timeout: 10_000, interval: 5 };
const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startMesh(regions = 3): Promise<RegionMesh> {
  const mesh = await RegionMesh.start({ regions, collections });
  cleanups.push(() => mesh.stop());
  return mesh;
}

async function connect(mesh: RegionMesh, region = 'nearest') {
  const regions = mesh.regions.map(({ name, url }) => ({ name, url }));
  const client = await createClient({ regions, region, collections, webSocket: WebSocket as never });
  cleanups.push(() => client.close());
  return client;
}

describe('a client', () => {
  test('[CLIENT1] shows its writes at once, and others see them', async () => {
    const mesh = await startMesh();
    const [a, b] = [await connect(mesh, 'new-york'), await connect(mesh, 'tokyo')];
    const [mine, theirs] = [await a.open('carts', 'ann'), await b.open('carts', 'ann')];
    const write = mine.edit([{ op: 'increment', path: '/items/tea/qty', by: 2 }]);
    expect(mine.value.items['tea']?.qty).toBe(2);
    expect(write.state).toBe('applied');
    await write.when('all');
    await vi.waitFor(() => expect(theirs.value.items['tea']?.qty).toBe(2), patience);
    theirs.edit([{ op: 'increment', path: '/items/tea/qty', by: 3 }]);
    await vi.waitFor(() => expect(mine.value.items['tea']?.qty).toBe(5), patience);
    expect(await mesh.region('berlin').read('carts/ann')).toMatchObject({ items: { tea: { qty: 5 } } });
  });
});
