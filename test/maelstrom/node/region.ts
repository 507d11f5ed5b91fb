// The region behind a node: a replica on a durable store of its own, and links to all other nodes.
//
// The store's folder is removed as soon as the store is open: its files go with the process, however that ends, and a node that
// starts anew starts empty, as the harness expects.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, encodeUtf8, type Hash, type Logger, type Random, silentMetrics } from '@anabranch/base';
import { type CollectionSchema, examineUpdate, type InspectionCase, type Library } from '@anabranch/crdt';
import { Replica } from '@anabranch/engine';
import { openLmdbStore } from '@anabranch/storage';
import { inflateRaw } from '@anabranch/system';
import { dialPeers } from '@anabranch/transport';
import { LinkHub } from '../link/link-hub.ts';
import type { Packet } from '../link/packet.ts';
import { regionNames } from './region-names.ts';
import { counterField, setField } from './request.ts';

export interface RegionOptions {
  readonly node: string;
  /** All nodes, this one too. */
  readonly nodes: readonly string[];
  readonly library: Library;
  readonly ports: { readonly clock: Clock; readonly random: Random; readonly hash: Hash; readonly logger: Logger };
  /** Hands a packet of a link to the network. */
  readonly transmit: (peer: string, packet: Packet) => void;
}

export interface Region {
  readonly replica: Replica;
  receive(peer: string, packet: Packet): void;
  stop(): Promise<void>;
}

/** Opens a region that takes writes. */
export async function openRegion({ node, nodes, library, ports, transmit }: RegionOptions): Promise<Region> {
  const names = regionNames(nodes);
  const region = names.get(node);
  if (region === undefined) throw new Error(`${node} is not in the list of nodes`);
  const { clock, random, hash, logger } = ports;
  const directory = await mkdtemp(join(tmpdir(), 'anabranch-maelstrom-'));
  const store = await openLmdbStore({ directory, logger }).finally(() => rm(directory, { recursive: true }));
  const peers = [...names].filter(([other]) => other !== node);
  const replica = await Replica.open({
    ports: {
      ...ports,
      metrics: silentMetrics,
      store,
      inflateRaw,
      examine: async (part: InspectionCase) => examineUpdate(part, inflateRaw),
    },
    region,
    collections: collectionsOf(library),
    // All nodes of a test belong to one mesh, and know of each other only by the list.
    meshKey: hash.sha256(encodeUtf8(`anabranch maelstrom ${JSON.stringify(nodes)}`)),
    peers: peers.map(([, name]) => name),
  });
  const hub = new LinkHub({ clock, random, transmit, accept: (connection) => replica.attachLink(connection, 'acceptor') });
  // Of each pair, the node that stands first in the list dials.
  const dialled = peers.filter(([other]) => nodes.indexOf(node) < nodes.indexOf(other));
  const dials = dialPeers({
    ...{ replica, clock, random, logger },
    peers: dialled.map(([url, name]) => ({ url, region: name })),
    dial: (peer, signal) => hub.dial(peer, signal),
  });
  await replica.whenWritable();
  return {
    replica,
    receive: (peer, packet) => hub.receive(peer, packet),
    stop: async () => {
      await Promise.all([dials.stop(), replica.stop()]);
    },
  };
}

function collectionsOf(library: Library): ReadonlyMap<string, CollectionSchema> {
  return new Map<string, CollectionSchema>([
    ['sets', { library, schema: { type: 'object', fields: { [setField]: { type: 'set' } } } }],
    ['counters', { library, schema: { type: 'object', fields: { [counterField]: { type: 'counter' } } } }],
  ]);
}
