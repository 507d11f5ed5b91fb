// Looks at the rights in all regions, again and again, while things happen: what each says that it holds itself, and the stock
// that it shows.
//
// Invariant 1: whatever a region shows, the rights add up to the stock, nobody holds less than none, and the stock is not below 0.

import { setTimeout as sleep } from 'node:timers/promises';
import { isAnabranchError } from '@anabranch/base';
import type { CounterRights } from '../region-rights.ts';
import { cityOf, type ReportRow } from '../story/report.ts';
import type { World, WorldRegion } from '../world.ts';
import type { RegionName } from '../world-plan.ts';
import { article } from './order-desk.ts';

/** Between two looks. */
const lookMs = 100;
/** Rows of the table; of more, some in the middle are left out. */
const rowsMax = 10;

export class RightsWatch {
  readonly #world: World;
  readonly #startMs = performance.now();
  readonly #rows: ReportRow[] = [];
  readonly #objections = new Set<string>();
  #looks = 0;
  #last = '';
  #isStopped = false;
  readonly #whenStopped: Promise<void>;

  constructor(world: World) {
    this.#world = world;
    this.#whenStopped = this.#run();
    // Awaited by stop().
    this.#whenStopped.catch(() => {});
  }

  /** Looks a last time; resolves with what changed over time. */
  async stop(): Promise<readonly ReportRow[]> {
    this.#isStopped = true;
    await this.#whenStopped;
    const step = Math.max(1, (this.#rows.length - 1) / (rowsMax - 1));
    return this.#rows.filter((_, at) => Math.floor(at / step) !== Math.floor((at - 1) / step) || at === this.#rows.length - 1);
  }

  /** What contradicts Invariant 1, in words. */
  get objections(): readonly string[] {
    return this.#looks === 0 ? ['nobody looked'] : [...this.#objections];
  }

  async #run(): Promise<void> {
    while (!this.#isStopped) {
      await this.#look();
      await sleep(lookMs);
    }
    await this.#look();
  }

  async #look(): Promise<void> {
    const [newYork, berlin, tokyo] = await Promise.all([this.#cell('new-york'), this.#cell('berlin'), this.#cell('tokyo')]);
    const text = [newYork, berlin, tokyo].join();
    if (text === this.#last) return;
    this.#last = text;
    const label = `${((performance.now() - this.#startMs) / 1000).toFixed(1)} s`;
    this.#rows.push({ label, cells: { 'new-york': newYork, berlin, tokyo } });
  }

  async #cell(name: RegionName): Promise<string> {
    const region = this.#world.region(name);
    try {
      const stock = await stockRights(region);
      this.#looks += 1;
      for (const objection of objectionsTo(stock)) this.#objections.add(`${cityOf(name)}: ${objection}`);
      return `holds ${heldBy(stock, name)}, stock ${stock.value}`;
    } catch (error) {
      if (isAnabranchError(error, 'not_ready')) return 'no answer';
      throw error;
    }
  }
}

/** The rights to the stock as a region knows of them; without any when the stock has not arrived there. */
export async function stockRights({ client }: WorldRegion): Promise<CounterRights> {
  const counters = await client.rights(article.collection, article.id);
  return counters.find(({ path }) => path === '/stock') ?? { path: '/stock', value: 0, holders: [] };
}

export function heldBy({ holders }: CounterRights, region: RegionName): number {
  return holders.filter((holder) => holder.region === region).reduce((sum, { down }) => sum + down, 0);
}

/** What is wrong with one region's view of the rights. */
export function objectionsTo({ value, holders }: CounterRights): string[] {
  const sum = holders.reduce((total, { down }) => total + down, 0);
  return [
    ...(value < 0 ? [`the stock is ${value}`] : []),
    ...(sum !== value ? [`rights add up to ${sum}, not to the stock of ${value}`] : []),
    ...holders.filter(({ down }) => down < 0).map(({ holder, down }) => `${holder} holds ${down}`),
  ];
}
