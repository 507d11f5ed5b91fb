// The store of a program: a folder with one journal, whose records rebuild what is kept in memory.
//
//   lock.*      the process that has the folder open (folder-lock.ts)
//   journal     batches of records (journal-batches.ts): pending writes and commits; first, what it held when it was written anew
//
// Invariant 1: what is whole of the journal counts. A torn end was never acknowledged and is cut off; damage before the end is
//              not passed over.
// Invariant 2: what resolves was written and synchronised before; writes that wait meanwhile share the next synchronisation.
// Invariant 3: memory is what the journal makes when it is read: a record changes it when it is on the disk, not before. Who
//              reads waits for what was asked to be kept earlier.
// Invariant 4: when the journal has grown to `rewriteFactor` times what it would be anew, it is written anew beside, and takes
//              the place of the old one by a rename. Until the rename nothing depends on it.

import { mkdir, open, realpath, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AnabranchError } from '@anabranch/base';
import type { DocumentId } from '@anabranch/protocol';
import { invalid } from '../client-options.ts';
import type { ClientStore, NewWrite, PendingWrite, StoreChange, StoredDocument, StoreOpening } from '../store/client-store.ts';
import { StoreImage } from '../store/store-image.ts';
import { FolderLock } from './folder-lock.ts';
import { applyRecord, batchesOf, type JournalRecord, recordsOfCommit } from './journal.ts';
import { encodeHead, readJournal } from './journal-batches.ts';
import { JournalFile } from './journal-file.ts';
import { storeFailure, throwStoreFailure } from './store-failure.ts';

interface WaitingRecord {
  readonly records: readonly JournalRecord[];
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface FolderStoreOptions {
  /** Bytes of a journal below which it is not written anew, and by which it grows between two looks at that. */
  readonly rewriteBytesMin?: number;
  /** How many times what it would be anew. */
  readonly rewriteFactor?: number;
}

export class FolderStore implements ClientStore {
  readonly #folder: string;
  readonly #rewriteBytesMin: number;
  readonly #rewriteFactor: number;
  #image = new StoreImage();
  #lock: FolderLock | undefined;
  #journal: JournalFile | undefined;
  #rewriteLookBytes: number;
  #lastN = 0;
  #waiting: WaitingRecord[] = [];
  #whenIdle: Promise<void> = Promise.resolve();
  #whenKept: Promise<unknown> = Promise.resolve();
  #isWriting = false;
  #failure: AnabranchError | undefined;
  #trouble: AnabranchError | undefined;
  #whenOpen: Promise<void> | undefined;
  #whenClosed: Promise<void> | undefined;

  constructor(folder: string, { rewriteBytesMin = 1 << 20, rewriteFactor = 4 }: FolderStoreOptions = {}) {
    this.#folder = folder;
    this.#rewriteBytesMin = rewriteBytesMin;
    this.#rewriteFactor = rewriteFactor;
    this.#rewriteLookBytes = rewriteBytesMin;
  }

  get trouble(): AnabranchError | undefined {
    return this.#trouble;
  }

  async open(mintDevice: () => string): Promise<StoreOpening> {
    this.#whenOpen ??= this.#openFolder(mintDevice);
    try {
      await this.#whenOpen;
    } catch (error) {
      this.#whenOpen = undefined;
      throw error;
    }
    await this.#whenKept;
    return this.#image.opening;
  }

  async load(document: DocumentId): Promise<StoredDocument> {
    await this.#whenKept;
    return this.#image.load(document);
  }

  async append(write: NewWrite): Promise<number> {
    this.#lastN += 1;
    const n = this.#lastN;
    await this.#keep([{ kind: 'pending', write: { ...write, n } }]);
    return n;
  }

  async pendingAfter(n: number): Promise<readonly PendingWrite[]> {
    await this.#whenKept;
    return this.#image.pendingAfter(n);
  }

  commit(changes: readonly StoreChange[]): Promise<void> {
    return this.#keep([...recordsOfCommit(changes)]);
  }

  close(): Promise<void> {
    this.#failure ??= new AnabranchError('client_closed', 'the store is closed');
    this.#whenClosed ??= this.#closeFolder();
    return this.#whenClosed;
  }

  async #openFolder(mintDevice: () => string): Promise<void> {
    await mkdir(this.#folder, { recursive: true }).catch((error: NodeJS.ErrnoException) => this.#throwNoFolder(error));
    this.#lock = await FolderLock.take(await realpath(this.#folder).catch(throwStoreFailure));
    try {
      await this.#openJournal(mintDevice);
    } catch (error) {
      await this.#journal?.close().catch(() => {});
      this.#journal = undefined;
      await this.#lock.release();
      this.#lock = undefined;
      throw storeFailure(error);
    }
  }

