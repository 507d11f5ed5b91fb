// Typed fields on Yjs: the flat entries in the root map `f`, each text in a root type of its own, `t:` and the field's
// key. Root types are found by name, so a text is the same object on all replicas that ever create it.
//
// Invariant: after each transaction the tree equals the map, entry by entry; entries that are not strings are foreign
//            and count as absent.

import type { JsonObject } from '@anabranch/base';
import type * as Y from 'yjs';
import type { Author } from '../crdt-document.ts';
import type { DocumentOp } from '../document-op.ts';
import type { EscrowAct } from '../escrow.ts';
import type { ObjectSchema } from '../schema.ts';
import { hasBoundedCounter, isBoundedKey } from '../typed/bounded-key.ts';
import type { EditWrites, EntryWrite } from '../typed/edit.ts';
import { rehearseEdit, stageEdit, stageEscrow } from '../typed/stage-edit.ts';
import { TypedTree } from '../typed/typed-tree.ts';
import { writesBounded } from './bounded-writes.ts';
import type { ScannedUpdate } from './update-reader.ts';
import { textOf } from './yjs-text.ts';

const entriesRoot = 'f';
const textPrefix = 't:';

export class YjsTyped {
  /** The schema, if it has bounded counters. */
  readonly boundedSchema: ObjectSchema | undefined;
  readonly tree: TypedTree;
  readonly #doc: Y.Doc;
  readonly #entries: Y.Map<unknown>;
  readonly #texts = new Map<string, Y.Text>();
  #rootsSeen = 0;
  /** True while an own edit is written: the tree holds it already. */
  #isWriting = false;

  constructor(doc: Y.Doc, schema: ObjectSchema) {
    this.boundedSchema = hasBoundedCounter(schema) ? schema : undefined;
    this.#doc = doc;
    this.tree = new TypedTree(schema, (key) => textOf(this.#text(key)));
    this.#entries = doc.getMap(entriesRoot);
    this.#entries.observe((event) => this.#take(event));
  }

  get exists(): boolean {
    return this.tree.exists;
  }

  json(): JsonObject {
    return this.tree.root.view();
  }

  edit(author: Author, ops: readonly DocumentOp[]): void {
    this.#writeStaged(stageEdit(this.tree, author, ops));
  }

  escrow(author: Author, acts: readonly EscrowAct[]): void {
    this.#writeStaged(stageEscrow(this.tree, author, acts));
  }

  rehearse(author: Author, ops: readonly DocumentOp[]): void {
    rehearseEdit(this.tree, author, ops);
  }

  /** Whether an update that passed inspection writes to an entry of a bounded counter. */
  writesBounded(scanned: ScannedUpdate): boolean {
    const { boundedSchema } = this;
    if (boundedSchema === undefined) return false;
    return writesBounded({ root: entriesRoot, map: this.#entries }, scanned, (key) => isBoundedKey(boundedSchema, key));
  }

  /** Meets the texts that remote updates brought: until somebody asks for them, Yjs keeps them without a type. */
  transacted(): void {
    if (this.#doc.share.size === this.#rootsSeen) return;
    for (const name of [...this.#doc.share.keys()].slice(this.#rootsSeen)) {
      const key = name.startsWith(textPrefix) ? name.slice(textPrefix.length) : undefined;
      // A text somebody asked for is observed since then.
      if (key !== undefined && !this.#texts.has(key)) this.tree.text(key)?.changed();
    }
    this.#rootsSeen = this.#doc.share.size;
  }

  #writeStaged(writes: EditWrites | undefined): void {
    if (writes === undefined) return;
    const [only] = writes.entries;
    this.#isWriting = true;
    try {
      // One write is a transaction by itself.
      if (only !== undefined && writes.entries.length === 1 && writes.splices.length === 0) this.#writeEntry(only);
      else this.#doc.transact(() => this.#write(writes));
    } finally {
      this.#isWriting = false;
    }
  }

  #write(writes: EditWrites): void {
    for (const entry of writes.entries) this.#writeEntry(entry);
    for (const { key, index, deleteLength, insert } of writes.splices) {
      const text = this.#text(key);
      if (deleteLength > 0) text.delete(index, deleteLength);
      if (insert !== '') text.insert(index, insert);
    }
  }

  #writeEntry({ key, text }: EntryWrite): void {
    if (text === undefined) this.#entries.delete(key);
    else this.#entries.set(key, text);
  }

  #take(event: Y.YMapEvent<unknown>): void {
    if (this.#isWriting) return;
    for (const key of event.keysChanged) {
      // Foreign list items in the map are reported as the key null.
      if (typeof key !== 'string') continue;
      const value = this.#entries.get(key);
      this.tree.put(key, typeof value === 'string' ? value : undefined);
    }
  }

  #text(key: string): Y.Text {
    const known = this.#texts.get(key);
    if (known !== undefined) return known;
    const text = this.#doc.getText(textPrefix + key);
    text.observe(() => {
      if (!this.#isWriting) this.tree.text(key)?.changed();
    });
    this.#texts.set(key, text);
    return text;
  }
}
