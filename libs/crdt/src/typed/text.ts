// A text: the library's own sequence of UTF-16 units, the same object on every replica. The tree keeps only its current
// string, read from the library when somebody asks after it changed there.

import type { JsonValue } from '@anabranch/base';
import type { Edit, StagedText } from './edit.ts';
import type { FieldNode, NodeParent, Place } from './field-node.ts';

/** How a text is read from the library, by the key of its field (the joined path). */
export type ReadText = (key: string) => string;

export class Text implements FieldNode, StagedText {
  readonly key: string;
  readonly #name: string;
  readonly #parent: NodeParent;
  readonly #read: ReadText;
  #value: string | undefined;

  constructor({ key, name, parent }: Place, read: ReadText) {
    this.key = key;
    this.#name = name;
    this.#parent = parent;
    this.#read = read;
  }

  get value(): string {
    this.#value ??= this.#read(this.key);
    return this.#value;
  }

  get isLive(): boolean {
    return this.value !== '';
  }

  /** Never forgotten: the library keeps the object as long as the document lives. */
  get isVacant(): boolean {
    return false;
  }

  view(): JsonValue {
    return this.value;
  }

  removeSeen(edit: Edit): void {
    edit.splice(this, 0, this.value.length, '');
  }

  stage(value: string): void {
    this.#value = value;
    this.#parent.childChanged(this.#name);
  }

  /** The library's object changed. */
  changed(): void {
    this.#value = undefined;
    this.#parent.childChanged(this.#name);
  }
}
