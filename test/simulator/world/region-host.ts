// The machine of one region: a disk and clocks that outlive processes, and at most one process with the real replica on
// the real store.
//
//   down --start--> starting --replica open--> up --crash, kill, stop, failed commit--> down
//
// Invariant 1: a process is told nothing after its end (SimulatedProcess); what it gave to disk and network goes on.
// Invariant 2: a process whose commit failed ends, as the region program ends, and is started again by its supervisor.

import { AnabranchError, isAnabranchError } from '@anabranch/base';
import { parseRegionId, type RegionId } from '@anabranch/causality';
import { type CollectionSchema, examineUpdate } from '@anabranch/crdt';
import { Replica } from '@anabranch/engine';
import { createSyncDoors, type SyncDoors } from '@anabranch/server';
import { KvReplicaStore } from '@anabranch/storage';
import { inflateRaw, NodeHash } from '@anabranch/system';
import { dialPeers } from '@anabranch/transport';
import { SectorKv, type SectorKvEvent } from '../disk/sector-kv.ts';
import { type DiskImage, SimulatedDisk } from '../disk/simulated-disk.ts';
import type { RegionEvent, Vector } from '../history.ts';
import type { SimulatedWire } from '../network/simulated-wire.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import { RegionClock } from './region-clock.ts';
import { observe, type RegionEvents } from './region-observer.ts';
import { SimulatedProcess } from './simulated-process.ts';
import { vectorOf } from './stored-vector.ts';

export interface RegionHostParts extends RegionEvents {
  readonly clock: VirtualClock;
  readonly wire: SimulatedWire;
  readonly random: SeededRandom;
  readonly region: string;
  /** Where its machine stands on the wire: at the region's own place, unless it is a copy that runs beside the region. */
  readonly place?: string;
  readonly peers: readonly string[];
  readonly collections: ReadonlyMap<string, CollectionSchema>;
  /** The peers this region dials; the others dial it. */
  readonly dials: readonly string[];
  readonly documentsLoadedMax: number;
  readonly compactBytesMin: number;
  /** How many sync sessions its doors take. */
  readonly sessionsMax: number;
  readonly record: (event: Omit<RegionEvent, 'timeMs' | 'region'>) => void;
}

/** What runs while a region is up. */
export interface RunningReplica {
  readonly process: SimulatedProcess;
  readonly replica: Replica;
  readonly store: KvReplicaStore;
  readonly kv: SectorKv;
  /** The real sync doors, over simulated sockets. */
  readonly sync: SyncDoors;
}

/** How long a supervisor waits before it starts a region again that ended by itself. */
const superviseMs = 1_500;
const meshKey = new Uint8Array(32).fill(7);

export class RegionHost {
  readonly region: string;
  readonly place: string;
  readonly disk: SimulatedDisk;
  readonly clock: RegionClock;
  readonly id: RegionId;
  running: RunningReplica | undefined;
  /** Faults that keep it down: nobody starts it while there are any. */
  downs = 0;
  readonly #parts: RegionHostParts;
  readonly #random: SeededRandom;
  #process: SimulatedProcess | undefined;
  #incarnations = 0;
  /** Told when the process ends. */
  readonly #onEnded = new Set<() => void>();

  constructor(parts: RegionHostParts) {
    this.#parts = parts;
    this.region = parts.region;
    this.place = parts.place ?? parts.region;
    this.id = parseRegionId(parts.region);
    this.#random = parts.random;
    this.disk = new SimulatedDisk(parts.clock, parts.random.fork('disk'));
    this.clock = new RegionClock(parts.clock);
  }

  get process(): SimulatedProcess | undefined {
    return this.#process;
  }

  /** Whether it dials anybody. */
  get hasPeers(): boolean {
    return this.#parts.dials.length > 0;
  }

  get isUp(): boolean {
    return this.running !== undefined;
  }

  /** Calls `act` when the process that runs now ends; the answer takes it back. */
  onEnded(act: () => void): () => void {
    this.#onEnded.add(act);
    return () => this.#onEnded.delete(act);
  }

