// Orders that keep coming while a region is killed: several customers at a time, each order with its own idempotency key. An
// order whose answer is lost is sent again under the same key until it is acknowledged, as a real client would.
//
// Every order counts one up and leaves its own number, so that a lost order and a doubled one are both seen.

import { isAnabranchError } from '@anabranch/base';
import { JsonFields } from '../json-fields.ts';
import type { RegionClient } from '../region-client.ts';

/** Customers ordering at the same time. */
const customers = 8;

export interface OrderLoadOptions {
  readonly client: RegionClient;
  readonly collection: string;
  readonly id: string;
  readonly orderCount: number;
}

export class OrderLoad {
  readonly #options: OrderLoadOptions;
  readonly #acknowledged = new Set<string>();
  readonly #open: string[];

  constructor(options: OrderLoadOptions) {
    this.#options = options;
    const { region } = options.client;
    this.#open = Array.from({ length: options.orderCount }, (_, index) => `${region}-${String(index).padStart(4, '0')}`);
  }

  /** Orders whose acknowledgement has arrived. */
  get acknowledged(): ReadonlySet<string> {
    return this.#acknowledged;
  }

  /** Sends what is not acknowledged yet; resolves when all is, or when the region no longer answers. */
  async run(): Promise<void> {
    await Promise.all(Array.from({ length: customers }, () => this.#order()));
  }

  async #order(): Promise<void> {
    const { client, collection, id } = this.#options;
    for (let order = this.#open.shift(); order !== undefined; order = this.#open.shift()) {
      const operations = [
        { op: 'increment', path: '/items/order/qty', by: 1 },
        { op: 'add', path: '/coupons', value: order },
      ];
      try {
        await client.edit(collection, id, operations, { idempotencyKey: `order-${id}-${order}` });
        this.#acknowledged.add(order);
      } catch (error) {
        this.#open.push(order);
        if (isAnabranchError(error, 'not_ready')) return;
        throw error;
      }
    }
  }
}

export interface ShownOrders {
  readonly count: number;
  readonly numbers: ReadonlySet<string>;
}

/** The orders that a region shows. */
export async function readOrders(client: RegionClient, collection: string, id: string): Promise<ShownOrders> {
  const json = await client.read(collection, id);
  if (json === undefined) return { count: 0, numbers: new Set() };
  const cart = new JsonFields(json, 'orders');
  const items = cart.fields('items');
  const count = items.optional('order', () => items.fields('order').number('qty')) ?? 0;
  return { count, numbers: new Set(cart.texts('coupons')) };
}
