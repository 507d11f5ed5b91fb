// Typed fields on Automerge: the flat entries as scalar strings in the map `f`, each text in a text object in the map `t`.
//
// Invariant: after each merge the tree equals the maps, entry by entry; entries that are not scalar strings are foreign
//            and count as absent.

import { assert, type JsonObject } from '@anabranch/base';
import { isImmutableString, type Patch } from '@automerge/automerge';
import type { Author } from '../crdt-document.ts';
import type { DocumentOp } from '../document-op.ts';
import type { EscrowAct } from '../escrow.ts';
import type { ObjectSchema } from '../schema.ts';
import { hasBoundedCounter } from '../typed/bounded-key.ts';
import type { EditWrites } from '../typed/edit.ts';
import { rehearseEdit, stageEdit, stageEscrow } from '../typed/stage-edit.ts';
import { TypedTree } from '../typed/typed-tree.ts';
import type { AutomergeHandle } from './automerge-handle.ts';
import { entriesId, textCreation, textsId } from './first-change.ts';

export class AutomergeTyped {
  /** The schema, if it has bounded counters. */
  readonly boundedSchema: ObjectSchema | undefined;
  readonly tree: TypedTree;
  #handle: AutomergeHandle;

  constructor(handle: AutomergeHandle, schema: ObjectSchema) {
    this.boundedSchema = hasBoundedCounter(schema) ? schema : undefined;
    this.#handle = handle;
    this.tree = new TypedTree(schema, (key) => this.#readText(key));
    this.#handle.updateDiffCursor();
  }

  get exists(): boolean {
    return this.tree.exists;
  }

  json(): JsonObject {
    return this.tree.root.view();
  }

  /** Takes over a document that was loaded whole in place of an empty one. */
  replace(handle: AutomergeHandle): void {
    this.#handle = handle;
    for (const key of handle.keys(entriesId)) this.#takeEntry(key);
    for (const key of handle.keys(textsId)) this.tree.text(key)?.changed();
    handle.updateDiffCursor();
  }

  merged(): void {
    for (const patch of this.#handle.diffIncremental()) this.#take(patch);
  }

  rehearse(author: Author, ops: readonly DocumentOp[]): void {
    rehearseEdit(this.tree, author, ops);
  }

  /** Writes uncommitted operations; returns changes that were made before them, or undefined when there is nothing to do. */
  edit(author: Author, ops: readonly DocumentOp[]): Uint8Array[] | undefined {
    return this.#write(stageEdit(this.tree, author, ops));
  }

  /** The same for acts of escrow. */
  escrow(author: Author, acts: readonly EscrowAct[]): Uint8Array[] | undefined {
    return this.#write(stageEscrow(this.tree, author, acts));
  }

  /** The operations of {@link edit} are committed: the tree holds them already. */
  committed(): void {
    this.#handle.updateDiffCursor();
  }

  #write(writes: EditWrites | undefined): Uint8Array[] | undefined {
    if (writes === undefined) return undefined;
    const created = [...new Set(writes.splices.map((splice) => splice.key))]
      .filter((key) => this.#textId(key) === undefined)
      .map(textCreation);
    if (created.length > 0) this.#handle.applyChanges(created);
    for (const { key, text } of writes.entries) {
      if (text === undefined) this.#handle.delete(entriesId, key);
      else this.#handle.put(entriesId, key, text, 'str');
    }
    for (const { key, index, deleteLength, insert } of writes.splices) {
      const id = this.#textId(key);
      assert(id !== undefined, 'a text exists before it is edited');
      this.#handle.splice(id, index, deleteLength, insert);
    }
    return created;
  }

  #take(patch: Patch): void {
    const [root, key] = patch.path;
    if (typeof key !== 'string') return;
    if (root === 't') this.tree.text(key)?.changed();
    else if (patch.action === 'del') this.tree.put(key, undefined);
    else if (patch.action !== 'put') this.#takeEntry(key);
    else if (patch.path.length === 2) this.tree.put(key, isImmutableString(patch.value) ? patch.value.val : undefined);
  }

  #takeEntry(key: string): void {
    const found = this.#handle.getWithType(entriesId, key);
    this.tree.put(key, found?.[0] === 'str' ? found[1] : undefined);
  }

  #readText(key: string): string {
    const id = this.#textId(key);
    return id === undefined ? '' : this.#handle.text(id);
  }

  #textId(key: string): string | undefined {
    const found = this.#handle.getWithType(textsId, key);
    return found?.[0] === 'text' ? found[1] : undefined;
  }
}
