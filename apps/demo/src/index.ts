export { type Convergence, type ConvergenceOptions, untilConverged } from './convergence.ts';
export { PageServer } from './page-server.ts';
export { operationsMediaType, RegionClient } from './region-client.ts';
export type { RegionProcess } from './region-process.ts';
export type { RegionStatus } from './region-status.ts';
export { World, type WorldOptions, type WorldRegion } from './world.ts';
export { cartCollections, worldCollections } from './world-collections.ts';
export type { WorldLink } from './world-link.ts';
export { linkPlans, type RegionName, regionNames } from './world-plan.ts';
