// The map of the local world: which regions there are, which links lie between them, and how long these are.

import { regionNames } from '../start-options.mjs';

export { regionNames };
export type RegionName = (typeof regionNames)[number];

export function isRegionName(text: string): text is RegionName {
  return regionNames.some((name) => name === text);
}

/** The link of a pair. `a` dials: it has the smaller name, so that every pair has one dialling side. */
export interface LinkPlan {
  readonly a: RegionName;
  readonly b: RegionName;
  /** One-way delay of a well-behaved path between the two cities. */
  readonly delayMs: number;
}

export const linkPlans: readonly LinkPlan[] = [
  { a: 'berlin', b: 'new-york', delayMs: 40 },
  { a: 'new-york', b: 'tokyo', delayMs: 110 },
  { a: 'berlin', b: 'tokyo', delayMs: 85 },
];
