export { KvReplicaStore } from './kv-replica-store.ts';
export { LmdbKv } from './lmdb-kv.ts';
export { MemoryKv, type MemoryKvImage } from './memory-kv.ts';
export { type LmdbStoreOptions, openLmdbStore, openMemoryStore } from './open-store.ts';
export type { KvEntry, Mutation, OrderedKv, RangeOptions } from './ordered-kv.ts';
