// JSON patch (RFC 6902) on typed documents. Entries are worked through in order on the JSON view; each is carried out twice:
// on the view, as the RFC says, which finds targets that are missing and gives the next entry its view, and as operations
// of the typed field that governs its path:
//
//   entry                                   operations
//   add, remove, replace of a list item     insert, remove, or both, at that index
//   move within one list                    move: the item keeps its identity
//   remove of a map key / of the document   remove: an observed remove
//   remove of another field                 clear
//   anything else                           the field is assigned its next value (assignment.ts)
//   test                                    none
//
// Invariant 1: applying the planned operations to the document gives the view that the entries gave.
// Invariant 2: a patch holds up others for little longer than `planMsMax`, and makes no more operations than an edit may have: what
//              an entry costs depends on the document, and a few bytes of `copy` name all of it.
// Invariant 3: no value on the view is larger than a value may be: one that is copied into itself would double each time.

import { AnabranchError, type Clock, type JsonValue } from '@anabranch/base';
import { type CollectionSchema, crdtLimits, type DocumentOp, type FieldSchema, type ObjectSchema } from '@anabranch/crdt';
import { assign, fieldOf, mismatch } from './assignment.ts';
import { appendSegment, parsePointer } from './json-pointer.ts';
import type { PatchPlan } from './patch-plan.ts';
import { changed, emptyView, indexIn, isArray, isLiveView, jsonEqual, settledView, valueAt } from './patch-view.ts';

export type JsonPatchEntry =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'test'; readonly path: string; readonly value: JsonValue }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'move' | 'copy'; readonly from: string; readonly path: string };

/** Time in which the entries of a patch are begun. Beyond: 413 `request_too_large`. */
const planMsMax = 200;
/** Characters of all values and texts that the operations of a patch write. Beyond: 413 `request_too_large`. */
const writtenUnitsMax: number = 16 << 20;

/** @throws AnabranchError `type_mismatch` for a freeform collection. */
export function planJsonPatch(
  collection: CollectionSchema,
  entries: readonly JsonPatchEntry[],
  clock: Pick<Clock, 'monotonicMs'>,
): PatchPlan {
  const { schema } = collection;
  if (schema === 'freeform') throw mismatch('', 'a freeform document has no typed fields to patch');
  return (view) => {
    const patching = new Patching(schema, view);
    const endMs = clock.monotonicMs() + planMsMax;
    entries.forEach((entry, index) => {
      try {
        if (clock.monotonicMs() > endMs) throw new AnabranchError('request_too_large', 'the patch takes too long: send it in parts');
        patching.carryOut(entry, index);
      } catch (error) {
        if (!(error instanceof AnabranchError)) throw error;
        throw new AnabranchError(error.code, error.message, { path: entry.path, ...error.details, opIndex: index });
      }
    });
    return patching;
  };
}

/** The field that governs a path: the deepest typed field on it. */
interface Governed {
  readonly field: FieldSchema;
  readonly path: string;
  readonly segments: readonly string[];
  /** What the path names inside the field's value. */
  readonly inside: readonly string[];
  readonly isMapKey: boolean;
}

class Patching {
  readonly ops: DocumentOp[] = [];
  readonly entryOf: number[] = [];
  readonly #schema: ObjectSchema;
  #view: JsonValue;
  #entry = 0;
  #writtenUnits = 0;

  constructor(schema: ObjectSchema, view: JsonValue) {
    this.#schema = schema;
    this.#view = view;
  }

  carryOut(entry: JsonPatchEntry, index: number): void {
    this.#entry = index;
    const segments = parsePointer(entry.path);
    switch (entry.op) {
      case 'test':
        this.#test(segments, entry.value);
        break;
      case 'add':
      case 'replace':
        this.#write(segments, entry.op, entry.value);
        break;
      case 'remove':
        this.#remove(segments);
        break;
      case 'move':
        this.#move(parsePointer(entry.from), segments);
        break;
      case 'copy':
        this.#write(segments, 'add', valueAt(this.#view, parsePointer(entry.from)));
        break;
    }
  }

