// A mesh of real replicas on memory stores, in virtual time, over simulated paths: what the replication tests drive.

import { AnabranchError, type Clock, type Metrics, silentLogger, silentMetrics } from '@anabranch/base';
import { parseRegionId, type RegionId, VersionVector } from '@anabranch/causality';
import { type CollectionSchema, type DocumentOp, examineUpdate, type InspectionCase } from '@anabranch/crdt';
import { type EditResult, Replica } from '@anabranch/engine';
import { type DocumentId, parseDocumentId } from '@anabranch/protocol';
import { KvReplicaStore, MemoryKv, type MemoryKvImage } from '@anabranch/storage';
import { inflateRaw, NodeHash } from '@anabranch/system';
import { SeededRandom } from './seeded-random.ts';
import { type Attachable, SimulatedPath } from './simulated-network.ts';
import { VirtualClock } from './virtual-clock.ts';

export const meshCollections: ReadonlyMap<string, CollectionSchema> = new Map([
  ['carts', { library: 'yjs', schema: cartSchema() }],
  ['carts-automerge', { library: 'automerge', schema: cartSchema() }],
  ['notes', { library: 'yjs', schema: 'freeform' }],
  ['depots', { library: 'yjs', schema: depotSchema() }],
  ['depots-automerge', { library: 'automerge', schema: depotSchema() }],
]);

export interface SimulatedMeshOptions {
  readonly seed: number;
  readonly regions: readonly string[];
  readonly delayMs?: number;
  readonly metrics?: Metrics;
  readonly documentsLoadedMax?: number;
  /** Regions that are given no peers: others dial them. */
  readonly hubs?: readonly string[];
  /** False for regions that belong to no mesh. */
  readonly hasMeshKey?: boolean;
}

export class SimulatedMesh {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly regions: readonly RegionId[];
  readonly #replicas = new Map<RegionId, Replica>();
  readonly #stores = new Map<RegionId, MemoryKv>();
  /** What is on each region's disk while it is down. */
  readonly #images = new Map<RegionId, MemoryKvImage>();
  readonly #paths = new Map<string, SimulatedPath>();
  readonly #metrics: Metrics;
  readonly #documentsLoadedMax: number;
  readonly #hubs: ReadonlySet<string>;
  readonly #meshKey: Uint8Array | undefined;
  /** How far each region's wall clock is off. */
  readonly #skewsMs = new Map<RegionId, number>();

  constructor(options: SimulatedMeshOptions) {
    this.random = new SeededRandom(options.seed);
    this.clock = new VirtualClock(this.random.fork('clock'));
    this.#documentsLoadedMax = options.documentsLoadedMax ?? 1_000;
    this.#hubs = new Set(options.hubs);
    this.#meshKey = options.hasMeshKey === false ? undefined : new Uint8Array(32).fill(7);
    this.#metrics = options.metrics ?? silentMetrics;
    this.regions = options.regions.map(parseRegionId);
    for (const [index, a] of this.regions.entries()) {
      for (const b of this.regions.slice(index + 1)) {
        const path = new SimulatedPath(this.clock, options.delayMs ?? 50);
        this.#paths.set(pathKey(a, b), path);
        path.keepLinked(
          () => this.#attachable(a),
          () => this.#attachable(b),
          100,
        );
      }
    }
  }

