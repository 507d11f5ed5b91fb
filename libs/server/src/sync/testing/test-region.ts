// A region for the tests of the sync doors: a real replica on a store in memory, and a real HTTP server with the doors.

import { createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { inflateRawSync } from 'node:zlib';
import { type Clock, type Hash, type Logger, type Random, silentLogger, silentMetrics } from '@anabranch/base';
import { parseRegionId } from '@anabranch/causality';
import { type CollectionSchema, type DocumentOp, examineUpdate, type InspectionCase } from '@anabranch/crdt';
import { type EditResult, type LinkConnection, type LinkConnectionListener, Replica } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import { createSyncDoors, type SyncDoors } from '../sync-doors.ts';
import type { SyncLimits } from '../sync-limits.ts';
import { MemoryReplicaStore } from './memory-replica-store.ts';

export const realClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (afterMs, callback) => {
    const handle = setTimeout(callback, afterMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

export const nodeHash: Hash = {
  sha256: (bytes) => createHash('sha256').update(bytes).digest(),
  hmacSha256: (key, bytes) => createHmac('sha256', key).update(bytes).digest(),
};

const nodeRandom: Random = { u32: () => randomBytes(4).readUInt32LE(), bytes: (length) => Uint8Array.from(randomBytes(length)) };

function inflateRaw(bytes: Uint8Array, bytesMax: number): Uint8Array | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: bytesMax });
  } catch {
    return undefined;
  }
}

const cart: CollectionSchema['schema'] = {
  type: 'object',
  fields: {
    items: { type: 'map', of: { type: 'object', fields: { qty: { type: 'counter' } } } },
    note: { type: 'text' },
  },
};

const testCollections: ReadonlyMap<string, CollectionSchema> = new Map([
  ['carts', { library: 'yjs', schema: cart }],
  ['carts-automerge', { library: 'automerge', schema: cart }],
  ['notes', { library: 'yjs', schema: 'freeform' }],
  ['boards', { library: 'automerge', schema: 'freeform' }],
]);

export interface TestRegionOptions {
  readonly region?: string;
  readonly limits?: Partial<SyncLimits>;
  /** Silent when left out. */
  readonly logger?: Logger;
}

export class TestRegion {
  readonly store = new MemoryReplicaStore();
  readonly sockets = new Set<Socket>();
  readonly #server: Server;
  #replica: Replica | undefined;
  #doors: SyncDoors | undefined;

  static async start(options: TestRegionOptions = {}): Promise<TestRegion> {
    const region = new TestRegion();
    await region.#start(options);
    return region;
  }

  private constructor() {
    this.#server = createServer();
    this.#server.on('connection', (socket) => {
      this.sockets.add(socket);
      socket.on('close', () => this.sockets.delete(socket));
    });
    this.#server.on('upgrade', (request, socket, head) => {
      for (const [prefix, handler] of this.doors.upgrades) {
        if (request.url?.startsWith(prefix)) {
          handler(request, socket, head);
          return;
        }
      }
      socket.destroy();
    });
  }

  get replica(): Replica {
    if (this.#replica === undefined) throw new Error('not started');
    return this.#replica;
  }

  get doors(): SyncDoors {
    if (this.#doors === undefined) throw new Error('not started');
    return this.#doors;
  }

  /** `ws://127.0.0.1:port` */
  get url(): string {
    return `ws://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** The number of ops this region has logged. */
  get opCount(): number {
    return this.store.opCount;
  }

  edit(document: string, ...ops: DocumentOp[]): Promise<EditResult> {
    return this.replica.edit({ document: parseDocumentId(document), plan: () => ops });
  }

  async json(document: string): Promise<unknown> {
    return (await this.replica.read(parseDocumentId(document))).json;
  }

  async digest(document: string): Promise<string> {
    return (await this.replica.digest(parseDocumentId(document))).digest;
  }

  async stop(): Promise<void> {
    await this.doors.stop();
    for (const socket of this.sockets) socket.destroy();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
    await this.replica.stop();
  }

  async #start({ region = 'berlin', limits, logger = silentLogger }: TestRegionOptions): Promise<void> {
    const ports = {
      clock: realClock,
      random: nodeRandom,
      hash: nodeHash,
      inflateRaw,
      examine: async (inspectionCase: InspectionCase) => examineUpdate(inspectionCase, inflateRaw),
      store: this.store,
    };
    this.#replica = await Replica.open({
      ports: { ...ports, logger, metrics: silentMetrics },
      region: parseRegionId(region),
      collections: testCollections,
      meshKey: new Uint8Array(32).fill(7),
      peers: [],
    });
    await this.#replica.whenWritable();
    const parts = { replica: this.#replica, clock: realClock, random: nodeRandom, logger, metrics: silentMetrics };
    this.#doors = createSyncDoors({ ...parts, ...(limits && { limits }) });
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve));
  }
}

/** Joins two regions by a link in memory. */
export function linkRegions(a: TestRegion, b: TestRegion): void {
  const [left, right] = connectInMemory();
  a.replica.attachLink(left, 'dialer');
  b.replica.attachLink(right, 'acceptor');
}

function connectInMemory(): readonly [LinkConnection, LinkConnection] {
  const listeners: Array<LinkConnectionListener | undefined> = [undefined, undefined];
  const early: Uint8Array[][] = [[], []];
  let isOpen = true;
  const endOf = (own: 0 | 1): LinkConnection => {
    const other = own === 0 ? 1 : 0;
    return {
      remoteAddress: 'memory',
      bufferedBytes: 0,
      listen: (listener) => {
        listeners[own] = listener;
        for (const frame of early[own]?.splice(0) ?? []) setImmediate(() => listener.receiveFrame(frame));
      },
      send: (frame) => {
        const copy = frame.slice();
        const receiver = listeners[other];
        if (receiver === undefined) early[other]?.push(copy);
        else if (isOpen) setImmediate(() => receiver.receiveFrame(copy));
      },
      close: (code, reason) => {
        if (!isOpen) return;
        isOpen = false;
        for (const listener of listeners) setImmediate(() => listener?.closed(code, reason));
      },
    };
  };
  return [endOf(0), endOf(1)];
}
