// A replica as the region process composes it, without its doors: the durable store, the system's clock and hash.

import { join } from 'node:path';
import { silentLogger, silentMetrics } from '@anabranch/base';
import { parseRegionId } from '@anabranch/causality';
import { type CollectionSchema, examineUpdate, type InspectionCase } from '@anabranch/crdt';
import { Replica, type ReplicaPorts } from '@anabranch/engine';
import { openLmdbStore } from '@anabranch/storage';
import { inflateRaw, NodeClock, NodeHash, NodeRandom } from '@anabranch/system';

const cart: CollectionSchema['schema'] = {
  type: 'object',
  fields: {
    items: { type: 'map', of: { type: 'object', fields: { qty: { type: 'counter' }, name: { type: 'register' } } } },
    coupons: { type: 'set' },
    gift: { type: 'flag' },
    status: { type: 'register' },
  },
};

const depot: CollectionSchema['schema'] = {
  type: 'object',
  fields: { stock: { type: 'boundedCounter', min: 0 }, seen: { type: 'counter' } },
};

export const benchCollections: ReadonlyMap<string, CollectionSchema> = new Map([
  ['carts', { library: 'yjs', schema: cart }],
  ['carts-automerge', { library: 'automerge', schema: cart }],
  ['depots', { library: 'yjs', schema: depot }],
  ['notes', { library: 'yjs', schema: 'freeform' }],
]);

const benchMeshKey: Uint8Array = new Uint8Array(32).fill(7);

/** The parts of the world that replicas and links take. */
export const benchPorts: Omit<ReplicaPorts, 'store'> = {
  clock: new NodeClock(),
  random: new NodeRandom(),
  hash: new NodeHash(),
  logger: silentLogger,
  metrics: silentMetrics,
  inflateRaw,
  examine: async (inspectionCase: InspectionCase) => examineUpdate(inspectionCase, inflateRaw),
};

/** Opens the replica of `region` on the store in `folder/region`. */
export async function openBenchReplica(folder: string, region: string, peers: readonly string[] = []): Promise<Replica> {
  const store = await openLmdbStore({ directory: join(folder, region), logger: silentLogger });
  return Replica.open({
    ports: { ...benchPorts, store },
    region: parseRegionId(region),
    collections: benchCollections,
    meshKey: benchMeshKey,
    peers: peers.map(parseRegionId),
  });
}
