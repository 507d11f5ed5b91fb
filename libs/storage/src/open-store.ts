import { type Logger, silentLogger } from '@anabranch/base';
import { KvReplicaStore } from './kv-replica-store.ts';
import { LmdbKv } from './lmdb-kv.ts';
import { MemoryKv } from './memory-kv.ts';

export interface LmdbStoreOptions {
  /** Made when absent, with mode 0700. */
  readonly directory: string;
  readonly logger: Logger;
}

/**
 * Opens the durable store in a directory. The time it takes does not depend on the number of ops or documents.
 * @throws AnabranchError `store_locked`, `store_format_unknown`, `record_damaged`, `store_full` or `store_failed`.
 */
export async function openLmdbStore({ directory, logger }: LmdbStoreOptions): Promise<KvReplicaStore> {
  return KvReplicaStore.open(await LmdbKv.open(directory), logger);
}

/** An empty store that is gone with the process: for tests and for replicas that keep nothing. */
export function openMemoryStore(): Promise<KvReplicaStore> {
  return KvReplicaStore.open(new MemoryKv(), silentLogger);
}
