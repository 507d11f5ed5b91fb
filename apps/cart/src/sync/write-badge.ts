import type { WriteState } from '@anabranch/client';
import { cityOf } from './cities.ts';

export interface WriteBadge {
  readonly label: string;
  /** The same for who wants to know more. */
  readonly meaning: string;
  /** How far it is: 0 on this device, 1 in a region, 2 in most, 3 in all. */
  readonly steps: 0 | 1 | 2 | 3;
  readonly isRefused: boolean;
}

/** @param region the one that took it */
export function writeBadge(state: WriteState, region: string | undefined): WriteBadge {
  const city = region === undefined ? 'a region' : cityOf(region);
  const isRefused = state === 'refused';
  switch (state) {
    case 'applied':
      return { label: 'Saving', meaning: 'Shown at once; being saved on this device', steps: 0, isRefused };
    case 'saved':
      return { label: 'Saved here', meaning: 'Kept on this device, no region has it yet', steps: 0, isRefused };
    case 'durable':
      return { label: `In ${city}`, meaning: `Durable in ${city}, on its way to the other regions`, steps: 1, isRefused };
    case 'majority':
      return { label: 'Most regions', meaning: 'Durable in more than half of the regions', steps: 2, isRefused };
    case 'all':
      return { label: 'All regions', meaning: 'Durable in every region', steps: 3, isRefused };
    case 'refused':
      return { label: 'Refused', meaning: 'No region took it; the cart is as without it', steps: 0, isRefused };
  }
}
