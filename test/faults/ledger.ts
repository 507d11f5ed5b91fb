// What regions have acknowledged, and what every document must therefore show: the one truth that the tests of this folder
// compare regions with. It knows the operations it was told and adds them up; it asks no product code what they mean.
//
// Each purchase adds to a counter, where one that counts twice shows, and puts a coupon of its own into a set, where one that
// is lost is named.

import { isDeepStrictEqual } from 'node:util';

/** Differences shown; more say nothing new. */
const differencesMax = 8;

export interface Purchase {
  /** `collection/id` */
  readonly document: string;
  readonly sku: string;
  readonly by: number;
  /** Unique, of one length, so that their order is the same by any rule. */
  readonly coupon: string;
}

interface ExpectedCart {
  readonly quantities: Map<string, number>;
  readonly coupons: string[];
}

export class Ledger {
  readonly #carts = new Map<string, ExpectedCart>();
  #acknowledged = 0;

  get acknowledged(): number {
    return this.#acknowledged;
  }

  get documents(): readonly string[] {
    return [...this.#carts.keys()];
  }

  acknowledge({ document, sku, by, coupon }: Purchase): void {
    const cart: ExpectedCart = this.#carts.get(document) ?? { quantities: new Map(), coupons: [] };
    this.#carts.set(document, cart);
    cart.quantities.set(sku, (cart.quantities.get(sku) ?? 0) + by);
    cart.coupons.push(coupon);
    this.#acknowledged += 1;
  }

  /** The JSON view that a region must show; undefined for a document that nobody wrote. */
  expected(document: string): unknown {
    const cart = this.#carts.get(document);
    if (cart === undefined) return undefined;
    const items = Object.fromEntries([...cart.quantities].map(([sku, qty]) => [sku, { name: null, price: null, qty }]));
    return { coupons: cart.coupons.toSorted(), gift: false, items, lines: [], note: '', status: null };
  }

  /** Whether a document shows what was acknowledged, and nothing else. */
  isShownBy(document: string, json: unknown): boolean {
    return isDeepStrictEqual(json, this.expected(document));
  }

  /** How what a region shows, all its documents by name, differs from what was acknowledged; empty when it does not. */
  differences(shown: ReadonlyMap<string, unknown>): readonly string[] {
    const documents = new Set([...this.#carts.keys(), ...shown.keys()]);
    const differences: string[] = [];
    for (const document of documents) {
      const json = shown.get(document);
      if (this.isShownBy(document, json)) continue;
      differences.push(`${document} shows ${JSON.stringify(json)}, acknowledged is ${JSON.stringify(this.expected(document))}`);
      if (differences.length >= differencesMax) break;
    }
    return differences;
  }
}
