// The seam between the record format and the medium that keeps it: an ordered map of bytes with atomic, durable commits.
// The format above knows nothing of files, the media below know nothing of ops; a simulated disk fits in between.
//
// Invariant 1: commit applies all mutations or none, and resolves only when they are durable. After a crash the map
//              holds a prefix of the commits, with every resolved one.
// Invariant 2: reads show exactly the commits that have resolved.
//
// The caller commits one group at a time, and nothing after a commit that failed (CommitQueue sees to both), so a medium
// needs no queue and no failure state of its own.

/** Writes `value` under `key`; a mutation without a value deletes the key, which need not exist. */
export interface Mutation {
  readonly key: Uint8Array;
  readonly value?: Uint8Array;
}

export interface KvEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
}

export interface RangeOptions {
  /** From the end of the range to its start. */
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** Keys are 1 to 1,024 bytes, compared bytewise. What is read belongs to the reader. */
export interface OrderedKv {
  get(key: Uint8Array): Uint8Array | undefined;
  /** Entries with `start <= key < end`; to be consumed before control returns to the event loop. */
  entries(start: Uint8Array, end: Uint8Array, options?: RangeOptions): Iterable<KvEntry>;
  /** As {@link entries}, without reading the values. */
  keys(start: Uint8Array, end: Uint8Array, options?: RangeOptions): Iterable<Uint8Array>;
  /** @throws AnabranchError `store_full` or `store_failed`; then nothing of the mutations is visible. */
  commit(mutations: readonly Mutation[]): Promise<void>;
  close(): Promise<void>;
}
