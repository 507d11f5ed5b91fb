// A region on the real engine and a memory store, served over real sockets, for the tests of its doors.

import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Logger, silentLogger } from '@anabranch/base';
import { parseRegionId } from '@anabranch/causality';
import { type CollectionSchema, examineUpdate, type InspectionCase, type ObjectSchema } from '@anabranch/crdt';
import { Replica, type ReplicaDoor, type ReplicaStore, type WriteConcern } from '@anabranch/engine';
import {
  createSyncDoors,
  defaultServerLimits,
  RegionServer,
  type ServerLimits,
  type SyncDoors,
  type UpgradeHandler,
} from '@anabranch/server';
import { openMemoryStore } from '@anabranch/storage';
import { inflateRaw, NodeClock, NodeHash, NodeRandom, PromMetrics } from '@anabranch/system';
import { acceptLinks, dialPeers, type LinkAcceptor, linkPath } from '@anabranch/transport';

const cart: ObjectSchema = {
  type: 'object',
  fields: {
    items: {
      type: 'map',
      of: { type: 'object', fields: { qty: { type: 'counter' }, name: { type: 'register' }, price: { type: 'register' } } },
    },
    coupons: { type: 'set' },
    gift: { type: 'flag' },
    status: { type: 'register' },
    lines: { type: 'list' },
    note: { type: 'text' },
  },
};

const depot: ObjectSchema = {
  type: 'object',
  fields: {
    stock: { type: 'boundedCounter', min: 0 },
    credit: { type: 'boundedCounter', min: -10, split: [parseRegionId('berlin'), parseRegionId('tokyo')] },
    reserved: { type: 'counter' },
  },
};

const testCollections: ReadonlyMap<string, CollectionSchema> = new Map([
  ['carts', { library: 'yjs', schema: cart }],
  ['carts-automerge', { library: 'automerge', schema: cart }],
  ['depots', { library: 'yjs', schema: depot }],
  ['depots-automerge', { library: 'automerge', schema: depot }],
  ['notes', { library: 'yjs', schema: 'freeform' }],
]);

export interface TestRegionOptions {
  readonly name?: string;
  readonly peers?: readonly string[];
  readonly meshKey?: Uint8Array;
  readonly store?: ReplicaStore;
  readonly writeConcerns?: ReadonlyMap<string, WriteConcern>;
  readonly limits?: Partial<ServerLimits>;
  readonly allowedOrigins?: readonly string[];
  readonly upgrades?: ReadonlyMap<string, UpgradeHandler>;
  readonly logger?: Logger;
  /** Stands between the doors and the replica. */
  readonly wrap?: (replica: Replica) => ReplicaDoor;
}

export class TestRegion {
  readonly replica: Replica;
  readonly server: RegionServer;
  readonly port: number;
  readonly #links: LinkAcceptor;
  readonly #sync: SyncDoors;
  readonly #dials = new Map<TestRegion, { stop(): Promise<void> }>();

  static async start(options: TestRegionOptions = {}): Promise<TestRegion> {
    const { logger = silentLogger, wrap = (replica) => replica } = options;
    const [clock, random, hash, metrics] = [new NodeClock(), new NodeRandom(), new NodeHash(), new PromMetrics()];
    const store = options.store ?? (await openMemoryStore());
    const replica = await Replica.open({
      ports: {
        clock,
        random,
        hash,
        logger,
        metrics,
        store,
        inflateRaw,
        examine: async (inspectionCase: InspectionCase) => examineUpdate(inspectionCase, inflateRaw),
      },
      region: parseRegionId(options.name ?? 'berlin'),
      collections: testCollections,
      meshKey: options.meshKey,
      peers: (options.peers ?? []).map(parseRegionId),
    });
    const links = acceptLinks({ replica, logger });
    const sync = createSyncDoors({ replica: wrap(replica), clock, random, logger, metrics });
    const ownUpgrades: [string, UpgradeHandler][] = [[linkPath, (...args) => links.handleUpgrade(...args)], ...sync.upgrades];
    const server = new RegionServer({
      replica: wrap(replica),
      limits: { ...defaultServerLimits, ...options.limits },
      metricsSource: metrics,
      upgrades: options.upgrades ?? new Map(ownUpgrades),
      writeConcerns: options.writeConcerns,
      origins: { allowedOrigins: options.allowedOrigins ?? [], isOnLoopback: true },
      version: '0.0.0',
      ...{ clock, hash, logger, metrics },
    });
    metrics.addGaugeSource(() => server.gauges());
    const { port } = await server.listen('127.0.0.1', 0);
    return new TestRegion({ replica, server, port, links, sync });
  }

  private constructor(parts: Pick<TestRegion, 'replica' | 'server' | 'port'> & { links: LinkAcceptor; sync: SyncDoors }) {
    this.replica = parts.replica;
    this.server = parts.server;
    this.port = parts.port;
    this.#links = parts.links;
    this.#sync = parts.sync;
  }

  /** Keeps a link with another region, until `cutFrom`. */
  linkWith(other: TestRegion): void {
    const parts = { clock: new NodeClock(), random: new NodeRandom(), logger: silentLogger };
    const peers = [{ region: other.replica.region, url: `ws://127.0.0.1:${other.port}` }];
    this.#dials.set(other, dialPeers({ ...parts, replica: this.replica, peers }));
  }

  async cutFrom(other: TestRegion): Promise<void> {
    await this.#dials.get(other)?.stop();
    this.#dials.delete(other);
  }

  url(path: string): string {
    return `http://127.0.0.1:${this.port}${path}`;
  }

  async stop(): Promise<void> {
    const dials = [...this.#dials.values()].map((dial) => dial.stop());
    await Promise.all([this.server.stop(), this.#sync.stop(), this.#links.stop(), ...dials]);
    await this.replica.stop();
  }

  /** `fetch`, with the body as text and JSON. */
  async ask(path: string, request: RequestInit = {}): Promise<TestAnswer> {
    const response = await fetch(this.url(path), request);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, json: text.startsWith('{') ? JSON.parse(text) : undefined };
  }

  patch(path: string, body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<TestAnswer> {
    return this.ask(path, {
      method: 'PATCH',
      headers: { 'content-type': 'application/vnd.anabranch.ops+json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    });
  }

  /** Sends bytes as they are; resolves with all that came back until the region closed the connection. */
  async raw(...pieces: readonly string[]): Promise<string> {
    const socket = await this.connect();
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1');
    });
    for (const piece of pieces) socket.write(piece, 'latin1');
    await once(socket, 'close');
    return answer;
  }

  async connect(): Promise<Socket> {
    const socket = connect(this.port, '127.0.0.1');
    socket.on('error', () => {});
    await once(socket, 'connect');
    return socket;
  }
}

export interface TestAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  readonly json: Record<string, unknown> | undefined;
}
