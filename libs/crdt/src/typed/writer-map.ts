// Entries of the form `writer -> text`, with the rule all simple types share: setting writes the writer's own entry and
// deletes the others it sees. What remains are the writes that no later write had seen.

import { escapePart, unescapePart } from '../path.ts';
import type { Edit } from './edit.ts';
import { Leaf } from './field-node.ts';

export abstract class WriterLeaf<Parsed> extends Leaf {
  readonly #texts = new Map<string, string>();
  /** Well-formed entries by writer. */
  protected readonly parsed: Map<string, Parsed> = new Map();

  get isLive(): boolean {
    return this.parsed.size > 0;
  }

  get isVacant(): boolean {
    return this.#texts.size === 0;
  }

  get(name: string): string | undefined {
    return this.#texts.get(name);
  }

  removeSeen(edit: Edit): void {
    for (const name of [...this.#texts.keys()]) edit.put(this, name, undefined);
  }

  /** Writes the author's own entry and deletes all others seen. */
  protected setOwn(edit: Edit, text: string): void {
    const own = escapePart(edit.writer);
    for (const name of [...this.#texts.keys()]) if (name !== own) edit.put(this, name, undefined);
    edit.put(this, own, text);
  }

  protected store(name: string, text: string | undefined): void {
    const writer = unescapePart(name);
    const parsed = text === undefined || writer === undefined ? undefined : this.parse(text);
    if (text === undefined) this.#texts.delete(name);
    else this.#texts.set(name, text);
    if (writer === undefined) return;
    if (parsed === undefined) this.parsed.delete(writer);
    else this.parsed.set(writer, parsed);
  }

  protected abstract parse(text: string): Parsed | undefined;
}