  #test(segments: readonly string[], value: JsonValue): void {
    if (jsonEqual(valueAt(this.#view, segments), value)) return;
    throw new AnabranchError('patch_test_failed', 'the value at the path is not the one of the test');
  }

  #write(segments: readonly string[], kind: 'add' | 'replace', value: JsonValue): void {
    const at = govern(this.#schema, segments);
    const next = changed(this.#view, segments, { kind, value });
    const [item, ...within] = at.inside;
    if (at.field.type === 'list' && item !== undefined && within.length === 0) {
      const length = this.#listLength(at);
      const index = item === '-' ? length : indexIn(item, length);
      if (kind === 'replace') this.#plan([{ op: 'remove', path: at.path, index }]);
      this.#plan([{ op: 'insert', path: at.path, index, value }]);
      this.#view = next;
      return;
    }
    const current = at.isMapKey && at.inside.length === 0 && kind === 'add' ? this.#find(at.segments) : valueAt(this.#view, at.segments);
    const target = at.inside.length === 0 ? value : valueAt(next, at.segments);
    this.#plan(assign(at.field, at.path, current, target));
    // A map has the keys below which there is something.
    if (at.isMapKey && at.inside.length === 0 && !isLiveView(at.field, target)) {
      throw new AnabranchError('value_invalid', 'below a map key there must be something: remove the key instead', { path: at.path });
    }
    this.#settle(at, settledView(at.field, target));
  }

  #remove(segments: readonly string[]): void {
    const at = govern(this.#schema, segments);
    const next = changed(this.#view, segments, { kind: 'remove' });
    const [item, ...within] = at.inside;
    if (item === undefined) {
      const isRemovable = at.isMapKey || segments.length === 0;
      this.#plan([{ op: isRemovable ? 'remove' : 'clear', path: at.path }]);
      if (at.isMapKey) this.#view = next;
      else this.#settle(at, emptyView(at.field));
    } else if (at.field.type === 'list' && within.length === 0) {
      this.#plan([{ op: 'remove', path: at.path, index: indexIn(item, this.#listLength(at) - 1) }]);
      this.#view = next;
    } else {
      const target = valueAt(next, at.segments);
      this.#plan(assign(at.field, at.path, valueAt(this.#view, at.segments), target));
      this.#settle(at, settledView(at.field, target));
    }
  }

  #move(from: readonly string[], to: readonly string[]): void {
    if (to.length > from.length && from.every((segment, i) => segment === to[i])) {
      throw new AnabranchError('op_invalid', 'a value cannot move into itself');
    }
    const value = valueAt(this.#view, from);
    const source = govern(this.#schema, from);
    const goal = govern(this.#schema, to);
    const [fromItem, toItem] = [source.inside[0], goal.inside[0]];
    const isWithinList =
      source.field.type === 'list' && source.path === goal.path && source.inside.length === 1 && goal.inside.length === 1;
    if (!isWithinList || fromItem === undefined || toItem === undefined) {
      this.#remove(from);
      this.#write(to, 'add', value);
      return;
    }
    const last = this.#listLength(source) - 1;
    const [fromIndex, toIndex] = [indexIn(fromItem, last), toItem === '-' ? last : indexIn(toItem, last)];
    this.#plan([{ op: 'move', path: source.path, from: fromIndex, to: toIndex }]);
    this.#view = changed(changed(this.#view, from, { kind: 'remove' }), to, { kind: 'add', value });
  }

  #plan(ops: readonly DocumentOp[]): void {
    if (this.ops.length + ops.length > crdtLimits.editOpsMax) {
      throw new AnabranchError('op_invalid', `an edit has at most ${crdtLimits.editOpsMax} operations`);
    }
    for (const op of ops) {
      this.#writtenUnits += writtenUnitsOf(op);
      if (this.#writtenUnits > writtenUnitsMax)
        throw new AnabranchError('request_too_large', 'the patch writes too much: send it in parts');
      this.ops.push(op);
      this.entryOf.push(this.#entry);
    }
  }

  #settle(at: Governed, value: JsonValue): void {
    this.#view = changed(this.#view, at.segments, { kind: 'add', value });
  }

  #find(segments: readonly string[]): JsonValue | undefined {
    const parent = valueAt(this.#view, segments.slice(0, -1));
    const key = segments.at(-1);
    return key !== undefined && typeof parent === 'object' && parent !== null && Object.hasOwn(parent, key)
      ? valueAt(parent, [key])
      : undefined;
  }

  #listLength(at: Governed): number {
    const list = valueAt(this.#view, at.segments);
    return isArray(list) ? list.length : 0;
  }
}

/** @throws AnabranchError `value_invalid` when the edit would not take the value. */
function writtenUnitsOf(op: DocumentOp): number {
  if ('text' in op && op.text !== undefined) return op.text.length;
  if (!('value' in op) || op.value === undefined) return 0;
  const units = JSON.stringify(op.value).length;
  if (units > crdtLimits.valueUnitsMax) throw new AnabranchError('value_invalid', 'the value is too large');
  return units;
}

/** @throws AnabranchError `path_unknown`. */
function govern(schema: ObjectSchema, segments: readonly string[]): Governed {
  let field: FieldSchema = schema;
  let path = '';
  let isMapKey = false;
  for (const [depth, segment] of segments.entries()) {
    if (field.type !== 'map' && field.type !== 'object') {
      if (field.type === 'register' && field.keep === 'all') throw mismatch(path, 'a register that keeps all values is replaced whole');
      return { field, path, isMapKey, segments: segments.slice(0, depth), inside: segments.slice(depth) };
    }
    path = appendSegment(path, segment);
    isMapKey = field.type === 'map';
    field = field.type === 'map' ? field.of : fieldOf(field, segment, path);
  }
  return { field, path, isMapKey, segments, inside: [] };
}
