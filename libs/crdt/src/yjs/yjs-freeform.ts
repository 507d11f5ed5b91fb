// Freeform documents on Yjs: the application's own Y.Doc. The first segment of a path names a root type, the others lead
// through keys of nested Y.Maps and indexes of nested Y.Arrays. A root type that holds nothing yet takes the type the
// operation needs; the document itself holds root types only, so plain values start one level below.

import { assert, type JsonObject, type JsonValue } from '@anabranch/base';
import * as Y from 'yjs';
import type { Author } from '../crdt-document.ts';
import type { DocumentOp } from '../document-op.ts';
import { applyFreeformOp, type FreeformKind, type FreeformNode } from '../freeform/apply-freeform-op.ts';
import { jsonOfDoc, kindOf, type YjsType } from './yjs-json.ts';
import { textOf } from './yjs-text.ts';

export class YjsFreeform {
  readonly #doc: Y.Doc;
  readonly #origin: unknown;

  /** `origin` is that of the transactions of edits. */
  constructor(doc: Y.Doc, origin: unknown) {
    this.#doc = doc;
    this.#origin = origin;
  }

  get exists(): boolean {
    return [...this.#doc.share.values()].some((type) => kindOf(type) !== 'empty');
  }

  json(): JsonObject {
    return jsonOfDoc(this.#doc);
  }

  transacted(): void {}

  edit(_author: Author, ops: readonly DocumentOp[]): void {
    // Yjs cannot undo half a transaction: several operations are tried on a copy first.
    if (ops.length > 1) {
      const scratch = new Y.Doc();
      // Also of what holds nothing any more: by its kind it is told what may be written there.
      for (const [name, root] of this.#doc.share) if (root.constructor !== Y.AbstractType) scratch.get(name, root.constructor as RootClass);
      Y.applyUpdate(scratch, Y.encodeStateAsUpdate(this.#doc));
      applyAll(scratch, ops, undefined);
      scratch.destroy();
    }
    applyAll(this.#doc, ops, this.#origin);
  }
}

type RootClass = Parameters<Y.Doc['get']>[1];

function applyAll(doc: Y.Doc, ops: readonly DocumentOp[], origin: unknown): void {
  doc.transact(() => {
    for (const [opIndex, op] of ops.entries()) applyFreeformOp(new YjsNode(doc, doc, -1), op, opIndex);
  }, origin);
}

class YjsNode implements FreeformNode {
  readonly depth: number;
  readonly #doc: Y.Doc;
  readonly #type: Y.Doc | Y.Map<unknown> | Y.Array<unknown> | Y.Text;

  constructor(doc: Y.Doc, type: Y.Doc | Y.Map<unknown> | Y.Array<unknown> | Y.Text, depth: number) {
    this.#doc = doc;
    this.#type = type;
    this.depth = depth;
  }

  get kind(): FreeformKind {
    if (this.#type instanceof Y.Text) return 'text';
    return this.#type instanceof Y.Array ? 'list' : 'map';
  }

  get length(): number {
    return this.#type instanceof Y.Text || this.#type instanceof Y.Array ? this.#type.length : 0;
  }

  child(segment: string, wanted: FreeformKind): FreeformNode | undefined {
    const below = this.#below(segment, wanted);
    if (below instanceof Y.XmlText || !(below instanceof Y.Map || below instanceof Y.Array || below instanceof Y.Text)) return undefined;
    return new YjsNode(this.#doc, below, this.depth + 1);
  }

  hasKey(key: string): boolean {
    if (this.#type instanceof Y.Doc) return this.#type.share.has(key);
    return this.#type instanceof Y.Map && this.#type.has(key);
  }

  setKey(key: string, value: JsonValue): boolean {
    if (!(this.#type instanceof Y.Map)) return false;
    this.#type.set(key, value);
    return true;
  }

  removeKey(key: string): void {
    if (this.#type instanceof Y.Map) this.#type.delete(key);
    else if (this.#type instanceof Y.Doc) emptyRoot(this.#type, key);
  }

  insertItem(index: number, value: JsonValue): void {
    assert(this.#type instanceof Y.Array, 'items are inserted into lists');
    this.#type.insert(index, [value]);
  }

  removeItem(index: number): void {
    assert(this.#type instanceof Y.Array, 'items are removed from lists');
    this.#type.delete(index, 1);
  }

  splice(index: number, deleteLength: number, insert: string): void {
    assert(this.#type instanceof Y.Text, 'characters are spliced in texts');
    if (deleteLength > 0) this.#type.delete(index, deleteLength);
    if (insert !== '') this.#type.insert(index, insert);
  }

  text(): string {
    assert(this.#type instanceof Y.Text, 'texts are read as text');
    return textOf(this.#type);
  }

  empty(): void {
    for (const name of [...this.#doc.share.keys()]) emptyRoot(this.#doc, name);
  }

  #below(segment: string, wanted: FreeformKind): unknown {
    if (this.#type instanceof Y.Doc) return rootOf(this.#type, segment, wanted);
    if (this.#type instanceof Y.Map) return this.#type.get(segment);
    return this.#type instanceof Y.Array && /^(0|[1-9]\d{0,8})$/.test(segment) ? this.#type.get(Number(segment)) : undefined;
  }
}

const classes: Readonly<Record<FreeformKind, unknown>> = { map: Y.Map, list: Y.Array, text: Y.Text };

/** The root type of this name, given a type if it has none: the one its content shows, else the wanted one. */
function rootOf(doc: Y.Doc, name: string, wanted: FreeformKind): YjsType | Y.Map<unknown> | Y.Text | Y.XmlFragment | Y.Array<unknown> {
  const known = doc.share.get(name);
  const shown = known === undefined ? 'empty' : kindOf(known);
  if (known !== undefined && known.constructor !== Y.AbstractType) {
    if (shown !== 'empty' || known._start !== null || known._map.size > 0) return known;
    // An application may hold it, with an editor bound to it.
    if (known.constructor === classes[wanted]) return known;
    // Typed by an operation that was refused later: nothing was ever written, so it is free to become another type.
    doc.share.delete(name);
  }
  switch (shown === 'empty' ? wanted : shown) {
    case 'map':
      return doc.getMap(name);
    case 'text':
      return doc.getText(name);
    case 'xml':
      return doc.getXmlFragment(name);
    default:
      return doc.getArray(name);
  }
}

/** Deletes the content of a root type; the type itself stays, as root types always do. */
function emptyRoot(doc: Y.Doc, name: string): void {
  const known = doc.share.get(name);
  if (known === undefined || kindOf(known) === 'empty') return;
  const root = rootOf(doc, name, 'list');
  if (root instanceof Y.Text || root instanceof Y.Array || root instanceof Y.XmlFragment) {
    if (root.length > 0) root.delete(0, root.length);
  }
  for (const key of [...root._map.keys()]) {
    if (root instanceof Y.Map) root.delete(key);
    else if (root instanceof Y.Text) root.removeAttribute(key);
  }
  // Of what was begun as two things, what its type does not reach.
  doc.transact((transaction) => {
    for (let item = root._start; item !== null; item = item.right) item.delete(transaction);
    for (const item of root._map.values()) item.delete(transaction);
    // The library remembers places in a list, which are none any more.
    if (root._searchMarker !== null) root._searchMarker.length = 0;
  });
}
