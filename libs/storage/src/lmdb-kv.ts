// An ordered map in one LMDB environment: the engine of the durable store.
//
// When a commit is durable. LMDB writes the pages of a transaction, calls fdatasync on the data file, and then writes
// the meta page that makes the transaction current through a second descriptor opened with O_DSYNC; only then does the
// writing thread mark the transaction as committed, and only then does the promise of `batch` resolve. That holds with
// `overlappingSync: false`; with overlapping syncs a commit becomes visible before it is durable. strace shows the order
// (lmdb-kv.sync.test.ts): pwrite64(data), fdatasync(data) = 0, pwrite64(meta, O_DSYNC), then whatever the caller writes.
//
// `eventTurnBatching: false`: the batches that event-turn batching opens by itself have promises that nobody can see, so
// a failed commit would end the process with an unhandled rejection. Nothing is lost: CommitQueue gathers commits.
//
// Who has the store open. Each open map always holds one read transaction, hence a slot in LMDB's reader table, which
// all processes share. The slots of dead processes are recognised by a lock that the kernel drops with the process
// (`readerCheck`), and the table is emptied when nobody has the file open: neither kill -9 nor a reused pid leaves the
// store locked. Two processes that open at the same instant see each other and may both refuse, never both proceed.
//
// Invariant 1: at most one map is open per directory.
// Invariant 2: reads use the transaction begun after the last resolved commit, so they show exactly what has resolved.

import { closeSync, fsyncSync, mkdirSync, openSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { AnabranchError, assert } from '@anabranch/base';
import { open, type RootDatabase } from 'lmdb';
import type { KvEntry, Mutation, OrderedKv, RangeOptions } from './ordered-kv.ts';

/** Address space, not memory or disk: large enough that the map never has to move while it is read. */
const mapBytes = 2 ** 40;
const EIO = 5;
const ENOSPC = 28;
const EDQUOT = 122;
const MDB_MAP_FULL = -30792;
/** A file system with less room than this has cut a write short: LMDB reports that as an input/output error. */
const roomBytesMin = 65_536;

type Database = RootDatabase<Uint8Array, Uint8Array>;
type ReadTransaction = ReturnType<Database['useReadTransaction']>;

export class LmdbKv implements OrderedKv {
  readonly #directory: string;
  readonly #database: Database;
  #reading: ReadTransaction;
  #committing: Promise<void> | undefined;
  #isClosed = false;

  private constructor(directory: string, database: Database, reading: ReadTransaction) {
    this.#directory = directory;
    this.#database = database;
    this.#reading = reading;
  }

  /** Opens the map in `directory`, which is made when absent. @throws AnabranchError `store_locked` or `store_failed`. */
  static async open(directory: string): Promise<LmdbKv> {
    const database = openDatabase(directory);
    try {
      assertAlone(database, 0, directory);
      const reading = database.useReadTransaction();
      assertAlone(database, 1, directory);
      syncDirectory(directory);
      syncDirectory(dirname(resolve(directory)));
      return new LmdbKv(directory, database, reading);
    } catch (error) {
      await database.close();
      throw error;
    }
  }

  get(key: Uint8Array): Uint8Array | undefined {
    try {
      return this.#database.get(key, { transaction: this.#reading });
    } catch (error) {
      throw unreadable(error);
    }
  }

  entries(start: Uint8Array, end: Uint8Array, options: RangeOptions = {}): Iterable<KvEntry> {
    return readable(() => this.#database.getRange(this.#range(start, end, options)));
  }

  keys(start: Uint8Array, end: Uint8Array, options: RangeOptions = {}): Iterable<Uint8Array> {
    return readable(() => this.#database.getKeys(this.#range(start, end, options)));
  }

  commit(mutations: readonly Mutation[]): Promise<void> {
    assert(!this.#isClosed, 'the map is closed');
    this.#committing = this.#commit(mutations);
    return this.#committing;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    // lmdb-js does not survive a transaction that ends after its environment.
    await Promise.allSettled([this.#committing]);
    this.#reading.done();
    await this.#database.close();
  }

  async #commit(mutations: readonly Mutation[]): Promise<void> {
    const database = this.#database;
    try {
      await database.batch(() => {
        for (const { key, value } of mutations) {
          if (value === undefined) database.remove(key);
          else database.put(key, value);
        }
      });
    } catch (error) {
      throw await commitFailure(error, this.#directory);
    }
    const previous = this.#reading;
    this.#reading = database.useReadTransaction();
    previous.done();
  }

  /** LMDB names the bounds of a reverse range from its end. */
  #range(start: Uint8Array, end: Uint8Array, { reverse = false, limit }: RangeOptions) {
    const bounds = reverse ? { start: end, exclusiveStart: true, end: start, inclusiveEnd: true, reverse } : { start, end };
    return { ...bounds, ...(limit !== undefined && { limit }), transaction: this.#reading };
  }
}

/** The range, with what LMDB says of its own pages as damage. */
function* readable<T>(range: () => Iterable<T>): Generator<T, void, undefined> {
  // What the reader of the range throws is its own: only the steps of LMDB are watched.
  const watched = <R>(step: () => R): R => {
    try {
      return step();
    } catch (error) {
      throw unreadable(error);
    }
  };
  const iterator = watched(() => range()[Symbol.iterator]());
  const step = (): IteratorResult<T> => iterator.next();
  try {
    for (let next = watched(step); next.done !== true; next = watched(step)) yield next.value;
  } finally {
    iterator.return?.();
  }
}

/** LMDB keeps no checksums of its pages, but it notices some that make no sense. */
function unreadable(error: unknown): AnabranchError {
  return new AnabranchError('record_damaged', `the store cannot be read here: ${messageOf(error)}`);
}

function openDatabase(directory: string): Database {
  try {
    mkdirSync(directory, { recursive: true, mode: 0o700 });
    return open<Uint8Array, Uint8Array>({
      path: directory,
      noSubdir: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      overlappingSync: false,
      eventTurnBatching: false,
      mapSize: mapBytes,
    });
  } catch (error) {
    throw new AnabranchError('store_failed', `the store cannot be opened: ${messageOf(error)}`, { directory });
  }
}

/** Counts the live readers: without ours there are `expected` of them when nobody else has the store open. */
function assertAlone(database: Database, expected: number, directory: string): void {
  database.readerCheck();
  const readers = database
    .readerList()
    .split('\n')
    .filter((line) => /^\s*\d+\s/.test(line));
  if (readers.length <= expected) return;
  throw new AnabranchError('store_locked', `another process has the store in ${directory} open`, { directory });
}

/** Makes the entries of a directory durable: a new data file must not vanish with its acknowledged commits. */
function syncDirectory(directory: string): void {
  const descriptor = openSync(directory, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** LMDB rejects with a general error that promises the particular one. */
async function commitFailure(error: unknown, directory: string): Promise<AnabranchError> {
  const cause = await causeOf(error);
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const isFull = code === ENOSPC || code === EDQUOT || code === MDB_MAP_FULL || (code === EIO && !hasRoom(directory));
  return new AnabranchError(isFull ? 'store_full' : 'store_failed', `a commit was not made durable: ${messageOf(cause)}`, {
    cause: messageOf(cause),
  });
}

function hasRoom(directory: string): boolean {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize >= roomBytesMin;
}

async function causeOf(error: unknown): Promise<unknown> {
  if (!(error instanceof Error) || !('commitError' in error)) return error;
  try {
    await error.commitError;
    return error;
  } catch (cause) {
    return cause;
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
