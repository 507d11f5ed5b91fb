// Where the regions are. The page's server knows; what it said is remembered, so that the shop also starts when nobody can be
// asked. Both are read as what they are: text from outside.

import type { RegionAddress } from '@anabranch/client';

export const addressesKey = 'anabranch-shop.regions';
const regionsMax = 16;

/** The regions in what `GET /api/status` answered; undefined when it names none. */
export function addressesIn(status: unknown): readonly RegionAddress[] | undefined {
  if (typeof status !== 'object' || status === null || !('regions' in status) || !Array.isArray(status.regions)) return undefined;
  const regions = status.regions.slice(0, regionsMax).flatMap((region: unknown) => addressIn(region) ?? []);
  return regions.length === 0 || new Set(regions.map(({ name }) => name)).size < regions.length ? undefined : regions;
}

export function rememberedAddresses(storage: Pick<Storage, 'getItem'>): readonly RegionAddress[] | undefined {
  try {
    return addressesIn(JSON.parse(storage.getItem(addressesKey) ?? 'null'));
  } catch {
    return undefined;
  }
}

export function rememberAddresses(storage: Pick<Storage, 'setItem'>, regions: readonly RegionAddress[]): void {
  storage.setItem(addressesKey, JSON.stringify({ regions }));
}

function addressIn(region: unknown): RegionAddress | undefined {
  if (typeof region !== 'object' || region === null || !('name' in region) || !('url' in region)) return undefined;
  const { name, url } = region;
  if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,31}$/.test(name)) return undefined;
  return typeof url === 'string' && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol) ? { name, url } : undefined;
}
