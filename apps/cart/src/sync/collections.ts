// What the shop keeps, as the regions of the local world are configured. A collection that differs from theirs is refused.

import { type DocumentViewOf, schema } from '@anabranch/client';
import type { DeliveryName } from '../pricing/delivery.ts';

/** A line of an order, as it was when it was placed. */
export type OrderedLine = {
  readonly id: string;
  readonly name: string;
  readonly qty: number;
  /** Cents for one. */
  readonly price: number;
};

export const collections = {
  carts: {
    library: 'yjs',
    schema: schema.object({
      items: schema.map(schema.object({ qty: schema.counter(), name: schema.register<string>(), price: schema.register<number>() })),
      coupons: schema.set<string>(),
      gift: schema.flag(),
      /** How the cart is to be delivered. */
      status: schema.register<DeliveryName>(),
      /** The ids of the orders that were placed with the cart, newest first. */
      lines: schema.list<string>(),
      /** The gift note. */
      note: schema.text(),
    }),
  },
  inventory: {
    library: 'yjs',
    schema: schema.object({ stock: schema.boundedCounter({ min: 0 }), reserved: schema.counter() }),
  },
  orders: {
    library: 'yjs',
    schema: schema.object({
      customer: schema.register<string>(),
      /** ISO 8601, by the customer's clock. */
      placedAt: schema.register<string>(),
      /** Where it was placed. */
      region: schema.register<string>(),
      items: schema.register<OrderedLine[]>(),
      coupons: schema.set<string>(),
      delivery: schema.register<DeliveryName>(),
      gift: schema.flag(),
      note: schema.text(),
      /** Cents. */
      total: schema.register<number>(),
    }),
  },
} as const;

export type ShopCollections = typeof collections;
export type CartView = DocumentViewOf<ShopCollections['carts']>;
export type OrderView = DocumentViewOf<ShopCollections['orders']>;

export const emptyCart: CartView = { items: {}, coupons: [], gift: false, status: null, lines: [], note: '' };
