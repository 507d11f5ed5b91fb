// The lines of a cart as they are shown. A quantity of 0 or less is no line: two checkouts of the same cart, made apart, each
// take out what they ordered, and leave less than nothing until the next addition clears it.

import { productOf, shelfOf } from '../catalogue/products.ts';
import type { CartView } from '../sync/collections.ts';

export interface CartLine {
  readonly id: string;
  readonly name: string;
  readonly qty: number;
  /** Cents for one. */
  readonly price: number;
}

export function linesOf({ items }: Pick<CartView, 'items'>): CartLine[] {
  return Object.entries(items)
    .filter(([, { qty }]) => qty > 0)
    .map(([id, { qty, name, price }]) => {
      const product = productOf(id);
      // A line that was removed in one region and raised in another has a quantity, and its name is in the catalogue.
      return { id, qty, name: product?.name ?? name ?? id, price: price ?? product?.price ?? 0 };
    })
    .sort((x, y) => shelfOf(x.id) - shelfOf(y.id) || (x.id < y.id ? -1 : 1));
}

export function quantityIn({ items }: Pick<CartView, 'items'>, id: string): number {
  return Math.max(0, items[id]?.qty ?? 0);
}
