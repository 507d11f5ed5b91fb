// A document kept by Automerge. It stands between the caller's typed operations and one Automerge document, and works on
// the library's backend directly: the frozen JavaScript view the library would rebuild after each change is not needed.
//
// Updates are change chunks, one after the other; a snapshot is one document chunk.
//
// Invariant 1: changes are merged many at once: one at a time is 50 times slower.
// Invariant 2: no operation stays uncommitted between calls; an edit that is refused is rolled back.
// Invariant 3: changes are made at time 0: the bytes depend on nothing but the edit.

import { assert, canonicalJson, concatBytes, encodeUtf8, type Hash, type JsonObject } from '@anabranch/base';
import { type Doc, getBackend, init, load } from '@automerge/automerge';
import type { Author, CrdtDocument } from '../crdt-document.ts';
import type { DocumentIdentity } from '../document-identity.ts';
import type { DocumentOp } from '../document-op.ts';
import type { CollectionSchema } from '../schema.ts';
import { AutomergeFreeform } from './automerge-freeform.ts';
import { AutomergeTyped } from './automerge-typed.ts';
import { chunkTypes, splitChunks } from './chunks.ts';
import { firstChange } from './first-change.ts';

export type AutomergeHandle = ReturnType<typeof getBackend>;

export class AutomergeDocument implements CrdtDocument {
  readonly library = 'automerge';
  readonly #actor: string;
  readonly #content: AutomergeTyped | AutomergeFreeform;
  #handle: AutomergeHandle;
  /** True while nothing was merged or edited: then a snapshot can replace the document instead of merging into it. */
  #isFresh = true;

  constructor(schema: CollectionSchema['schema'], identity: DocumentIdentity) {
    this.#actor = identity.automergeActor;
    this.#handle = getBackend(init({ actor: this.#actor }));
    if (schema !== 'freeform') this.#handle.applyChanges([firstChange()]);
    this.#content = schema === 'freeform' ? new AutomergeFreeform(this.#handle) : new AutomergeTyped(this.#handle, schema);
  }

  /** Hashes of the newest changes, sorted: the library's own version of the document. */
  get heads(): readonly string[] {
    return this.#handle.getHeads().sort();
  }

  /** The library's read-only view of the current state; made anew on each call. */
  get doc(): Doc<unknown> {
    return this.#handle.materialize('/', undefined, { handle: this.#handle, heads: undefined, freeze: false }) as Doc<unknown>;
  }

  /** True when a change was applied whose predecessors are missing: causal delivery was broken. */
  get hasPending(): boolean {
    return this.#handle.getMissingDeps([]).length > 0;
  }

  apply(updates: readonly Uint8Array[]): void {
    const chunks = updates.flatMap(splitChunks);
    const changes = chunks.filter((chunk) => chunk.type !== chunkTypes.document).map((chunk) => chunk.bytes);
    // `load` verifies checksums; loadIncremental would skip a damaged chunk without a word.
    const snapshots = chunks
      .filter((chunk) => chunk.type === chunkTypes.document)
      .map((chunk) => getBackend(load(chunk.bytes, { actor: this.#actor })));
    const [only] = snapshots;
    if (this.#isFresh && only !== undefined && snapshots.length === 1) {
      this.#replace(only);
    } else {
      for (const snapshot of snapshots) {
        this.#handle.merge(snapshot);
        snapshot.free();
      }
    }
    if (changes.length > 0) this.#handle.applyChanges(changes);
    this.#isFresh = false;
    this.#content.merged();
  }

  edit(author: Author, ops: readonly DocumentOp[]): Uint8Array | undefined {
    assert(this.#handle.pendingOps() === 0, 'no operation is left uncommitted');
    let created: Uint8Array[] | undefined;
    try {
      created = this.#content.edit(author, ops);
    } catch (error) {
      this.#handle.rollback();
      throw error;
    }
    if (created === undefined || this.#handle.commit(null, 0) === null) return undefined;
    this.#isFresh = false;
    this.#content.committed();
    const change = this.#handle.getLastLocalChange();
    assert(change !== null, 'a commit makes a change');
    return concatBytes([...created, change]);
  }

  json(): JsonObject {
    return this.#content.json();
  }

  exists(): boolean {
    return this.#content.exists;
  }

  encodeState(): Uint8Array {
    return this.#handle.save();
  }

  digest(hash: Hash): Uint8Array {
    assert(!this.hasPending, 'a document with parts missing has no digest');
    const heads = this.heads.join(' ');
    const content = this.#content instanceof AutomergeFreeform ? this.#content.jsonWithConflicts() : this.json();
    return hash.sha256(encodeUtf8(`${heads}\n${canonicalJson(content)}`));
  }

  #replace(handle: AutomergeHandle): void {
    const previous = this.#handle;
    this.#handle = handle;
    this.#content.replace(handle);
    previous.free();
  }
}
