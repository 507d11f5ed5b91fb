// What the shop keeps, of the collections that the regions of the local world are configured with.

import type { DocumentViewOf } from '@anabranch/client';
import { worldCollections } from '@anabranch/demo/collections';

export type { OrderedLine } from '@anabranch/demo/collections';

const { carts, inventory, orders } = worldCollections;

export const collections = { carts, inventory, orders } as const;

export type ShopCollections = typeof collections;
export type CartView = DocumentViewOf<ShopCollections['carts']>;
export type OrderView = DocumentViewOf<ShopCollections['orders']>;

export const emptyCart: CartView = { items: {}, coupons: [], gift: false, status: null, lines: [], note: '' };
