// What a cart must show, computed from the history alone: who wrote what, and what each write had seen. No merge library and
// no code of the regions is involved.
//
//  1. An added quantity counts until a removal that had seen it; so does the article's name and price.
//  2. Coupons, lines and notes stay: nobody in the story takes one back. So does gift wrapping.
//  3. The status is the one that was set last.
//  4. The order of lines and of parts of the note is the merge's own business: only what they hold is expected.

import type { JsonObject } from '@anabranch/base';
import type { RegionName } from '../world-plan.ts';
import { articles, type CartWrite, type Sku, skus } from './cart-write.ts';

export interface CartItem extends JsonObject {
  readonly qty: number;
  readonly name: string;
  readonly price: number;
}

export interface CartContent {
  readonly items: Readonly<Record<string, CartItem>>;
  readonly coupons: readonly string[];
  readonly gift: boolean;
  readonly status: string | null;
  readonly lines: readonly string[];
  /** Texts that the note contains. */
  readonly noteParts: readonly string[];
}

interface RecordedWrite {
  readonly write: CartWrite;
  /** Position among all writes of the cart, in the order of time. */
  readonly at: number;
  /** The writes that the region showed when it took this one. */
  readonly seen: ReadonlySet<RecordedWrite>;
}

export class ExpectedCart {
  readonly #seen = new Map<RegionName, Set<RecordedWrite>>();
  #count = 0;

  /** `region` takes a write, with everything in sight that it has. */
  record(region: RegionName, write: CartWrite): void {
    const seen = this.#seenBy(region);
    seen.add({ write, at: this.#count++, seen: new Set(seen) });
  }

  /** These regions have exchanged everything: each has what any of them had. */
  converge(regions: readonly RegionName[]): void {
    const all = new Set(regions.flatMap((region) => [...this.#seenBy(region)]));
    for (const region of regions) this.#seen.set(region, new Set(all));
  }

  /** What the region must show now. */
  contentIn(region: RegionName): CartContent {
    const seen = [...this.#seenBy(region)].sort((x, y) => x.at - y.at);
    const writes = seen.map((record) => record.write);
    const items = skus.flatMap((sku): Array<[Sku, CartItem]> => {
      const removals = seen.filter(({ write }) => write.kind === 'remove' && write.sku === sku);
      const live = seen.filter((record) => isAdd(record.write, sku) && !removals.some((removal) => removal.seen.has(record)));
      const qty = live.reduce((sum, { write }) => sum + (isAdd(write, sku) ? write.quantity : 0), 0);
      return live.length === 0 ? [] : [[sku, { qty, name: articles[sku].name, price: articles[sku].price }]];
    });
    return {
      items: Object.fromEntries(items),
      coupons: [...new Set(writes.flatMap((write) => (write.kind === 'coupon' ? [write.code] : [])))].sort(),
      gift: writes.some((write) => write.kind === 'gift'),
      status: writes.reduce<string | null>((last, write) => (write.kind === 'status' ? write.value : last), null),
      lines: writes.flatMap((write) => (write.kind === 'line' ? [write.text] : [])).sort(),
      noteParts: writes.flatMap((write) => (write.kind === 'note' ? [write.text] : [])),
    };
  }

  #seenBy(region: RegionName): Set<RecordedWrite> {
    let seen = this.#seen.get(region);
    if (seen === undefined) {
      seen = new Set();
      this.#seen.set(region, seen);
    }
    return seen;
  }
}

function isAdd(write: CartWrite, sku: Sku): write is Extract<CartWrite, { kind: 'add' }> {
  return write.kind === 'add' && write.sku === sku;
}
