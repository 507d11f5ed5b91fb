// Where the regions are, at the start of the shop: as the page's server says, or as it said the last time.

import type { RegionAddress } from '@anabranch/client';
import { addressesIn, rememberAddresses, rememberedAddresses } from './region-addresses.ts';

/** A server that takes longer is not waited for when something is remembered, in milliseconds. */
const patienceMs = 1_500;

/** Undefined when nobody says so, and nobody ever has. */
export async function findRegions(): Promise<readonly RegionAddress[] | undefined> {
  const remembered = rememberedAddresses(localStorage);
  const told = await askServer(remembered === undefined ? undefined : patienceMs);
  if (told !== undefined) rememberAddresses(localStorage, told);
  return told ?? remembered;
}

async function askServer(timeoutMs: number | undefined): Promise<readonly RegionAddress[] | undefined> {
  try {
    const signal = timeoutMs === undefined ? null : AbortSignal.timeout(timeoutMs);
    const response = await fetch('/api/status', { signal });
    return response.ok ? addressesIn(await response.json()) : undefined;
  } catch {
    return undefined;
  }
}