  start(): void {
    if (this.#process !== undefined || this.downs > 0) return;
    this.#incarnations += 1;
    const process = new SimulatedProcess(this.#incarnations, (error) => this.#thrown(error));
    this.#process = process;
    this.#parts.record({ kind: 'start' });
    this.#parts.trace.note(`${this.place} process ${process.incarnation} starts`);
    process.enter(() => {
      this.#open(process).catch((error: unknown) => this.#startFailed(process, error));
    });
  }

  /** The power fails: of what was not synced anything may be left. */
  crash(): void {
    const { trace, sometimes, record } = this.#parts;
    if (this.running?.kv.isCompacting) sometimes.hit('crash_in_compaction');
    if (this.disk.syncing > 0) sometimes.hit('crash_in_sync');
    this.#end(true);
    const { kept, lost, damaged } = this.disk.crash();
    if (lost > 0) sometimes.hit('crash_lost_sectors');
    if (damaged > 0) sometimes.hit('crash_damaged_sector');
    trace.note(`${this.place} loses power: ${kept} sectors kept, ${lost} lost, ${damaged} damaged`);
    record({ kind: 'crash' });
  }

  /** The process is killed: what it wrote is in the cache of its machine, and goes on to the disk. */
  kill(): void {
    if (this.#process === undefined) return;
    this.#end(false);
    this.#parts.trace.note(`${this.region} is killed`);
    this.#parts.record({ kind: 'crash' });
  }

  /** The process is asked to stop, and ends when it has; `done` is called however it ends. */
  stop(done: () => void): void {
    const { running } = this;
    if (running === undefined) {
      this.kill();
      done();
      return;
    }
    this.#parts.trace.note(`${this.region} is stopped`);
    this.#onEnded.add(done);
    running.process.enter(() => {
      void Promise.all([running.sync.stop(), running.replica.stop()]).then(() => {
        if (!running.process.isAlive) return;
        this.#parts.record({ kind: 'stop' });
        this.#end(false);
      });
    });
  }

  /** Puts an older disk in, or an empty one. The region must be down. */
  async replaceDisk(kind: 'rollback' | 'wipe', image: DiskImage): Promise<void> {
    const held = await vectorOf(this.disk.image());
    this.disk.restore(image);
    const left = await vectorOf(image);
    this.#parts.trace.note(`${this.region} ${kind}: held ${JSON.stringify(held)}, left ${JSON.stringify(left)}`);
    this.#parts.record({ kind, held, left });
  }

  /** What the disk would hold after a loss of power. */
  durableVector(): Promise<Vector> {
    return vectorOf(this.disk.image());
  }

  async #open(process: SimulatedProcess): Promise<void> {
    const { collections, peers, wire, compactBytesMin, sometimes } = this.#parts;
    const { enter } = process;
    const note = (event: SectorKvEvent): void => {
      this.#parts.trace.note(`${this.place} disk ${event}`);
      if (event !== 'compaction_begun') sometimes.hit(event);
    };
    const kv = await SectorKv.open({ disk: this.disk, enter, compactBytesMin, note });
    const { logger, metrics } = observe(this.place, this.#parts);
    const store = await KvReplicaStore.open(kv, logger);
    const clock = this.clock.of(process);
    const random = this.#random.fork(`process ${process.incarnation}`);
    const examine: Parameters<typeof Replica.open>[0]['ports']['examine'] = async (given) => examineUpdate(given, inflateRaw);
    const replica = await Replica.open({
      ports: { clock, random, hash: new NodeHash(), logger, metrics, store, inflateRaw, examine },
      region: this.id,
      collections,
      meshKey,
      peers: peers.map(parseRegionId),
      documentsLoadedMax: this.#parts.documentsLoadedMax,
    });
    const limits = { sessionsMax: this.#parts.sessionsMax };
    this.running = { process, replica, store, kv, sync: createSyncDoors({ replica, clock, random, logger, metrics, limits }) };
    void replica.whenFailed.then((cause) => this.#commitFailed(process, cause));
    void replica.whenWritable().then(() => this.#parts.record({ kind: 'writable' }));
    wire.listen(this.place, { enter, accept: (connection) => void replica.attachLink(connection, 'acceptor') });
    dialPeers({
      ...{ replica, clock, random, logger },
      peers: this.#parts.dials.map((peer) => ({ region: parseRegionId(peer), url: peer })),
      dial: (url, signal) => wire.dial({ from: this.place, to: url, enter, signal }),
    });
  }

  #startFailed(process: SimulatedProcess, error: unknown): void {
    if (!process.isAlive) return;
    const code = isAnabranchError(error) ? error.code : 'internal_error';
    const isExpected = code === 'store_failed' || code === 'store_full' || code === 'record_damaged';
    if (!isExpected || this.disk.faultsInjected === 0) this.#parts.onDefect(`${this.region} does not start: ${stackOf(error)}`);
    this.#parts.trace.note(`${this.region} does not start: ${code}`);
    this.#parts.sometimes.hit('start_failed');
    this.#end(false);
    this.#supervise();
  }

  #commitFailed(process: SimulatedProcess, cause: Error): void {
    if (!process.isAlive) return;
    const code = cause instanceof AnabranchError ? cause.code : 'internal_error';
    const isExpected = (code === 'store_failed' || code === 'store_full') && this.disk.faultsInjected > 0;
    if (!isExpected) this.#parts.onDefect(`${this.region} failed without a fault of its disk: ${stackOf(cause)}`);
    this.#parts.trace.note(`${this.region} ends after a failed commit: ${code}`);
    this.#parts.sometimes.hit(code === 'store_full' ? 'store_full_stop' : 'store_failed_stop');
    this.#parts.record({ kind: 'commit_failed' });
    // The writes that wait are refused first, which takes a turn.
    this.#parts.clock.setTimer(1, () => {
      if (!process.isAlive) return;
      this.#end(false);
      this.#supervise();
    });
  }

  #supervise(): void {
    this.#parts.clock.setTimer(superviseMs, () => this.start());
  }

  #thrown(error: unknown): void {
    this.#parts.onDefect(`${this.region} threw: ${stackOf(error)}`);
    this.#end(false);
  }

  #end(isMachineGone: boolean): void {
    this.#process?.end();
    this.#process = undefined;
    this.running = undefined;
    this.#parts.wire.silence(this.place, isMachineGone);
    const told = [...this.#onEnded];
    this.#onEnded.clear();
    for (const act of told) act();
  }
}

function stackOf(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
