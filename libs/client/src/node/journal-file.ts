// The end of the journal's file, where batches are added.
//
//   append: write all of it -> synchronise -> it counts
//             \ write failed -> cut the file back to what counted before; the next batch is tried as if nothing had been
//                                  \ cutting failed, or synchronising did -> no more is written here
//
// Invariant 1: a batch that was refused is not in the file when the next one is written.
// Invariant 2: when it is not known what is in the file, nothing is written behind it.

import type { FileHandle } from 'node:fs/promises';
import { AnabranchError } from '@anabranch/base';
import type { JournalRecord } from './journal.ts';
import { encodeBatch } from './journal-batches.ts';
import { storeFailure } from './store-failure.ts';

export class JournalFile {
  readonly #handle: FileHandle;
  readonly #salt: number;
  #bytes: number;
  #isUsable = true;

  /** `handle` adds to the end of a file of `bytes` bytes, all of which count. */
  constructor(handle: FileHandle, { bytes, salt }: { readonly bytes: number; readonly salt: number }) {
    this.#handle = handle;
    this.#salt = salt;
    this.#bytes = bytes;
  }

  /** What counts of the file. */
  get bytes(): number {
    return this.#bytes;
  }

  /** False once it is not known what is in the file. */
  get isUsable(): boolean {
    return this.#isUsable;
  }

  /** Resolves when the records are on the disk, as one batch. @throws AnabranchError `store_full`, `store_failed`. */
  async append(records: Iterable<JournalRecord>): Promise<void> {
    if (!this.#isUsable) throw new AnabranchError('store_failed', 'it is not known what the journal holds since a write failed');
    const batch = encodeBatch(records, { salt: this.#salt, at: this.#bytes });
    try {
      await this.#writeAll(batch);
    } catch (error) {
      await this.#cutBack();
      throw storeFailure(error);
    }
    try {
      await this.#handle.datasync();
    } catch (error) {
      // The system may have let go of what it could not write, of the page before as well.
      this.#isUsable = false;
      await this.#cutBack();
      throw storeFailure(error);
    }
    this.#bytes += batch.length;
  }

  async close(): Promise<void> {
    this.#isUsable = false;
    await this.#handle.close();
  }

  /** A disk that becomes full takes the first part of a write and says so by a count alone. */
  async #writeAll(batch: Uint8Array): Promise<void> {
    for (let written = 0; written < batch.length; ) {
      const { bytesWritten } = await this.#handle.write(batch, written, batch.length - written);
      if (bytesWritten === 0) throw new AnabranchError('store_failed', 'the folder took no more of a write');
      written += bytesWritten;
    }
  }

  async #cutBack(): Promise<void> {
    try {
      await this.#handle.truncate(this.#bytes);
    } catch {
      this.#isUsable = false;
    }
  }
}
