import type { DocumentId } from '@anabranch/protocol';
import type { ClientStore, NewWrite, PendingWrite, StoreChange, StoredDocument, StoreOpening } from './client-store.ts';
import { StoreImage } from './store-image.ts';

/** Keeps nothing beyond the process: for programs that want the documents of a region and no more, and say so. */
export class MemoryStore implements ClientStore {
  readonly #image = new StoreImage();

  open(mintDevice: () => string): Promise<StoreOpening> {
    if (this.#image.device === '') this.#image.device = mintDevice();
    return Promise.resolve(this.#image.opening);
  }

  load(document: DocumentId): Promise<StoredDocument> {
    return Promise.resolve(this.#image.load(document));
  }

  append(write: NewWrite): Promise<number> {
    return Promise.resolve(this.#image.append(write));
  }

  pendingAfter(n: number): Promise<readonly PendingWrite[]> {
    return Promise.resolve(this.#image.pendingAfter(n));
  }

  commit(changes: readonly StoreChange[]): Promise<void> {
    for (const change of changes) this.#image.apply(change);
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}
