// Real regions in this process, on real sockets of the loopback interface, each with a store in memory: for what is asked of
// clients and their sessions. Links are cut and healed, a region is stopped and started again on its store.

import { createServer } from 'node:net';
import { silentLogger } from '@anabranch/base';
import { parseRegionId } from '@anabranch/causality';
import { type CollectionSchema, examineUpdate, type InspectionCase } from '@anabranch/crdt';
import { Replica } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import {
  createSyncDoors,
  defaultServerLimits,
  RegionServer,
  type SyncDoors,
  type SyncDoorsOptions,
  type UpgradeHandler,
} from '@anabranch/server';
import { KvReplicaStore, MemoryKv } from '@anabranch/storage';
import { inflateRaw, NodeClock, NodeHash, NodeRandom, PromMetrics } from '@anabranch/system';
import { acceptLinks, dialPeers, type LinkAcceptor, linkPath } from '@anabranch/transport';

const regionNames = ['new-york', 'berlin', 'tokyo', 'lima'] as const;

interface Running {
  readonly replica: Replica;
  readonly server: RegionServer;
  readonly sync: SyncDoors;
  readonly links: LinkAcceptor;
}

export interface MeshOptions {
  readonly regions: number;
  readonly collections: Readonly<Record<string, CollectionSchema>>;
  readonly limits?: SyncDoorsOptions['limits'];
}

export class RegionMesh {
  readonly regions: readonly MeshRegion[];
  readonly #dials = new Map<string, { stop(): Promise<void> }>();

  static async start(options: MeshOptions): Promise<RegionMesh> {
    const names = regionNames.slice(0, options.regions);
    const regions = await Promise.all(names.map(async (name) => new MeshRegion(name, names, options, await freePort())));
    const mesh = new RegionMesh(regions);
    await Promise.all(regions.map((region) => region.start()));
    mesh.heal();
    await Promise.all(regions.map((region) => region.replica.whenWritable()));
    return mesh;
  }

  private constructor(regions: readonly MeshRegion[]) {
    this.regions = regions;
  }

  region(name: string): MeshRegion {
    const found = this.regions.find((region) => region.name === name);
    if (found === undefined) throw new Error(`the mesh has no region ${name}`);
    return found;
  }

  /** Keeps links between all regions that run. */
  heal(): void {
    const running = this.regions.filter(({ isRunning }) => isRunning);
    running.forEach((from, at) => {
      for (const to of running.slice(at + 1)) this.#dial(from, to);
    });
  }

  async stopRegion(name: string): Promise<void> {
    await this.cut(name);
    await this.region(name).stop();
  }

  /** Starts it on what was durable, and links it with those that run. */
  async startRegion(name: string): Promise<void> {
    await this.region(name).start();
    this.heal();
    await this.region(name).replica.whenWritable();
  }

  /** Takes a region down and up again. */
  async restartRegion(name: string): Promise<void> {
    await this.stopRegion(name);
    await this.startRegion(name);
  }

  /** Ends the links of one region, or all, until they are healed. */
  async cut(name?: string): Promise<void> {
    const cut = [...this.#dials].filter(([pair]) => name === undefined || pair.split(' ').includes(name));
    for (const [pair] of cut) this.#dials.delete(pair);
    await Promise.all(cut.map(([, dial]) => dial.stop()));
  }

  async stop(): Promise<void> {
    await this.cut();
    await Promise.all(this.regions.map((region) => region.stop()));
  }

  #dial(from: MeshRegion, to: MeshRegion): void {
    const pair = `${from.name} ${to.name}`;
    if (this.#dials.has(pair)) return;
    // The replica of the moment: one that was started again dials anew.
    const replica = from.host;
    const peers = [{ region: parseRegionId(to.name), url: to.url.replace('http', 'ws') }];
    this.#dials.set(pair, dialPeers({ replica, peers, clock: new NodeClock(), random: new NodeRandom(), logger: silentLogger }));
  }
}

class MeshRegion {
  readonly name: string;
  readonly #names: readonly string[];
  readonly #options: MeshOptions;
  readonly #port: number;
  #kv = new MemoryKv();
  #running: Running | undefined;

  constructor(name: string, names: readonly string[], options: MeshOptions, port: number) {
    this.name = name;
    this.#names = names;
    this.#options = options;
    this.#port = port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  get replica(): Replica {
    if (this.#running === undefined) throw new Error(`${this.name} does not run`);
    return this.#running.replica;
  }

  /** Attaches links to whichever process of the region runs. */
  get host(): Pick<Replica, 'attachLink' | 'region'> {
    return {
      region: parseRegionId(this.name),
      attachLink: (connection, role) => this.replica.attachLink(connection, role),
    };
  }

  async start(): Promise<void> {
    const [clock, random, hash, metrics, logger] = [new NodeClock(), new NodeRandom(), new NodeHash(), new PromMetrics(), silentLogger];
    this.#kv = new MemoryKv(this.#kv.image());
    const store = await KvReplicaStore.open(this.#kv, logger);
    const examine = async (inspectionCase: InspectionCase) => examineUpdate(inspectionCase, inflateRaw);
    const replica = await Replica.open({
      ports: { clock, random, hash, logger, metrics, store, inflateRaw, examine },
      region: parseRegionId(this.name),
      collections: new Map(Object.entries(this.#options.collections)),
      meshKey: new Uint8Array(32).fill(7),
      peers: this.#names.filter((name) => name !== this.name).map(parseRegionId),
    });
    const links = acceptLinks({ replica, logger });
    const sync = createSyncDoors({
      replica,
      clock,
      random,
      logger,
      metrics,
      ...(this.#options.limits && { limits: this.#options.limits }),
    });
    const upgrades = new Map<string, UpgradeHandler>([[linkPath, (...args) => links.handleUpgrade(...args)], ...sync.upgrades]);
    const server = new RegionServer({
      ...{ replica, limits: defaultServerLimits, metricsSource: metrics, upgrades, clock, hash, logger, metrics },
      ...{ writeConcerns: undefined, origins: { allowedOrigins: [], isOnLoopback: true }, version: '0.0.0' },
    });
    await server.listen('127.0.0.1', this.#port);
    this.#running = { replica, server, sync, links };
  }

  async stop(): Promise<void> {
    const running = this.#running;
    this.#running = undefined;
    if (running === undefined) return;
    await Promise.all([running.server.stop(), running.sync.stop(), running.links.stop()]);
    await running.replica.stop();
  }

  async read(document: string): Promise<unknown> {
    return (await this.replica.read(parseDocumentId(document))).json;
  }

  async digest(document: string): Promise<string> {
    return (await this.replica.digest(parseDocumentId(document))).digest;
  }
}

/** A port that is free now, and the region's from then on: clients and peers know it by it. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise<void>((resolve) => server.close(() => resolve()));
  if (typeof address !== 'object' || address === null) throw new Error('a server has a port');
  return address.port;
}
