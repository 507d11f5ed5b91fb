// The local world: three real region processes, and between each pair a link through a proxy that can be cut, slowed and
// healed. Demonstrations, the status page and end-to-end tests drive the same world.
//
//   new-york :base+1 ----- 40 ms ----- berlin :base+2
//          \                           /
//           110 ms                85 ms
//                \                /
//                 tokyo :base+3
//
//  1. start() resolves when every region takes writes, and leaves nothing behind when it rejects.
//  2. After stop() no process, proxy or temporary folder of this world is left.

import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnabranchError, assert } from '@anabranch/base';
import { LinkProxy } from '@anabranch/netfault';
import { NodeClock, NodeRandom } from '@anabranch/system';
import { firstTakenPort, portCount } from '../start-options.mjs';
import { type Convergence, type ConvergenceOptions, untilConverged } from './convergence.ts';
import { DataFolder } from './data-folder.ts';
import { PortClaim } from './loopback-ports.ts';
import { poll } from './poll.ts';
import { RegionClient } from './region-client.ts';
import { regionCommand } from './region-command.ts';
import { RegionProcess } from './region-process.ts';
import { WorldLink } from './world-link.ts';
import { type LinkPlan, linkPlans, type RegionName, regionNames } from './world-plan.ts';

/** From the start of a process to readiness. */
const readyDeadlineMsDefault = 60_000;

export interface WorldOptions {
  /** Where the world is kept between runs; left out, a temporary folder that stop() deletes. */
  readonly dataDir?: string;
  /** Delete what an earlier run left in `dataDir`. */
  readonly isFresh?: boolean;
  /** Regions listen on the three ports above this one, a page may on this; 0 or left out picks free ports. */
  readonly portBase?: number;
  /** Takes every line the region processes print. */
  readonly log?: (region: RegionName, line: string) => void;
  /** Gives up the start; it then rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface WorldConvergenceOptions extends ConvergenceOptions {
  /** Those who must converge; left out, all. */
  readonly regions?: readonly RegionName[];
}

export interface WorldRegion {
  readonly name: RegionName;
  /** Base URL of its doors. */
  readonly url: string;
  readonly client: RegionClient;
  readonly process: RegionProcess;
}

interface Pair {
  readonly plan: LinkPlan;
  readonly proxy: LinkProxy;
}

/** The page's, and above it those of the regions. */
interface Ports {
  readonly first: number;
  release(): Promise<void>;
}

export class World {
  readonly #folder: DataFolder;
  readonly #ports: Ports;
  readonly #isTemporary: boolean;
  readonly #clock = new NodeClock();
  readonly #log: (region: RegionName, line: string) => void;
  readonly #signal: AbortSignal | undefined;
  readonly #pairs: Pair[] = [];
  readonly #regions = new Map<RegionName, WorldRegion>();
  #isStarted = false;

  private constructor(folder: DataFolder, ports: Ports, options: WorldOptions) {
    this.#folder = folder;
    this.#ports = ports;
    this.#isTemporary = options.dataDir === undefined;
    this.#log = options.log ?? (() => {});
    this.#signal = options.signal;
  }

