// The collections of the local world, as the regions' configuration file has them: one cart schema on both libraries, bounded
// counters on each (what is in stock, what is on an account), the orders of the shop, and a freeform collection for each.

const cart = {
  type: 'object',
  fields: {
    items: {
      type: 'map',
      of: { type: 'object', fields: { qty: { type: 'counter' }, name: { type: 'register' }, price: { type: 'register' } } },
    },
    coupons: { type: 'set' },
    gift: { type: 'flag' },
    status: { type: 'register' },
    lines: { type: 'list' },
    note: { type: 'text' },
  },
} as const;

const article = { type: 'object', fields: { stock: { type: 'boundedCounter', min: 0 }, reserved: { type: 'counter' } } } as const;
const order = {
  type: 'object',
  fields: {
    customer: { type: 'register' },
    placedAt: { type: 'register' },
    region: { type: 'register' },
    items: { type: 'register' },
    coupons: { type: 'set' },
    delivery: { type: 'register' },
    gift: { type: 'flag' },
    note: { type: 'text' },
    total: { type: 'register' },
  },
} as const;

const account = { type: 'object', fields: { balance: { type: 'boundedCounter', min: 0 }, log: { type: 'list' } } } as const;

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
