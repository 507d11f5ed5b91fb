// One edit in the making: the operations of a caller, applied one after the other to the tree of fields, so each sees
// what the earlier ones did. The library is touched only when all have passed.
//
//   op -> put / splice on the tree, old value journalled -> ... -> commit: the journal names what to write
//                                                            `----> revert: the journal restores the tree
//
// Invariant 1: after revert the tree is as it was before the edit.
// Invariant 2: the writes handed to the library are exactly the entries whose text differs from before the edit.

import { AnabranchError, type ErrorCode } from '@anabranch/base';
import { formatHlc } from '@anabranch/causality';
import type { Author } from '../crdt-document.ts';

export interface TextSplice {
  readonly key: string;
  readonly index: number;
  readonly deleteLength: number;
  readonly insert: string;
}

/** What an edit changes in the library: flat entries (undefined deletes) and texts. */
export interface EditWrites {
  readonly entries: ReadonlyMap<string, string | undefined>;
  readonly splices: readonly TextSplice[];
}

/** The flat entries of one field, as an edit sees them. */
export interface StagedEntries {
  /** The flat key of an entry is this prefix and its name. */
  readonly prefix: string;
  get(name: string): string | undefined;
  put(name: string, text: string | undefined): void;
}

/** A text field as an edit sees it. */
export interface StagedText {
  readonly key: string;
  readonly value: string;
  stage(value: string): void;
}

/** The id of the nth list item (from 0) that an edit inserts: unique in all replicas. */
export function itemIdOf(author: Pick<Author, 'writer' | 'dot'>, nth: number): string {
  const dot = author.dot.toString(36);
  return nth === 0 ? `${dot}@${author.writer}` : `${dot}.${nth.toString(36)}@${author.writer}`;
}

export class Edit {
  readonly writer: string;
  /** The author's dot in base 36: unique among all edits of the writer. */
  readonly dot: string;
  readonly hlc: string;
  /** The operation being applied, for error details. */
  op: { readonly path: string; readonly index: number } = { path: '', index: 0 };

  readonly #before = new Map<string, { leaf: StagedEntries; name: string; text: string | undefined }>();
  readonly #textsBefore = new Map<StagedText, string>();
  readonly #splices: TextSplice[] = [];
  readonly #author: Author;
  #idsIssued = 0;
  #writeCount = 0;

  constructor(author: Author) {
    this.#author = author;
    this.writer = author.writer;
    this.dot = author.dot.toString(36);
    this.hlc = formatHlc(author.hlc);
  }

  /** How much was written so far: an operation that leaves it as it was has changed nothing. */
  get writeCount(): number {
    return this.#writeCount;
  }

  put(leaf: StagedEntries, name: string, text: string | undefined): void {
    const key = leaf.prefix + name;
    const before = leaf.get(name);
    if (!this.#before.has(key)) this.#before.set(key, { leaf, name, text: before });
    leaf.put(name, text);
    this.#writeCount++;
  }

  splice(text: StagedText, index: number, deleteLength: number, insert: string): void {
    if (deleteLength === 0 && insert === '') return;
    if (!this.#textsBefore.has(text)) this.#textsBefore.set(text, text.value);
    this.#writeCount++;
    this.#splices.push({ key: text.key, index, deleteLength, insert });
    text.stage(text.value.slice(0, index) + insert + text.value.slice(index + deleteLength));
  }

  /** An id for a new list item. */
  issueItemId(): string {
    return itemIdOf(this.#author, this.#idsIssued++);
  }

  /** Refuses the operation being applied. */
  reject(code: ErrorCode, message: string): never {
    throw new AnabranchError(code, message, { path: this.op.path, opIndex: this.op.index });
  }

  /** What differs from before the edit; undefined when nothing does. */
  writes(): EditWrites | undefined {
    const entries = new Map<string, string | undefined>();
    for (const [key, { leaf, name, text }] of this.#before) {
      const now = leaf.get(name);
      if (now !== text) entries.set(key, now);
    }
    return entries.size === 0 && this.#splices.length === 0 ? undefined : { entries, splices: this.#splices };
  }

  revert(): void {
    for (const { leaf, name, text } of this.#before.values()) leaf.put(name, text);
    for (const [text, value] of this.#textsBefore) text.stage(value);
  }
}
