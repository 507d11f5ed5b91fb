export type { DoorParts } from './door-parts.ts';
export { parseWriteConcern } from './http/concern-fields.ts';
export { isLoopbackHost, OriginPolicy, type OriginPolicyOptions } from './http/origin-policy.ts';
export type { MetricsSource } from './operations/health.ts';
export type { GaugeSample } from './operations/replica-gauges.ts';
export { RegionServer, type RegionServerOptions } from './region-server.ts';
export { defaultServerLimits, type ServerLimits } from './server-limits.ts';
export { createSyncDoors, type SyncDoors, type SyncDoorsOptions } from './sync/sync-doors.ts';
export type { UpgradeHandler } from './upgrade-router.ts';
