// Three regions in three places of a network of their own, each dialling both others, on stores in a folder of this mesh; and
// what every test ends with: all regions hold the same ops, show the same digests, and show exactly what was acknowledged.

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isAnabranchError } from '@anabranch/base';
import { cartCollections, type RegionClient, type RegionName, regionNames, untilConverged, worldCollections } from '@anabranch/demo';
import { expect } from 'vitest';
import { FaultNetwork } from './fault-network.ts';
import type { Ledger, Purchase } from './ledger.ts';
import { RegionUnderFault } from './region-under-fault.ts';
import type { Shoppers } from './shoppers.ts';
import { within } from './until.ts';

const port = 7100;
const convergeMsMax = 60_000;
const readsInFlight = 16;

export class MeshUnderFault {
  readonly network: FaultNetwork;
  readonly folder: string;
  /** Ends the shoppers of a test that ran out of time: the next test has a mesh with the same addresses. */
  readonly #closing = new AbortController();
  readonly #regions: ReadonlyMap<RegionName, RegionUnderFault>;

  private constructor(network: FaultNetwork, folder: string) {
    this.network = network;
    this.folder = folder;
    const { configPath } = this;
    const meshKeyPath = join(folder, 'mesh.key');
    writeFileSync(configPath, JSON.stringify({ collections: worldCollections }));
    writeFileSync(meshKeyPath, '5a'.repeat(32), { mode: 0o600 });
    const urlOf = (name: RegionName): string => `ws://${network.place(name).address}:${port}/v1/link`;
    this.#regions = new Map(
      regionNames.map((name) => {
        const { address, enter } = network.place(name);
        const peers = regionNames.filter((other) => other !== name).map((other) => `${other}=${urlOf(other)}`);
        const dataPath = join(folder, name);
        return [name, new RegionUnderFault({ name, address, port, enter, peers, configPath, meshKeyPath, dataPath })];
      }),
    );
  }

  /** Resolves when all regions take writes. `beforeStart` may prepare their folders. */
  static async start(beforeStart: (mesh: MeshUnderFault) => void = () => {}): Promise<MeshUnderFault> {
    const network = await FaultNetwork.create(regionNames);
    const mesh = new MeshUnderFault(network, mkdtempSync(join(tmpdir(), 'anabranch-faults-')));
    try {
      beforeStart(mesh);
      await mesh.startAll();
    } catch (error) {
      await mesh.close();
      throw error;
    }
    return mesh;
  }

  get configPath(): string {
    return join(this.folder, 'region.config.json');
  }

  get regions(): readonly RegionUnderFault[] {
    return [...this.#regions.values()];
  }

  get clients(): readonly RegionClient[] {
    return this.regions.map(({ client }) => client);
  }

  region(name: RegionName): RegionUnderFault {
    const region = this.#regions.get(name);
    if (region === undefined) throw new Error(`the mesh has no region ${name}`);
    return region;
  }

  /** Starts every region that is down, and waits until all take writes. */
  async startAll(): Promise<void> {
    for (const region of this.regions) if (!region.isRunning) region.start();
    await Promise.all(this.regions.map((region) => region.untilReady()));
  }

  /** Runs `during` while `perRegion` shoppers buy in each of these regions; returns when their last purchase is acknowledged. */
  async whileBuying(shoppers: Shoppers, options: LoadOptions, during: () => Promise<void>): Promise<void> {
    const { perRegion = 2, regions = regionNames } = options;
    let isDone = false;
    const giveUp = new AbortController();
    const ended = AbortSignal.any([giveUp.signal, this.#closing.signal]);
    const clients = regions.flatMap((name) => Array.from({ length: perRegion }, () => this.region(name).client));
    const buying = Promise.all(clients.map((client) => shoppers.keepBuying(client, () => isDone, ended)));
    try {
      await Promise.race([during(), buying]);
    } catch (error) {
      // A region that is down acknowledges nothing any more.
      giveUp.abort();
      await buying.catch(() => {});
      throw error;
    }
    isDone = true;
    await buying;
  }

  /** Heals the network, says how long it took until all had the same ops, and compares. */
  async healAndExpectAllShow(ledger: Ledger): Promise<void> {
    this.network.heal();
    const startMs = performance.now();
    await this.untilReplicated();
    console.info(`replicated ${Math.round(performance.now() - startMs)} ms after the heal`);
    await this.expectAllShow(ledger);
  }

  /** The end of every test. */
  async expectAllShow(ledger: Ledger): Promise<void> {
    const { digests } = await untilConverged(this.clients, { deadlineMs: convergeMsMax, collections: cartCollections });
    expect([...digests.keys()].sort()).toEqual(ledger.documents.toSorted());
    for (const { client } of this.regions) {
      expect(ledger.differences(await shownBy(client)), client.region).toEqual([]);
    }
    for (const region of this.regions) expect(region.alarms, region.name).toEqual([]);
  }

  /** Waits until these regions hold the same ops. */
  async untilReplicated(names: readonly RegionName[] = regionNames): Promise<void> {
    const clients = names.map((name) => this.region(name).client);
    await untilConverged(clients, { deadlineMs: convergeMsMax, collections: [] });
  }

  /** Waits until the region takes the ops of `origin`'s region from `upstream`. */
  async untilUpstream(name: RegionName, origin: RegionName, upstream: RegionName): Promise<void> {
    await within(`${name} takes the ops of ${origin} from ${upstream}`, 20_000, async () => {
      const { lag } = await this.region(name).client.status();
      return lag.some((each) => each.origin.startsWith(`${origin}.`) && each.upstream === upstream);
    });
  }

  /** Waits until a region shows a purchase. */
  async untilShown(name: RegionName, { document, coupon }: Purchase): Promise<void> {
    const [collection = '', id = ''] = document.split('/');
    await within(`${name} shows ${coupon} of ${document}`, 20_000, async () => {
      const coupons: unknown = Reflect.get(Object(await this.region(name).client.read(collection, id)), 'coupons');
      return Array.isArray(coupons) && coupons.includes(coupon);
    });
  }

  async close(): Promise<void> {
    this.#closing.abort();
    await Promise.all(this.regions.map((region) => region.retire()));
    await this.network.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export interface LoadOptions {
  readonly perRegion?: number;
  readonly regions?: readonly RegionName[];
}

/** All carts of a region, by name. */
export async function shownBy(client: RegionClient): Promise<ReadonlyMap<string, unknown>> {
  const lists = await Promise.all(
    cartCollections.map(async (collection) => (await client.list(collection)).map((id) => ({ collection, id }))),
  );
  const documents = lists.flat();
  const shown = new Map<string, unknown>();
  for (let start = 0; start < documents.length; start += readsInFlight) {
    const slice = documents.slice(start, start + readsInFlight);
    await Promise.all(slice.map(async ({ collection, id }) => shown.set(`${collection}/${id}`, await readOrCode(client, collection, id))));
  }
  return shown;
}

/** A document that is refused shows its code. */
async function readOrCode(client: RegionClient, collection: string, id: string): Promise<unknown> {
  try {
    return await client.read(collection, id);
  } catch (error) {
    if (!isAnabranchError(error)) throw error;
    return error.code;
  }
}
