// The documents that one client follows, in the index of the hub for as long as they are kept: a client that goes and comes back
// finds them as they were, whatever their number, and between the two nobody is told of them.

import type { DocumentId, DocumentWrite } from '@anabranch/protocol';
import type { OpId } from '../document-view.ts';

export interface SubscribedOp {
  readonly opId: OpId;
  /** Those to documents that are followed, at least one. */
  readonly writes: readonly DocumentWrite[];
}

/** Who is told. */
export interface Follower {
  offer(op: SubscribedOp): void;
}

/** Where followed documents are found by name. */
export interface FollowingIndex {
  add(document: DocumentId, following: Following): void;
  remove(document: DocumentId, following: Following): void;
}

export class Following {
  readonly #index: FollowingIndex;
  readonly #documents = new Set<DocumentId>();
  /** Who is told of them now. */
  follower: Follower | undefined;

  constructor(index: FollowingIndex) {
    this.#index = index;
  }

  get size(): number {
    return this.#documents.size;
  }

  documents(): IterableIterator<DocumentId> {
    return this.#documents.values();
  }

  has(document: DocumentId): boolean {
    return this.#documents.has(document);
  }

  add(document: DocumentId): void {
    if (this.#documents.has(document)) return;
    this.#documents.add(document);
    this.#index.add(document, this);
  }

  remove(document: DocumentId): void {
    if (this.#documents.delete(document)) this.#index.remove(document, this);
  }

  /** Nobody comes back for them. */
  release(): void {
    for (const document of this.#documents) this.#index.remove(document, this);
    this.#documents.clear();
  }
}
