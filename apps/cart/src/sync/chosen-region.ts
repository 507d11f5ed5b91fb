import type { ShopClient } from './shop-clients.ts';

const regionKey = 'anabranch-shop.region';

/** The region that the customer chose the last time, or `nearest`. */
export function chosenRegion(storage: Pick<Storage, 'getItem'>): string {
  return storage.getItem(regionKey) ?? 'nearest';
}

/** Moves to a region, and stays with it the next time too. */
export function chooseRegion(client: Pick<ShopClient, 'moveTo'>, storage: Pick<Storage, 'setItem'>, region: string): void {
  client.moveTo(region);
  storage.setItem(regionKey, region);
}
