// The tree of typed fields of one document, mirroring its schema: what an edit reads and what the JSON view is built
// from. A leaf holds the flat entries of one field, parsed; maps and objects only group. The library below keeps the
// same entries under flat keys (path.ts); the tree is kept equal to it entry by entry, never by scanning.
//
// Invariant 1: a field is live iff some contribution at or below it is in force. A map shows exactly its live keys.
// Invariant 2: entries that do not parse change nothing in the view.

import type { JsonValue } from '@anabranch/base';
import type { Edit, StagedEntries } from './edit.ts';

export interface FieldNode {
  /** False when nothing at or below contributes to the view: the field shows its empty value. */
  readonly isLive: boolean;
  /** True when nothing is stored at or below, not even leftovers: the node can be forgotten. */
  readonly isVacant: boolean;
  view(): JsonValue;
  /** Cancels exactly the contributions this replica sees at and below the field. */
  removeSeen(edit: Edit): void;
}

/** Who holds a node: told when anything at or below the child of this name changed. */
export interface NodeParent {
  childChanged(name: string): void;
}

/** Where a node stands. `key` is the joined path of its field, `name` the last part of it, unescaped. */
export interface Place {
  readonly key: string;
  readonly name: string;
  readonly parent: NodeParent;
}

/** One field's flat entries. `name` is the part of the flat key behind the field's path, still escaped. */
export abstract class Leaf implements FieldNode, StagedEntries {
  /** The flat key of an entry is this prefix and its name. */
  readonly prefix: string;
  readonly #name: string;
  readonly #parent: NodeParent;
  #view: JsonValue | undefined;

  constructor({ key, name, parent }: Place) {
    this.prefix = `${key}/`;
    this.#name = name;
    this.#parent = parent;
  }

  abstract readonly isLive: boolean;
  abstract readonly isVacant: boolean;
  abstract removeSeen(edit: Edit): void;

  view(): JsonValue {
    this.#view ??= this.computeView();
    return this.#view;
  }

  /** The stored text of an entry, or undefined. */
  abstract get(name: string): string | undefined;

  /** Makes the entry hold `text`, or nothing; called for own staged writes and for what other replicas wrote. */
  put(name: string, text: string | undefined): void {
    this.#view = undefined;
    this.store(name, text);
    this.#parent.childChanged(this.#name);
  }

  /** Deletes leftovers that no replica needs; see the types that leave any. */
  sweep(_edit: Edit): void {}

  protected abstract computeView(): JsonValue;
  protected abstract store(name: string, text: string | undefined): void;
}
