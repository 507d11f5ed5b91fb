// Shoppers buy in regions over REST, one purchase at a time each, every purchase under an idempotency key that is repeated
// until the region acknowledges it. So when they have stopped, what the ledger holds is exactly what must be there.

import { setTimeout as sleep } from 'node:timers/promises';
import { isAnabranchError } from '@anabranch/base';
import { cartCollections, type RegionClient } from '@anabranch/demo';
import type { Ledger, Purchase } from './ledger.ts';

/** Purchases of one shopper in one cart: carts stay small, and all shoppers meet in them. */
const purchasesPerCart = 40;
const skus = 3;
/** A shopper's pause after a purchase, which bounds the load, and after a refusal. */
const paceMs = 15;

export class Shoppers {
  readonly #ledger: Ledger;
  readonly #label: string;
  readonly #acknowledged = new Map<string, number>();
  readonly #refusals = new Map<string, number>();
  readonly #couponOf: (purchase: number) => string;
  #purchases = 0;

  /** `label` begins the names of their carts and coupons; each group needs its own. */
  constructor(ledger: Ledger, label: string, couponOf = (purchase: number) => `${label}-${String(purchase).padStart(6, '0')}`) {
    this.#ledger = ledger;
    this.#label = label;
    this.#couponOf = couponOf;
  }

  get acknowledged(): number {
    return [...this.#acknowledged.values()].reduce((sum, count) => sum + count, 0);
  }

  acknowledgedBy(region: string): number {
    return this.#acknowledged.get(region) ?? 0;
  }

  /** How often each code was answered, `not_ready` for no answer at all. */
  get refusals(): ReadonlyMap<string, number> {
    return this.#refusals;
  }

  /** Buys once in each region, in one cart of each library. */
  async buyEverywhere(clients: readonly RegionClient[], cart: string): Promise<void> {
    for (const collection of cartCollections) {
      await Promise.all(clients.map((client, index) => this.buy(client, `${collection}/${this.#label}-${cart}`, index + 1)));
    }
  }

  /** Buys in a loop, at a bounded pace, until `isDone`; rejects when it is to give up. */
  async keepBuying(client: RegionClient, isDone: () => boolean, giveUp: AbortSignal): Promise<void> {
    for (let count = 0; !isDone(); count++) {
      const collection = cartCollections[count % 8 === 7 ? 1 : 0];
      await this.buy(client, `${collection}/${this.#label}-${Math.floor(count / purchasesPerCart)}`, 1 + (count % 3), giveUp);
      await sleep(paceMs);
    }
  }

  /** One purchase; returns when the region has acknowledged it. */
  async buy(client: RegionClient, document: string, by: number, giveUp?: AbortSignal): Promise<Purchase> {
    this.#purchases += 1;
    const purchase = { document, sku: `sku-${this.#purchases % skus}`, by, coupon: this.#couponOf(this.#purchases) };
    giveUp?.throwIfAborted();
    while (!(await this.#attempt(client, purchase))) {
      await sleep(paceMs);
      giveUp?.throwIfAborted();
    }
    this.#ledger.acknowledge(purchase);
    this.#acknowledged.set(client.region, this.acknowledgedBy(client.region) + 1);
    return purchase;
  }

  /** Whether it was acknowledged. @throws what the region refused for a reason that repeating it does not change. */
  async #attempt(client: RegionClient, { document, sku, by, coupon }: Purchase): Promise<boolean> {
    const [collection = '', id = ''] = document.split('/');
    const ops = [
      { op: 'increment', path: `/items/${sku}/qty`, by },
      { op: 'add', path: '/coupons', value: coupon },
    ];
    try {
      await client.edit(collection, id, ops, { idempotencyKey: coupon });
      return true;
    } catch (error) {
      if (!isAnabranchError(error) || !error.entry.retryable) throw error;
      this.#refusals.set(error.code, (this.#refusals.get(error.code) ?? 0) + 1);
      return false;
    }
  }
}
