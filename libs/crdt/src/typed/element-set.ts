// A set with observed remove: `element, writer -> dot`, the element as canonical JSON. Adding writes a fresh dot under the
// author's own key and deletes the others seen; removing deletes the dots seen. So an add concurrent with a remove stays.

import { canonicalJson, compareStrings, type JsonValue } from '@anabranch/base';
import { readStoredJson } from '../bounded-json.ts';
import { escapePart, splitParts } from '../path.ts';
import type { Edit } from './edit.ts';
import { Leaf } from './field-node.ts';

interface Element {
  readonly value: JsonValue;
  /** Entry names, one for each writer whose add is in force. */
  readonly names: Set<string>;
}

export class ElementSet extends Leaf {
  readonly #texts = new Map<string, string>();
  readonly #elements = new Map<string, Element>();

  get isLive(): boolean {
    return this.#elements.size > 0;
  }

  get isVacant(): boolean {
    return this.#texts.size === 0;
  }

  get(name: string): string | undefined {
    return this.#texts.get(name);
  }

  /** `element` is canonical JSON. */
  add(edit: Edit, element: string): void {
    const own = `${escapePart(element)}/${escapePart(edit.writer)}`;
    for (const name of this.#namesOf(element)) if (name !== own) edit.put(this, name, undefined);
    edit.put(this, own, edit.dot);
  }

  remove(edit: Edit, element: string): void {
    for (const name of this.#namesOf(element)) edit.put(this, name, undefined);
  }

  removeSeen(edit: Edit): void {
    for (const name of [...this.#texts.keys()]) edit.put(this, name, undefined);
  }

  protected computeView(): JsonValue {
    return [...this.#elements].sort(([a], [b]) => compareStrings(a, b)).map(([, element]) => element.value);
  }

  protected store(name: string, text: string | undefined): void {
    if (text === undefined) this.#texts.delete(name);
    else this.#texts.set(name, text);
    const [canonical, writer, ...rest] = splitParts(name) ?? [];
    if (canonical === undefined || writer === undefined || rest.length > 0) return;
    if (text === undefined) this.#dropName(canonical, name);
    else this.#keepName(canonical, name);
  }

  #namesOf(element: string): string[] {
    return [...(this.#elements.get(element)?.names ?? [])];
  }

  #keepName(canonical: string, name: string): void {
    const known = this.#elements.get(canonical);
    if (known !== undefined) {
      known.names.add(name);
      return;
    }
    const value = readStoredJson(canonical);
    if (value === undefined || canonicalJson(value) !== canonical) return;
    this.#elements.set(canonical, { value, names: new Set([name]) });
  }

  #dropName(canonical: string, name: string): void {
    const known = this.#elements.get(canonical);
    if (known === undefined) return;
    known.names.delete(name);
    if (known.names.size === 0) this.#elements.delete(canonical);
  }
}
