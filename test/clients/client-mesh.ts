// Devices with the embedded client at a mesh of real regions; all are closed when a test has ended.

import { type Client, type Collections, schema } from '@anabranch/client';
import { createClient, type NodeClientOptions } from '@anabranch/client/node';
import { afterEach } from 'vitest';
import { WebSocket } from 'ws';
import { type MeshOptions, RegionMesh } from './region-mesh.ts';

const cart = schema.object({
  items: schema.map(schema.object({ qty: schema.counter(), name: schema.register<string>() })),
  note: schema.text(),
  gift: schema.flag(),
  coupons: schema.set<string>(),
});

export const collections = {
  carts: { library: 'yjs', schema: cart },
  'carts-automerge': { library: 'automerge', schema: cart },
  depots: { library: 'yjs', schema: schema.object({ stock: schema.boundedCounter({ min: 0 }) }) },
  notes: { library: 'yjs', schema: 'freeform' },
} as const;

/** How long a condition is waited for, and how often it is looked at. */
export const patience = { timeout: 20_000, interval: 5 };

const cleanups: Array<() => unknown> = [];

afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

export function afterThisTest(cleanup: () => unknown): void {
  cleanups.push(cleanup);
}

export async function startMesh(regions = 3, options: Partial<MeshOptions> = {}): Promise<RegionMesh> {
  const mesh = await RegionMesh.start({ regions, collections, ...options });
  afterThisTest(() => mesh.stop());
  return mesh;
}

/** A client of this mesh, closed after the test. */
export async function connectTo<const C extends Collections>(
  mesh: RegionMesh,
  region: string,
  options: Pick<NodeClientOptions<C>, 'collections' | 'folder'>,
): Promise<Client<C>> {
  const regions = mesh.regions.map(({ name, url }) => ({ name, url }));
  const store = options.folder === undefined ? 'memory' : 'folder';
  const client = await createClient({ regions, region, store, webSocket: WebSocket as never, ...options });
  afterThisTest(() => client.close());
  return client;
}

export function connect(
  mesh: RegionMesh,
  region = 'nearest',
  options: { readonly folder?: string } = {},
): Promise<Client<typeof collections>> {
  return connectTo(mesh, region, { collections, ...options });
}
