// The store of a program: a folder with one journal, whose records rebuild what is kept in memory.
//
//   lock        the process that has the folder open
//   journal     "anabranch client 1\n" { length (4) | CRC-32 (4) | record } ...
//   record      kind 1: a pending write | 2: a commit | 3: the device
//
// Invariant 1: a record counts when it is whole and its checksum holds. A torn one at the end was never acknowledged and is
//              cut off; damage before the end is not passed over.
// Invariant 2: what resolves was written and synchronised before; writes that wait meanwhile share the next synchronisation.
// Invariant 3: when the journal has grown to `rewriteFactor` times what it would be anew, it is written anew beside, and takes
//              the place of the old one by a rename.

import { type FileHandle, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AnabranchError, concatBytes } from '@anabranch/base';
import type { DocumentId } from '@anabranch/protocol';
import type { ClientStore, NewWrite, PendingWrite, StoreChange, StoredDocument, StoreOpening } from '../store/client-store.ts';
import { StoreImage } from '../store/store-image.ts';
import { FolderLock } from './folder-lock.ts';
import { applyRecord, encodeRecord, frameRecord, header, type JournalRecord, readJournal } from './journal.ts';

export class FolderStore implements ClientStore {
  static readonly rewriteFactor = 4;
  /** Bytes of a journal below which it is not written anew. */
  static readonly rewriteBytesMin: number = 1 << 20;

  readonly #folder: string;
  #image = new StoreImage();
  #lock: FolderLock | undefined;
  #journal: FileHandle | undefined;
  #bytes = 0;
  #waiting: { readonly frames: Uint8Array; readonly resolve: () => void; readonly reject: (error: unknown) => void }[] = [];
  #whenIdle: Promise<void> = Promise.resolve();
  #isWriting = false;
  #failure: AnabranchError | undefined;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async open(mintDevice: () => string): Promise<StoreOpening> {
    if (this.#journal === undefined) await this.#openFolder(mintDevice);
    return this.#image.opening;
  }

  load(document: DocumentId): Promise<StoredDocument> {
    return Promise.resolve(this.#image.load(document));
  }

  async append(write: NewWrite): Promise<number> {
    const n = this.#image.append(write);
    try {
      await this.#keep({ kind: 'pending', write: { ...write, n } });
    } catch (error) {
      this.#image.apply({ type: 'drop', n });
      throw error;
    }
    return n;
  }

  pendingAfter(n: number): Promise<readonly PendingWrite[]> {
    return Promise.resolve(this.#image.pendingAfter(n));
  }

  async commit(changes: readonly StoreChange[]): Promise<void> {
    if (this.#failure !== undefined) throw this.#failure;
    for (const change of changes) this.#image.apply(change);
    await this.#keep({ kind: 'commit', changes });
  }

  async close(): Promise<void> {
    await this.#whenIdle;
    await this.#journal?.close();
    await this.#lock?.release();
    this.#journal = undefined;
    this.#failure ??= new AnabranchError('client_closed', 'the store is closed');
  }

  async #openFolder(mintDevice: () => string): Promise<void> {
    await mkdir(this.#folder, { recursive: true }).catch(rethrow);
    this.#lock = await FolderLock.take(join(this.#folder, 'lock'));
    try {
      await rm(this.#path('journal.new'), { force: true });
      const { records, bytes } = await readJournal(this.#path('journal'));
      for (const record of records) applyRecord(this.#image, record);
      this.#journal = await open(this.#path('journal'), 'a').catch(rethrow);
      // What is behind the last whole record is of a write that was never acknowledged.
      await this.#journal.truncate(bytes).catch(rethrow);
      this.#bytes = bytes;
      if (bytes === 0) await this.#begin(mintDevice());
    } catch (error) {
      await this.#journal?.close();
      this.#journal = undefined;
      await this.#lock.release();
      throw error;
    }
  }

  async #begin(device: string): Promise<void> {
    this.#image.device = device;
    await this.#rewrite();
  }

  #keep(record: JournalRecord): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ frames: frameRecord(encodeRecord(record)), resolve, reject });
      if (!this.#isWriting) this.#whenIdle = this.#write();
    });
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    // What is added in this turn shares the synchronisation.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const entries = this.#waiting;
      this.#waiting = [];
      try {
        const bytes = concatBytes(entries.map(({ frames }) => frames));
        await this.#journal?.write(bytes);
        await this.#journal?.datasync();
        this.#bytes += bytes.length;
        if (this.#bytes > FolderStore.rewriteBytesMin) await this.#rewriteIfGrown();
        for (const { resolve } of entries) resolve();
      } catch (error) {
        // What is on the disk is not known any more: nothing is written after it.
        this.#failure = failureOf(error);
        for (const { reject } of [...entries, ...this.#waiting]) reject(this.#failure);
        this.#waiting = [];
      }
    }
    this.#isWriting = false;
  }

  async #rewriteIfGrown(): Promise<void> {
    if (this.#bytes > FolderStore.rewriteFactor * this.#image.bytes) await this.#rewrite();
  }

  async #rewrite(): Promise<void> {
    const path = this.#path('journal.new');
    const { pending, changes } = this.#image.contents();
    const records: JournalRecord[] = [
      { kind: 'device', device: this.#image.device },
      ...pending.map((write) => ({ kind: 'pending', write }) as const),
      { kind: 'commit', changes },
    ];
    const bytes = concatBytes([header, ...records.map((record) => frameRecord(encodeRecord(record)))]);
    const fresh = await open(path, 'w').catch(rethrow);
    await fresh.writeFile(bytes);
    await fresh.datasync();
    await fresh.close();
    await this.#journal?.close();
    await rename(path, this.#path('journal'));
    const folder = await open(this.#folder, 'r');
    await folder.sync();
    await folder.close();
    this.#journal = await open(this.#path('journal'), 'a');
    this.#bytes = bytes.length;
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}

function rethrow(error: unknown): never {
  throw failureOf(error);
}

function failureOf(error: unknown): AnabranchError {
  if (error instanceof AnabranchError) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  const isFull = code === 'ENOSPC' || code === 'EDQUOT';
  return new AnabranchError(isFull ? 'store_full' : 'store_failed', `the folder did not keep it: ${message}`);
}