  async start(region: string): Promise<Replica> {
    const id = parseRegionId(region);
    const kv = new MemoryKv(this.#images.get(id));
    this.#stores.set(id, kv);
    const store = await KvReplicaStore.open(kv, silentLogger);
    const clock = this.#clockOf(id);
    const ports = {
      clock,
      random: this.random.fork(region + clock.monotonicMs()),
      hash: new NodeHash(),
      inflateRaw,
      examine: async (inspectionCase: InspectionCase) => examineUpdate(inspectionCase, inflateRaw),
    };
    const replica = await Replica.open({
      ports: { ...ports, logger: silentLogger, metrics: this.#metrics, store },
      region: id,
      collections: meshCollections,
      documentsLoadedMax: this.#documentsLoadedMax,
      meshKey: this.#meshKey,
      peers: this.#hubs.has(id) ? [] : this.regions.filter((other) => other !== id),
    });
    this.#replicas.set(id, replica);
    return replica;
  }

  async startAll(): Promise<void> {
    for (const region of this.regions) await this.start(region);
  }

  replica(region: string): Replica {
    const replica = this.#replicas.get(parseRegionId(region));
    if (replica === undefined) throw new Error(`${region} is not running`);
    return replica;
  }

  running(): Replica[] {
    return [...this.#replicas.values()];
  }

  /** The path between two regions; its direction a-to-b is from the one listed first in the options. */
  path(a: string, b: string): SimulatedPath {
    const path = this.#paths.get(pathKey(a, b)) ?? this.#paths.get(pathKey(b, a));
    if (path === undefined) throw new Error(`no path between ${a} and ${b}`);
    return path;
  }

  /** Ends a replica the way a crash does: nothing is said, connections break, the store keeps what was durable. */
  crash(region: string): void {
    const id = parseRegionId(region);
    this.#images.set(id, this.image(region));
    const replica = this.replica(region);
    this.#replicas.delete(id);
    for (const other of this.regions) if (other !== id) this.path(id, other).sever();
    // Only releases the dead replica's timers: its links are gone, and its store is no longer the region's.
    void replica.stop();
  }

  /** Steps a region's wall clock; its monotonic clock goes on as before. */
  skewWallClock(region: string, ms: number): void {
    this.#skewsMs.set(parseRegionId(region), ms);
  }

  /** From now on every commit of the region's disk fails. */
  failCommits(region: string): void {
    const kv = this.#stores.get(parseRegionId(region));
    if (kv !== undefined) kv.commit = () => Promise.reject(new AnabranchError('store_failed', 'the disk takes nothing any more'));
  }

  /** What a crash at this moment would leave on a region's disk. */
  image(region: string): MemoryKvImage {
    const kv = this.#stores.get(parseRegionId(region));
    if (kv === undefined) throw new Error(`${region} has no store`);
    return kv.image();
  }

  /** Changes records on the disk of a region that runs. */
  async tamper(region: string, change: (key: string, value: Uint8Array) => Uint8Array): Promise<void> {
    const kv = this.#stores.get(parseRegionId(region));
    const mutations = this.image(region).map(([key, value]) => ({ key: Buffer.from(key, 'latin1'), value: change(key, value) }));
    await kv?.commit(mutations);
  }

  /** How many ops a region's disk holds of a document beyond its snapshot. */
  async storedTail(region: string, document: string): Promise<number> {
    const store = await KvReplicaStore.open(new MemoryKv(this.image(region)), silentLogger);
    return store.readDocument(parseDocumentId(document)).ops.length;
  }

  /** What a replica that starts on this disk would hold. */
  async versionOf(image: MemoryKvImage): Promise<VersionVector> {
    const store = await KvReplicaStore.open(new MemoryKv(image), silentLogger);
    return VersionVector.of(store.opening().heads.map((head) => [head.origin, head.seq]));
  }

  /** Puts another disk into a region that is down. */
  restore(region: string, image: MemoryKvImage): void {
    this.#images.set(parseRegionId(region), image);
  }

  edit(region: string, document: string, ops: readonly DocumentOp[]): Promise<EditResult> {
    return this.replica(region).edit({ document: parseDocumentId(document), plan: () => ops });
  }

  async json(region: string, document: string): Promise<unknown> {
    return (await this.replica(region).read(parseDocumentId(document))).json;
  }

  hasConverged(): boolean {
    const [first, ...others] = this.running().map((replica) => replica.status().version);
    return first !== undefined && others.every((version) => version.equals(first));
  }

  async untilConverged(ms = 10_000): Promise<void> {
    await this.clock.until(() => this.hasConverged(), ms, `converged: ${this.#vectors()}`);
  }

  async digests(document: string): Promise<string[]> {
    const id: DocumentId = parseDocumentId(document);
    return Promise.all(this.running().map(async (replica) => (await replica.digest(id)).digest));
  }

  #vectors(): string {
    return this.running()
      .map((replica) => `${replica.region} ${JSON.stringify(replica.status().version)}`)
      .join('; ');
  }

  #clockOf(region: RegionId): Clock {
    const { clock } = this;
    return {
      wallMs: () => clock.wallMs() + (this.#skewsMs.get(region) ?? 0),
      monotonicMs: () => clock.monotonicMs(),
      setTimer: (afterMs, callback) => clock.setTimer(afterMs, callback),
    };
  }

  #attachable(region: RegionId): Attachable | undefined {
    return this.#replicas.get(region);
  }
}

function pathKey(a: string, b: string): string {
  return `${a} ${b}`;
}

function cartSchema(): CollectionSchema['schema'] {
  const item = { type: 'object', fields: { qty: { type: 'counter' }, name: { type: 'register' } } } as const;
  return {
    type: 'object',
    fields: {
      items: { type: 'map', of: item },
      coupons: { type: 'set' },
      gift: { type: 'flag' },
      status: { type: 'register' },
      lines: { type: 'list' },
      note: { type: 'text' },
    },
  };
}

function depotSchema(): CollectionSchema['schema'] {
  return {
    type: 'object',
    fields: {
      stock: { type: 'boundedCounter', min: 0 },
      items: { type: 'map', of: { type: 'object', fields: { left: { type: 'boundedCounter', min: 0 }, name: { type: 'register' } } } },
      level: { type: 'boundedCounter', min: -30, max: 30, split: ['berlin', 'tokyo', 'new-york'] },
      status: { type: 'register' },
    },
  };
}
