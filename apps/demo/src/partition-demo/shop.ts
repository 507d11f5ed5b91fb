import { JsonFields } from '../json-fields.ts';
import { cityOf, type Report } from '../story/report.ts';
import type { World } from '../world.ts';
import { type CartCollection, cartCollections } from '../world-collections.ts';
import { type RegionName, regionNames } from '../world-plan.ts';
import { unexpectedIn } from './cart-check.ts';
import { articles, type CartWrite, describeWrite, operationsOf, skus } from './cart-write.ts';
import { ExpectedCart } from './expected-cart.ts';

/** How long regions that can reach each other may take to converge, on a busy machine. */
export const convergenceMsMax = 30_000;

/** One cart that is kept twice, with Yjs and with Automerge: every shopper does everything in both. */
export class Shop {
  readonly #world: World;
  readonly #report: Report;
  readonly #cart: string;
  readonly #expected = new ExpectedCart();

  constructor(world: World, report: Report, cart: string) {
    this.#world = world;
    this.#report = report;
    this.#cart = cart;
  }

  /** A shopper in `region` does something; resolves when the region has acknowledged it for both libraries. */
  async write(region: RegionName, write: CartWrite): Promise<void> {
    this.#report.act(region, describeWrite(write));
    const { client } = this.#world.region(region);
    for (const collection of cartCollections) await client.edit(collection, this.#cart, operationsOf(write));
    this.#expected.record(region, write);
  }

  /** Waits until these regions hold the same; they reach each other. */
  async converge(regions: readonly RegionName[]): Promise<void> {
    await this.#world.untilConverged({ deadlineMs: convergenceMsMax, collections: cartCollections, regions });
    this.#expected.converge(regions);
  }

  /** Prints what each region shows, per library. */
  async show(): Promise<void> {
    for (const collection of cartCollections) {
      this.#report.say(collection === 'carts' ? 'The cart, with Yjs:' : 'The cart, with Automerge:');
      const shown = await Promise.all(regionNames.map(async (name) => [name, await this.#column(name, collection)] as const));
      const labels = shown[0]?.[1].keys() ?? [];
      const columns = new Map(shown);
      const cell = (name: RegionName, label: string): string => columns.get(name)?.get(label) ?? '';
      this.#report.table(
        [...labels].map((label) => ({
          label,
          cells: { 'new-york': cell('new-york', label), berlin: cell('berlin', label), tokyo: cell('tokyo', label) },
        })),
      );
    }
  }

  /** What any region shows other than the history demands. */
  async objections(): Promise<string[]> {
    const objections: string[] = [];
    for (const name of regionNames) {
      for (const collection of cartCollections) {
        const json = await this.#world.region(name).client.read(collection, this.#cart);
        objections.push(...unexpectedIn(json, this.#expected.contentIn(name)).map((text) => `${cityOf(name)}, ${collection}: ${text}`));
      }
    }
    return objections;
  }

  /** One region's cart: the rows of the table by label. */
  async #column(name: RegionName, collection: CartCollection): Promise<ReadonlyMap<string, string>> {
    const { client } = this.#world.region(name);
    const cart = new JsonFields(await client.read(collection, this.#cart), 'cart');
    const { digest } = await client.digest(collection, this.#cart);
    const items = cart.fields('items');
    return new Map([
      ...skus.map((sku): [string, string] => [
        articles[sku].name,
        items.optional(sku, () => String(items.fields(sku).number('qty'))) ?? '–',
      ]),
      ['coupons', cart.texts('coupons').join(' ') || '–'],
      ['gift', cart.flag('gift') ? 'yes' : 'no'],
      ['status', cart.optional('status', () => cart.text('status')) ?? '–'],
      ['list', cart.texts('lines').join(', ') || '–'],
      ['note', cart.text('note') || '–'],
      ['digest', digest.slice(0, 12)],
    ]);
  }
}
