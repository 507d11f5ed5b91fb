// Folds the stored updates of documents into one while the client runs, also of documents that are open in no tab: what is kept of a
// document stays in proportion to what it holds, however often it changes.
//
//   kept updates --counted--> due --one at a time: loaded, merged--> a fold, by way of the commit queue
//
// Invariant 1: a document is folded when `foldUpdatesMin` updates or `foldBytesMin` bytes were added, and not before these weigh a part
//              of the document: what folding costs is shared by the updates that led to it.
// Invariant 2: a fold names the last update that it holds. What is kept meanwhile comes after that and stays, whoever keeps it.
// Invariant 3: how long the stored updates were when the client began is not known. Counting begins anywhere below the limit, so
//              documents that change a little in each of many runs are folded as well.

import type { Random } from '@anabranch/base';
import type { CollectionSchema } from '@anabranch/crdt';
import type { DocumentId } from '@anabranch/protocol';
import { DeviceAuthor } from '../documents/device-author.ts';
import { foldBytesMin, foldStored, foldUpdatesMin } from '../documents/load-document.ts';
import type { ClientStore } from '../store/client-store.ts';
import type { CommitQueue } from './commit-queue.ts';

export interface FoldsParts {
  readonly store: ClientStore;
  readonly queue: CommitQueue;
  readonly random: Random;
  /** Undefined when the client was not told of the collection. */
  readonly collection: (document: DocumentId) => CollectionSchema | undefined;
  /** A document is held no more, for what is kept of it could not be read. */
  readonly unheld: (document: DocumentId) => void;
  readonly failed: (cause: unknown) => void;
}

interface Growth {
  updates: number;
  bytes: number;
  /** Of the document when it was folded or sent last; 0 when that is not known. */
  foldedBytes: number;
}

/** What an update weighs beside its bytes. */
const updateWeightBytes = 64;
/** The part of a document that its new updates must weigh. */
const foldShare = 8;
/** Updates from which on a document of any weight is folded. */
const foldUpdatesMax = 4_096;

export class Folds {
  readonly #parts: FoldsParts;
  readonly #identity: DeviceAuthor['identity'];
  readonly #growth = new Map<DocumentId, Growth>();
  readonly #due = new Set<DocumentId>();
  #whenIdle: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isStopped = false;

  constructor(parts: FoldsParts) {
    this.#parts = parts;
    this.#identity = new DeviceAuthor('fold', parts.random).identity;
  }

  /** An update of so many bytes was kept, or a whole document. */
  grew(document: DocumentId, bytes: number, isWhole: boolean): void {
    const growth = this.#growth.get(document) ?? this.#begin(document);
    growth.updates += 1;
    if (isWhole) growth.foldedBytes = bytes;
    else growth.bytes += bytes;
    if (!isDue(growth)) return;
    this.#due.add(document);
    if (!this.#isRunning && !this.#isStopped) this.#whenIdle = this.#run();
  }

  forget(document: DocumentId): void {
    this.#growth.delete(document);
    this.#due.delete(document);
  }

  /** Ends with the fold that is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#whenIdle;
  }

  #begin(document: DocumentId): Growth {
    const growth = { updates: this.#parts.random.u32() % foldUpdatesMin, bytes: 0, foldedBytes: 0 };
    this.#growth.set(document, growth);
    return growth;
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (const document of this.#due) {
      if (this.#isStopped) break;
      this.#due.delete(document);
      // Tried again when the document has grown as much once more.
      await this.#fold(document).catch(this.#parts.failed);
    }
    this.#isRunning = false;
  }

  async #fold(document: DocumentId): Promise<void> {
    const { store, queue, collection, unheld } = this.#parts;
    const schema = collection(document);
    if (schema === undefined) return this.forget(document);
    const growth = { updates: 0, bytes: 0, foldedBytes: this.#growth.get(document)?.foldedBytes ?? 0 };
    this.#growth.set(document, growth);
    const { changes, isDamaged, bytes } = await foldStored(store, document, schema, this.#identity);
    growth.foldedBytes = bytes;
    const isForgotten = (): boolean => this.#growth.get(document) !== growth;
    if (isForgotten()) return;
    queue.add(changes, () => {
      if (isDamaged && !isForgotten()) unheld(document);
    });
  }
}

function isDue({ updates, bytes, foldedBytes }: Growth): boolean {
  if (updates >= foldUpdatesMax) return true;
  const isLong = updates >= foldUpdatesMin || bytes >= foldBytesMin;
  return isLong && (bytes + updates * updateWeightBytes) * foldShare >= foldedBytes;
}