  /**
   * @throws AnabranchError `port_taken` naming the port, `config_invalid` or `store_locked` for an unusable data folder,
   *   `not_ready` with the last lines of the log when a region does not come up.
   */
  static async start(options: WorldOptions = {}): Promise<World> {
    const random = new NodeRandom();
    const ports = await portsFor(options.portBase, random);
    const path = options.dataDir ?? mkdtempSync(join(tmpdir(), 'anabranch-world-'));
    const world = new World(await openFolder(path, random, options.isFresh, ports), ports, options);
    try {
      await world.#startAll(random);
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  get portBase(): number {
    return this.#ports.first;
  }

  get regions(): readonly WorldRegion[] {
    return [...this.#regions.values()];
  }

  region(name: RegionName): WorldRegion {
    const region = this.#regions.get(name);
    assert(region !== undefined, `the world has no region ${name} yet`);
    return region;
  }

  get links(): readonly WorldLink[] {
    return this.#pairs.map(({ plan, proxy }) => new WorldLink(plan, proxy));
  }

  /** The link of two regions, seen from `a`. @throws AnabranchError `link_not_found` */
  link(a: RegionName, b: RegionName): WorldLink {
    for (const { plan, proxy } of this.#pairs) {
      if (plan.a === a && plan.b === b) return new WorldLink(plan, proxy);
      if (plan.a === b && plan.b === a) return new WorldLink(plan, proxy, true);
    }
    throw new AnabranchError('link_not_found', `there is no link between ${a} and ${b}`, { a, b });
  }

  /** Cuts every link of the region, both ways. */
  isolate(name: RegionName): void {
    for (const link of this.#linksOf(name)) link.cut();
  }

  /** Every link is up again; delays stay as they are. */
  healAll(): void {
    for (const link of this.links) link.heal();
  }

  /**
   * Resolves when the named regions take writes.
   * @throws AnabranchError `not_ready` at the deadline, or when one of them has no process that could become ready.
   */
  async untilReady(names: readonly RegionName[] = regionNames, deadlineMs: number = readyDeadlineMsDefault): Promise<void> {
    await Promise.all(names.map((name) => this.#untilRegionReady(this.region(name), deadlineMs)));
  }

  /** Resolves when the regions hold the same ops and show the same documents; see {@link untilConverged}. */
  untilConverged({ regions = regionNames, ...options }: WorldConvergenceOptions): Promise<Convergence> {
    return untilConverged(
      regions.map((name) => this.region(name).client),
      options,
    );
  }

  /** Regions finish what they do (SIGTERM), then the links go, then what was temporary. */
  async stop(): Promise<void> {
    await Promise.all(this.regions.map((region) => region.process.retire()));
    await Promise.all(this.#pairs.map(({ proxy }) => proxy.close()));
    await this.#ports.release();
    if (this.#isTemporary) this.#folder.delete();
    else this.#folder.release();
  }

  async #startAll(random: NodeRandom): Promise<void> {
    for (const plan of linkPlans) {
      const target = { host: '127.0.0.1', port: this.#portOf(plan.b) };
      const conditions = { delayMs: plan.delayMs };
      this.#pairs.push({ plan, proxy: await LinkProxy.listen({ clock: this.#clock, random, listenPort: 0, target, conditions }) });
    }
    for (const name of regionNames) this.#regions.set(name, this.#createRegion(name));
    await Promise.all(this.regions.map((region) => region.process.start()));
    await this.untilReady();
    this.#isStarted = true;
  }

  #createRegion(name: RegionName): WorldRegion {
    const port = this.#portOf(name);
    const url = `http://127.0.0.1:${port}`;
    const command = regionCommand({
      name,
      port,
      dataPath: this.#folder.regionPath(name),
      configPath: this.#folder.configPath,
      meshKeyPath: this.#folder.meshKeyPath,
      peers: this.#pairs
        .filter(({ plan }) => plan.a === name || plan.b === name)
        .map(({ plan, proxy }) => (plan.a === name ? { name: plan.b, port: proxy.port } : { name: plan.a, port: undefined })),
    });
    const process = new RegionProcess({ name, command, clock: this.#clock, log: (line) => this.#log(name, line) });
    return { name, url, client: new RegionClient(name, url), process };
  }

  async #untilRegionReady(region: WorldRegion, deadlineMs: number): Promise<void> {
    const isReady = await poll(deadlineMs, async () => {
      if (!this.#isStarted) this.#signal?.throwIfAborted();
      if (await region.client.isReady()) return true;
      const { state, lastExit } = region.process.view;
      // A region that dies while the world starts would die again: its log says why.
      if (state === 'running' || (state === 'waiting' && this.#isStarted)) return undefined;
      throw this.#notReady(region, `its process is ${state}${lastExit === undefined ? '' : ` (${lastExit})`}`);
    });
    if (isReady === undefined) throw this.#notReady(region, `it takes no writes after ${deadlineMs} ms`);
  }

  #notReady(region: WorldRegion, why: string): AnabranchError {
    const lines = region.process.recentLines.map((line) => `\n    ${line}`).join('');
    return new AnabranchError('not_ready', `${region.name} is not ready: ${why}${lines}`, { region: region.name });
  }

  #linksOf(name: RegionName): readonly WorldLink[] {
    return this.links.filter((link) => link.a === name || link.b === name);
  }

  #portOf(name: RegionName): number {
    return this.portBase + 1 + regionNames.indexOf(name);
  }
}

/** Those from the given one on, or any that are free. @throws AnabranchError `port_taken` */
async function portsFor(portBase: number | undefined, random: NodeRandom): Promise<Ports> {
  if (!portBase) return PortClaim.take(portCount, random);
  const taken = await firstTakenPort(portBase, portCount);
  if (taken === undefined) return { first: portBase, release: async () => {} };
  throw new AnabranchError('port_taken', `port ${taken} is in use: stop what uses it, or choose other ports with --port-base`, {
    port: taken,
  });
}

async function openFolder(path: string, random: NodeRandom, isFresh: boolean | undefined, ports: Ports): Promise<DataFolder> {
  try {
    return DataFolder.open(path, random, isFresh);
  } catch (error) {
    await ports.release();
    throw error;
  }
}
