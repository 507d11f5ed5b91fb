export { describeReplicaStore } from './describe-replica-store.ts';
export { lmdbMedium, memoryMedium } from './kv-medium.ts';
export type { MediumSetup, StoreMedium } from './store-medium.ts';
