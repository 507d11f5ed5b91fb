// Where the customers of one region order: several at a time, one unit each, each order with its own idempotency key. An order
// takes a unit from the stock, counts it as reserved and writes down its number, all in one transaction over both libraries; so a
// lost order, a doubled one and a unit sold without an order are all seen.
//
//   order --> acknowledged
//       \--> no answer: sent again under its key when the region is back
//       \--> refused for want of rights: comes back under its key while there is stock anywhere; final once all is sold

import { setTimeout as sleep } from 'node:timers/promises';
import { isAnabranchError } from '@anabranch/base';
import type { RegionClient } from '../region-client.ts';
import { type RightsRefusal, refusalIn } from '../region-rights.ts';
import type { SeededRandom } from '../story/seeded-random.ts';

export const article = { collection: 'inventory', id: 'tea' } as const;
export const orderBook = { collection: 'carts-automerge', id: 'orders' } as const;

/** Customers ordering at the same time. */
const customers = 6;
/** Between two orders of one customer, at most. */
const pauseMsMax = 20;

export interface OrderDeskOptions {
  readonly client: RegionClient;
  readonly random: SeededRandom;
  readonly orderCount: number;
}

export class OrderDesk {
  readonly #options: OrderDeskOptions;
  readonly #open: string[];
  readonly #acknowledged = new Set<string>();
  readonly #unanswered: string[] = [];
  readonly #waiting: string[] = [];
  readonly #refusals: RightsRefusal[] = [];
  readonly #faults: string[] = [];
  #turnedAway = 0;

  constructor(options: OrderDeskOptions) {
    this.#options = options;
    const { region } = options.client;
    this.#open = Array.from({ length: options.orderCount }, (_, index) => `${region}-${String(index).padStart(4, '0')}`);
  }

  get acknowledged(): ReadonlySet<string> {
    return this.#acknowledged;
  }

  /** Orders not placed yet. */
  get openCount(): number {
    return this.#open.length;
  }

  get unansweredCount(): number {
    return this.#unanswered.length;
  }

  /** Customers who were refused while there was stock somewhere. */
  get waitingCount(): number {
    return this.#waiting.length;
  }

  /** Customers who were told that all is sold. */
  get turnedAwayCount(): number {
    return this.#turnedAway;
  }

  /** Every refusal for want of rights, in the order they came. */
  get refusals(): readonly RightsRefusal[] {
    return this.#refusals;
  }

  /** Refusals for any other reason: there should be none. */
  get faults(): readonly string[] {
    return this.#faults;
  }

  /** Places so many new orders; resolves when each was answered, or the region no longer answers. */
  sell(count: number): Promise<void> {
    return this.#serve(this.#open.splice(0, count));
  }

  /** Sends again what was not answered. */
  repeat(): Promise<void> {
    return this.#serve(this.#unanswered.splice(0));
  }

  /** Those who wait come back, so many of them at most. */
  retry(count: number): Promise<void> {
    return this.#serve(this.#waiting.splice(0, count));
  }

  async #serve(orders: string[]): Promise<void> {
    await Promise.all(Array.from({ length: customers }, () => this.#customer(orders)));
    // The region has gone away under its customers.
    this.#unanswered.push(...orders);
  }

  async #customer(orders: string[]): Promise<void> {
    for (let order = orders.shift(); order !== undefined; order = orders.shift()) {
      if (!(await this.#place(order))) return;
      await sleep(this.#options.random.between(1, pauseMsMax));
    }
  }

  /** False when there was no answer. */
  async #place(order: string): Promise<boolean> {
    const writes = [
      {
        document: `${article.collection}/${article.id}`,
        ops: [
          { op: 'decrement', path: '/stock', by: 1 },
          { op: 'increment', path: '/reserved', by: 1 },
        ],
      },
      {
        document: `${orderBook.collection}/${orderBook.id}`,
        ops: [{ op: 'insert', path: '/lines', index: 0, value: order }],
      },
    ];
    try {
      await this.#options.client.transact(writes, { idempotencyKey: `order-${order}` });
      this.#acknowledged.add(order);
    } catch (error) {
      if (isAnabranchError(error, 'not_ready')) {
        this.#unanswered.push(order);
        return false;
      }
      if (isAnabranchError(error, 'insufficient_rights')) this.#refused(order, refusalIn(error));
      else this.#faults.push(`${order}: ${String(error)}`);
    }
    return true;
  }

  #refused(order: string, refusal: RightsRefusal): void {
    this.#refusals.push(refusal);
    if (refusal.total > 0) this.#waiting.push(order);
    else this.#turnedAway += 1;
  }
}
