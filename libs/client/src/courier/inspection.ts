// What regions send of documents, looked at before it is kept: a region is another computer, and may have a bug or a bad disk.
//
// Invariant 1: what is kept has the form that the library of its collection reads; a whole document is one that an empty
//              document takes. That costs what the bytes cost to read, whatever the document weighs.
// Invariant 2: an update that passes may still contradict what it is merged into. The document is found to be damaged when it is
//              read then, and is asked for again (documents/load-document.ts).

import { AnabranchError } from '@anabranch/base';
import type { CollectionSchema } from '@anabranch/crdt';
import { checkYjsBytes } from '@anabranch/crdt/yjs';
import { collectionOf, type DocumentId } from '@anabranch/protocol';
import { loadAutomerge } from '../documents/automerge-library.ts';
import type { Collections } from '../schema.ts';

export class Inspection {
  readonly #collections: Collections;
  #checkAutomerge: ((bytes: Uint8Array) => void) | undefined;

  constructor(collections: Collections) {
    this.#collections = collections;
  }

  /** Loads what it takes to read the documents of these collections; undefined when that is there. Rejects when it cannot be loaded. */
  prepare(collections: Iterable<string>): Promise<void> | undefined {
    if (this.#checkAutomerge !== undefined) return undefined;
    for (const name of collections) if (this.#collectionNamed(name)?.library === 'automerge') return this.#loadAutomerge();
    return undefined;
  }

  /**
   * @throws AnabranchError `update_invalid`, `update_incomplete`: no region sends that; `not_ready` for a document of a library that
   * is still being loaded.
   */
  check(document: DocumentId, bytes: Uint8Array, isWhole: boolean): void {
    const library = this.collectionOf(document)?.library;
    if (library === 'yjs') return checkYjsBytes(bytes, isWhole);
    if (library === undefined) throw new AnabranchError('update_invalid', `${document} is of no collection of this client`);
    if (this.#checkAutomerge === undefined) throw new AnabranchError('not_ready', 'the library of the document is still being loaded');
    this.#checkAutomerge(bytes);
  }

  /** Undefined for a document of a collection that the client was not told of. */
  collectionOf(document: DocumentId): CollectionSchema | undefined {
    return this.#collectionNamed(collectionOf(document));
  }

  #collectionNamed(name: string): CollectionSchema | undefined {
    return Object.hasOwn(this.#collections, name) ? this.#collections[name] : undefined;
  }

  async #loadAutomerge(): Promise<void> {
    this.#checkAutomerge = (await loadAutomerge()).checkAutomergeBytes;
  }
}