  #throwNoFolder(error: NodeJS.ErrnoException): never {
    const isInFile = error.code === 'EEXIST' || error.code === 'ENOTDIR';
    throw isInFile ? invalid(`folder: ${this.#folder} is a file, or lies in one`) : storeFailure(error);
  }

  async #openJournal(mintDevice: () => string): Promise<void> {
    const kept = await readJournal(this.#path('journal'));
    this.#image = new StoreImage();
    if (kept === undefined) {
      this.#image.device = mintDevice();
      await this.#rewrite();
      return;
    }
    for (const record of kept.records) applyRecord(this.#image, record);
    this.#lastN = this.#image.lastN;
    const handle = await open(this.#path('journal'), 'a');
    this.#journal = new JournalFile(handle, kept);
    // What is behind the last whole batch was never acknowledged.
    await handle.truncate(kept.bytes);
  }

  async #closeFolder(): Promise<void> {
    await this.#whenOpen?.catch(() => {});
    await this.#whenIdle;
    await this.#journal?.close().catch(throwStoreFailure);
    await this.#lock?.release();
  }

  #keep(records: readonly JournalRecord[]): Promise<void> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const whenKept = new Promise<void>((resolve, reject) => {
      this.#waiting.push({ records, resolve, reject });
      if (!this.#isWriting) this.#whenIdle = this.#write();
    });
    this.#whenKept = whenKept.catch(() => {});
    return whenKept;
  }

  async #write(): Promise<void> {
    this.#isWriting = true;
    // What is added in this turn shares the synchronisation.
    await Promise.resolve();
    while (this.#waiting.length > 0) {
      const entries = this.#waiting;
      this.#waiting = [];
      await this.#writeBatch(entries);
      await this.#rewriteIfGrown();
    }
    this.#isWriting = false;
  }

  async #writeBatch(entries: readonly WaitingRecord[]): Promise<void> {
    try {
      if (this.#journal === undefined) throw new AnabranchError('store_failed', 'the store is not open');
      const records = entries.flatMap((entry) => entry.records);
      if (records.length > 0) await this.#journal.append(records);
    } catch (error) {
      const failure = storeFailure(error);
      if (this.#journal?.isUsable !== true) this.#failure ??= failure;
      // What waits was made in the belief that these would be kept: a session that has seen an update, for one.
      for (const { reject } of [...entries, ...this.#waiting]) reject(failure);
      this.#waiting = [];
      return;
    }
    for (const { records, resolve } of entries) {
      for (const record of records) applyRecord(this.#image, record);
      resolve();
    }
  }

  /** What was kept stays kept, whatever comes of this. */
  async #rewriteIfGrown(): Promise<void> {
    const bytes = this.#journal?.isUsable === true ? this.#journal.bytes : 0;
    if (bytes <= this.#rewriteLookBytes) return;
    this.#rewriteLookBytes = bytes + this.#rewriteBytesMin;
    if (bytes <= this.#rewriteFactor * this.#image.bytes) return;
    try {
      await this.#rewrite();
      this.#rewriteLookBytes = (this.#journal?.bytes ?? 0) + this.#rewriteBytesMin;
      this.#trouble = undefined;
    } catch (error) {
      // The old journal goes on; the next look tries again.
      const { code, message } = storeFailure(error);
      this.#trouble = new AnabranchError(code, `the journal could not be written anew, and grows: ${message}`);
    }
  }

  async #rewrite(): Promise<void> {
    const path = this.#path('journal.new');
    await rm(path, { force: true });
    const handle = await open(path, 'a');
    try {
      const { head, salt } = encodeHead();
      await handle.writeFile(head);
      const fresh = new JournalFile(handle, { bytes: head.length, salt });
      for (const batch of batchesOf(this.#image.contents())) await fresh.append(batch);
      await rename(path, this.#path('journal'));
      // From here on the old journal has no name.
      await this.#journal?.close().catch(() => {});
      this.#journal = fresh;
    } catch (error) {
      await handle.close().catch(() => {});
      throw error;
    }
    await this.#syncFolder();
  }

  /** Until then a power cut brings back the old journal, without what was added to the new one. */
  async #syncFolder(): Promise<void> {
    try {
      const folder = await open(this.#folder, 'r');
      await folder.sync().finally(() => folder.close());
    } catch (error) {
      this.#failure ??= storeFailure(error);
      await this.#journal?.close().catch(() => {});
      throw error;
    }
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }
}
