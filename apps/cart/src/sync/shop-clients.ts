// Composes the clients of the shop. Each name is a device of its own: a store that no other shares, and writes of its own.
//
//   `shop`                       the shop itself, in all tabs of this browser
//   `shop-at-{region}`           one device in each region, for the page that shows three carts side by side

import type { Client, RegionAddress } from '@anabranch/client';
import { createClient } from '@anabranch/client/browser';
import { collections, type ShopCollections } from './collections.ts';

export type ShopClient = Client<ShopCollections>;

/** The device of the shop. It goes to the nearest region unless the customer chose one. */
export function openShopClient(regions: readonly RegionAddress[], region: string): Promise<ShopClient> {
  const isKnown = regions.some(({ name }) => name === region);
  return createClient({ name: 'shop', regions, collections, region: isKnown ? region : 'nearest' });
}

/** A device that stays in one region. */
export function openRegionalClient(regions: readonly RegionAddress[], region: string): Promise<ShopClient> {
  return createClient({ name: `shop-at-${region}`, regions, collections, region });
}
