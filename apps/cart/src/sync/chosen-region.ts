import type { ShopClient } from './shop-clients.ts';

const regionKey = 'anabranch-shop.region';
const offlineKey = 'anabranch-shop.offline';

/** The region that the customer chose the last time, or `nearest`. */
export function chosenRegion(storage: Pick<Storage, 'getItem'>): string {
  return storage.getItem(regionKey) ?? 'nearest';
}

/** Moves to a region, and stays with it the next time too. */
export function chooseRegion(client: Pick<ShopClient, 'moveTo'>, storage: Pick<Storage, 'setItem'>, region: string): void {
  client.moveTo(region);
  storage.setItem(regionKey, region);
}

/** Whether the customer had switched the shop offline the last time. */
export function isSwitchedOff(storage: Pick<Storage, 'getItem'>): boolean {
  return storage.getItem(offlineKey) === 'true';
}

/** Goes offline, or back, and stays there the next time too. */
export function switchOffline(
  client: Pick<ShopClient, 'goOffline' | 'goOnline'>,
  storage: Pick<Storage, 'setItem'>,
  isOffline: boolean,
): void {
  if (isOffline) client.goOffline();
  else client.goOnline();
  storage.setItem(offlineKey, String(isOffline));
}
