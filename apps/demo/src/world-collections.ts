// The collections of the local world, as its regions are configured and as clients describe them: one cart schema on both libraries,
// bounded counters on each (what is in stock, what is on an account), the orders of the shop, and a freeform collection for each.
// It stands on its own: an application that uses the regions of `npm start` may copy this file.

import { schema } from '@anabranch/client';

/** A line of an order, as it was when it was placed. */
export type OrderedLine = {
  readonly id: string;
  readonly name: string;
  readonly qty: number;
  /** Cents for one. */
  readonly price: number;
};

const cart = schema.object({
  items: schema.map(schema.object({ qty: schema.counter(), name: schema.register<string>(), price: schema.register<number>() })),
  coupons: schema.set<string>(),
  gift: schema.flag(),
  /** How the cart is to be delivered. */
  status: schema.register<string>(),
  /** The ids of the orders that were placed with the cart, newest first. */
  lines: schema.list<string>(),
  /** The gift note. */
  note: schema.text(),
});

const article = schema.object({ stock: schema.boundedCounter({ min: 0 }), reserved: schema.counter() });

const order = schema.object({
  customer: schema.register<string>(),
  /** ISO 8601, by the customer's clock. */
  placedAt: schema.register<string>(),
  /** Where it was placed. */
  region: schema.register<string>(),
  items: schema.register<OrderedLine[]>(),
  coupons: schema.set<string>(),
  delivery: schema.register<string>(),
  gift: schema.flag(),
  note: schema.text(),
  /** Cents. */
  total: schema.register<number>(),
});

const account = schema.object({ balance: schema.boundedCounter({ min: 0 }), log: schema.list() });

export const worldCollections = {
  carts: { library: 'yjs', schema: cart },
  'carts-automerge': { library: 'automerge', schema: cart },
  inventory: { library: 'yjs', schema: article },
  orders: { library: 'yjs', schema: order },
  accounts: { library: 'automerge', schema: account },
  notes: { library: 'yjs', schema: 'freeform' },
  boards: { library: 'automerge', schema: 'freeform' },
} as const;

/** The collections whose documents are carts. */
export const cartCollections = ['carts', 'carts-automerge'] as const;
export type CartCollection = (typeof cartCollections)[number];
