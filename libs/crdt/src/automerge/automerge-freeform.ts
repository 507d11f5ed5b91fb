// Freeform documents on Automerge: the application's own document, any nesting of maps, lists and texts.

import { assert, forbiddenKeys, type JsonObject, type JsonValue, toBase64url } from '@anabranch/base';
import type { Author } from '../crdt-document.ts';
import type { DocumentOp } from '../document-op.ts';
import { applyFreeformOp, type FreeformKind, type FreeformNode } from '../freeform/apply-freeform-op.ts';
import { crdtLimits } from '../limits.ts';
import type { AutomergeHandle } from './automerge-handle.ts';

type FullValue = NonNullable<ReturnType<AutomergeHandle['getWithType']>>;

const rootId = '_root';

export class AutomergeFreeform {
  #handle: AutomergeHandle;
  #json: JsonObject | undefined;

  constructor(handle: AutomergeHandle) {
    this.#handle = handle;
  }

  get exists(): boolean {
    return this.#handle.keys(rootId).length > 0;
  }

  json(): JsonObject {
    this.#json ??= new JsonReader(this.#handle, false).map(rootId, 0);
    return this.#json;
  }

  /** The view with the losing value of each conflict beside the winning one, each under the id of its operation. */
  jsonWithConflicts(): JsonObject {
    return new JsonReader(this.#handle, true).map(rootId, 0);
  }

  replace(handle: AutomergeHandle): void {
    this.#handle = handle;
    this.#json = undefined;
  }

  merged(): void {
    this.#json = undefined;
    // Nobody reads the patches of a freeform document; the library must not collect them for its next sync message.
    this.#handle.updateDiffCursor();
  }

  edit(_author: Author, ops: readonly DocumentOp[]): Uint8Array[] | undefined {
    const root = new AutomergeNode(this.#handle, { kind: 'map', id: rootId, depth: 0 });
    for (const [opIndex, op] of ops.entries()) applyFreeformOp(root, op, opIndex);
    return this.#handle.pendingOps() === 0 ? undefined : [];
  }

  committed(): void {
    this.merged();
  }
}

class AutomergeNode implements FreeformNode {
  readonly kind: FreeformKind;
  readonly depth: number;
  readonly #handle: AutomergeHandle;
  readonly #id: string;

  constructor(handle: AutomergeHandle, { kind, id, depth }: { kind: FreeformKind; id: string; depth: number }) {
    this.#handle = handle;
    this.kind = kind;
    this.depth = depth;
    this.#id = id;
  }

  get length(): number {
    return this.kind === 'map' ? 0 : this.#handle.length(this.#id);
  }

  child(segment: string, _wanted: FreeformKind): FreeformNode | undefined {
    const isIndex = /^(0|[1-9]\d{0,8})$/.test(segment);
    if (this.kind === 'text' || (this.kind === 'list' && !isIndex) || segment === '') return undefined;
    const found = this.#handle.getWithType(this.#id, this.kind === 'list' ? Number(segment) : segment);
    switch (found?.[0]) {
      case 'map':
      case 'list':
      case 'text':
        return new AutomergeNode(this.#handle, { kind: found[0], id: found[1], depth: this.depth + 1 });
      default:
        return undefined;
    }
  }

  hasKey(key: string): boolean {
    return key !== '' && this.#handle.getWithType(this.#id, key) !== null;
  }

  setKey(key: string, value: JsonValue): boolean {
    // Automerge has no empty keys.
    if (key === '') return false;
    this.#putMember(key, value);
    return true;
  }

  removeKey(key: string): void {
    this.#handle.delete(this.#id, key);
  }

  insertItem(index: number, value: JsonValue): void {
    if (isNested(value)) this.#fill(this.#handle.insertObject(this.#id, index, shellOf(value)), value);
    else this.#handle.insert(this.#id, index, value, datatypeOf(value));
  }

  removeItem(index: number): void {
    this.#handle.delete(this.#id, index);
  }

  splice(index: number, deleteLength: number, insert: string): void {
    this.#handle.splice(this.#id, index, deleteLength, insert);
  }

  text(): string {
    assert(this.kind === 'text', 'texts are read as text');
    return this.#handle.text(this.#id);
  }

  empty(): void {
    for (const key of this.#handle.keys(this.#id)) this.#handle.delete(this.#id, key);
  }

  /** Writes the members of a list or map one by one: given whole, the library would choose how numbers are kept. */
  #fill(id: string, value: string | JsonValue[] | Record<string, JsonValue>): void {
    if (typeof value === 'string') return;
    const isList = Array.isArray(value);
    const node = new AutomergeNode(this.#handle, { kind: isList ? 'list' : 'map', id, depth: this.depth + 1 });
    if (isList) for (const [index, item] of value.entries()) node.insertItem(index, item);
    else for (const [key, member] of Object.entries(value)) node.#putMember(key, member);
  }

  #putMember(key: string, value: JsonValue): void {
    if (isNested(value)) this.#fill(this.#handle.putObject(this.#id, key, shellOf(value)), value);
    else this.#handle.put(this.#id, key, value, datatypeOf(value));
  }
}

/** A text whole; of a list or map, an empty one. */
function shellOf(value: string | JsonValue[] | Record<string, JsonValue>): string | JsonValue[] | Record<string, JsonValue> {
  if (typeof value === 'string') return value;
  return Array.isArray(value) ? [] : {};
}

/**
 * The library makes integers of whole numbers: it cuts those beyond 64 bits, and changes with any beyond the safe integers are not decoded.
 * As floating-point numbers they are what they are in JSON.
 */
function datatypeOf(value: JsonValue): 'f64' | undefined {
  return typeof value === 'number' && Math.abs(value) > Number.MAX_SAFE_INTEGER ? 'f64' : undefined;
}

/** Values the library keeps as objects: strings are texts in Automerge 3. */
function isNested(value: JsonValue): value is string | JsonValue[] | Record<string, JsonValue> {
  return typeof value === 'string' || (typeof value === 'object' && value !== null);
}

/** JSON has no infinite numbers, and none that is none. */
function finite(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** Reads a whole document as JSON. It is total: times are shown as milliseconds, bytes as base64url. */
class JsonReader {
  readonly #handle: AutomergeHandle;
  readonly #showsConflicts: boolean;

  constructor(handle: AutomergeHandle, showsConflicts: boolean) {
    this.#handle = handle;
    this.#showsConflicts = showsConflicts;
  }

  map(id: string, depth: number): JsonObject {
    const view: Record<string, JsonValue> = {};
    for (const key of this.#handle.keys(id)) {
      if (!forbiddenKeys.has(key)) view[key] = this.#at(id, key, depth);
    }
    return view;
  }

  #at(id: string, prop: string | number, depth: number): JsonValue {
    const winner = this.#handle.getWithType(id, prop);
    if (winner === null) return null;
    const all = this.#showsConflicts ? this.#handle.getAll(id, prop) : [];
    if (all.length <= 1) return this.#value(winner, depth);
    return { conflict: all.map((value) => [String(value.at(-1)), this.#value(value, depth)]) };
  }

  #value(value: readonly unknown[], depth: number): JsonValue {
    const [type, content] = value as FullValue;
    if (depth > crdtLimits.valueDepthMax) return null;
    switch (type) {
      case 'map':
      case 'table':
        return this.map(content, depth + 1);
      case 'list':
        return Array.from({ length: this.#handle.length(content) }, (_, i) => this.#at(content, i, depth + 1));
      case 'text':
        return this.#handle.text(content);
      case 'timestamp':
        return finite(content.getTime());
      case 'bytes':
        return toBase64url(content);
      case 'null':
        return null;
      case 'int':
      case 'uint':
      case 'f64':
      case 'counter':
        // Unsigned ones, and large ones, are big integers.
        return finite(Number(content));
      default:
        return content;
    }
  }
}
