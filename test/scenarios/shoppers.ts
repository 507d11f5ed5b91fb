// Shoppers write to regions over REST, each write under an idempotency key that is repeated until the region answers, and
// remember what was acknowledged: the only truth the scenarios compare with.

import { randomUUID } from 'node:crypto';
import { isAnabranchError } from '@anabranch/base';
import type { RegionName, World } from '@anabranch/demo';

export class Shoppers {
  readonly #world: World;
  /** `collection/id sku` to the acknowledged total. */
  readonly #bought = new Map<string, number>();
  #acknowledged = 0;
  #retries = 0;

  constructor(world: World) {
    this.#world = world;
  }

  get acknowledged(): number {
    return this.#acknowledged;
  }

  /** Attempts that got no answer, or a refusal that may be repeated. */
  get retries(): number {
    return this.#retries;
  }

  /** One article into a cart; returns when the region has acknowledged it. */
  async buy(region: RegionName, cart: string, sku: string, by = 1): Promise<void> {
    const [collection = '', id = ''] = cart.split('/');
    const idempotencyKey = randomUUID();
    const ops = [{ op: 'increment', path: `/items/${sku}/qty`, by }];
    for (;;) {
      try {
        await this.#world.region(region).client.edit(collection, id, ops, { idempotencyKey });
        break;
      } catch (error) {
        if (!isAnabranchError(error) || !error.entry.retryable) throw error;
        this.#retries += 1;
        await new Promise((resolve) => setImmediate(resolve));
      }
    }
    this.#acknowledged += 1;
    const key = `${cart} ${sku}`;
    this.#bought.set(key, (this.#bought.get(key) ?? 0) + by);
  }

  /** Buys in a loop until `isDone`; one purchase at a time. */
  async keepBuying(region: RegionName, cart: string, isDone: () => boolean): Promise<void> {
    while (!isDone()) await this.buy(region, cart, `sku-${region}`);
  }

  /** Every difference between what was acknowledged and what a region shows. */
  async differences(region: RegionName): Promise<string[]> {
    const differences: string[] = [];
    const views = new Map<string, unknown>();
    for (const [key, expected] of this.#bought) {
      const [cart = '', sku = ''] = key.split(' ');
      const [collection = '', id = ''] = cart.split('/');
      if (!views.has(cart)) views.set(cart, await this.#world.region(region).client.read(collection, id));
      const shown = quantityOf(views.get(cart), sku);
      if (shown !== expected) differences.push(`${region} shows ${shown} of ${key}, acknowledged were ${expected}`);
    }
    return differences;
  }
}

function quantityOf(view: unknown, sku: string): unknown {
  const items: unknown = Reflect.get(Object(view), 'items');
  const item: unknown = Reflect.get(Object(items), sku);
  return Reflect.get(Object(item), 'qty');
}
