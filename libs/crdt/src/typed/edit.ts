// One edit in the making: the operations of a caller, applied one after the other to the tree of fields, so each sees
// what the earlier ones did. The library is touched only when all have passed.
//
//   op -> put / splice on the tree, old value journalled -> ... -> writes: the journal names what to write
//                                                            `----> revert: the journal, read backwards, restores the tree
//
// Invariant 1: after revert the tree is as it was before the edit.
// Invariant 2: the writes handed to the library are exactly the entries whose text differs from before the edit.

import { AnabranchError, type ErrorCode } from '@anabranch/base';
import { formatHlc } from '@anabranch/causality';
import type { Author } from '../crdt-document.ts';
import { pathOfOp } from '../document-op-shape.ts';

export interface TextSplice {
  readonly key: string;
  readonly index: number;
  readonly deleteLength: number;
  readonly insert: string;
}

export interface EntryWrite {
  readonly key: string;
  /** Undefined deletes the entry. */
  readonly text: string | undefined;
}

/** What an edit changes in the library: flat entries, each named once, and texts. */
export interface EditWrites {
  readonly entries: readonly EntryWrite[];
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

/** What one put replaced. */
interface Replaced {
  readonly leaf: StagedEntries;
  readonly name: string;
  readonly text: string | undefined;
}

export class Edit {
  /** The operation being applied, whatever it is, and its position, for error details. */
  op: unknown;
  opIndex = 0;

  readonly #replaced: Replaced[] = [];
  readonly #textsReplaced: { readonly text: StagedText; readonly value: string }[] = [];
  readonly #splices: TextSplice[] = [];
  readonly #author: Author;
  #idsIssued = 0;

  constructor(author: Author) {
    this.#author = author;
  }

  get writer(): string {
    return this.#author.writer;
  }

  /** The author's dot in base 36: unique among all edits of the writer. */
  get dot(): string {
    return this.#author.dot.toString(36);
  }

  get hlc(): string {
    return formatHlc(this.#author.hlc);
  }

  /** Whether the caller vouches that all is here that this holder of rights, of the author's own region, ever wrote. */
  mayTakeOver(holder: string): boolean {
    return this.#author.mayTakeOver?.(holder) ?? false;
  }

  /** How much was written so far: an operation that leaves it as it was has changed nothing. */
  get writeCount(): number {
    return this.#replaced.length + this.#splices.length;
  }

  put(leaf: StagedEntries, name: string, text: string | undefined): void {
    this.#replaced.push({ leaf, name, text: leaf.get(name) });
    leaf.put(name, text);
  }

  splice(text: StagedText, index: number, deleteLength: number, insert: string): void {
    if (deleteLength === 0 && insert === '') return;
    this.#textsReplaced.push({ text, value: text.value });
    this.#splices.push({ key: text.key, index, deleteLength, insert });
    text.stage(text.value.slice(0, index) + insert + text.value.slice(index + deleteLength));
  }

  /** An id for a new list item. */
  issueItemId(): string {
    return itemIdOf(this.#author, this.#idsIssued++);
  }

  /** Refuses the operation being applied. */
  reject(code: ErrorCode, message: string, details: Readonly<Record<string, unknown>> = {}): never {
    throw new AnabranchError(code, message, { path: pathOfOp(this.op), opIndex: this.opIndex, ...details });
  }

  /** What differs from before the edit; undefined when nothing does. */
  writes(): EditWrites | undefined {
    const entries: EntryWrite[] = [];
    for (const { leaf, name, text } of this.#firstReplaced()) {
      const now = leaf.get(name);
      if (now !== text) entries.push({ key: leaf.prefix + name, text: now });
    }
    return entries.length === 0 && this.#splices.length === 0 ? undefined : { entries, splices: this.#splices };
  }

  revert(): void {
    for (const { leaf, name, text } of this.#replaced.toReversed()) leaf.put(name, text);
    for (const { text, value } of this.#textsReplaced.toReversed()) text.stage(value);
  }

  /** What each entry held before the edit. */
  #firstReplaced(): Iterable<Replaced> {
    if (this.#replaced.length <= 1) return this.#replaced;
    const first = new Map<string, Replaced>();
    for (const replaced of this.#replaced) {
      const key = replaced.leaf.prefix + replaced.name;
      if (!first.has(key)) first.set(key, replaced);
    }
    return first.values();
  }
}
