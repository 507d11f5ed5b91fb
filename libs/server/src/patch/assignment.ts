// Assignment: the operations that take a typed field from the value it shows to a value that a patch names. Fields that are
// sets, lists or texts change by their difference, so elements, items and characters that stay are not written again and
// keep merging with concurrent edits. Counters, bounded or not, have no assignment: two regions that each
// "set it to 5" would not mean 5.

import { AnabranchError, canonicalJson, type JsonValue } from '@anabranch/base';
import type { DocumentOp, FieldSchema, ObjectSchema } from '@anabranch/crdt';
import { appendSegment } from './json-pointer.ts';
import { isArray, isObject, jsonEqual, memberOf } from './patch-view.ts';

/** `current` is undefined for a map key that is not there. @throws AnabranchError `type_mismatch`, `path_unknown`. */
export function assign(field: FieldSchema, path: string, current: JsonValue | undefined, target: JsonValue): DocumentOp[] {
  switch (field.type) {
    case 'register':
      return [{ op: 'set', path, value: target }];
    case 'counter':
      if (target === (current ?? 0)) return [];
      throw mismatch(path, 'a counter cannot be set, because concurrent settings do not add up: use the increment operation');
    case 'boundedCounter':
      if (target === (current ?? 0)) return [];
      throw mismatch(path, 'a bounded counter cannot be set, because concurrent settings do not add up: use increment or decrement');
    case 'flag':
      if (typeof target !== 'boolean') throw mismatch(path, 'a flag takes true or false');
      return [{ op: target ? 'enable' : 'disable', path }];
    case 'set':
      return assignSet(path, current, target);
    case 'list':
      return assignList(path, current, target);
    case 'text':
      return assignText(path, current, target);
    case 'map':
      return assignMap(field.of, path, current, target);
    case 'object':
      return assignObject(field, path, current, target);
  }
}

export function mismatch(path: string, why: string): AnabranchError {
  return new AnabranchError('type_mismatch', why, { path });
}

function assignSet(path: string, current: JsonValue | undefined, target: JsonValue): DocumentOp[] {
  if (!isArray(target)) throw mismatch(path, 'a set takes an array of its elements');
  const wanted = new Map(target.map((element) => [canonicalJson(element), element]));
  const held = new Map((isArray(current) ? current : []).map((element) => [canonicalJson(element), element]));
  return [
    ...[...held].filter(([text]) => !wanted.has(text)).map(([, value]): DocumentOp => ({ op: 'remove', path, value })),
    ...[...wanted].filter(([text]) => !held.has(text)).map(([, value]): DocumentOp => ({ op: 'add', path, value })),
  ];
}

function assignList(path: string, current: JsonValue | undefined, target: JsonValue): DocumentOp[] {
  if (!isArray(target)) throw mismatch(path, 'a list takes an array of its items');
  const held = isArray(current) ? current : [];
  const { start, heldEnd, targetEnd } = differingRange(held, target, jsonEqual);
  const removals = held.slice(start, heldEnd).map((): DocumentOp => ({ op: 'remove', path, index: start }));
  const inserts = target.slice(start, targetEnd).map((value, i): DocumentOp => ({ op: 'insert', path, index: start + i, value }));
  return [...removals, ...inserts];
}

function assignText(path: string, current: JsonValue | undefined, target: JsonValue): DocumentOp[] {
  if (typeof target !== 'string') throw mismatch(path, 'a text takes a string');
  // By code points: an edit must not split a surrogate pair. Positions count UTF-16 units again below.
  const held = [...(typeof current === 'string' ? current : '')];
  const wanted = [...target];
  const { start, heldEnd, targetEnd } = differingRange(held, wanted, (a, b) => a === b);
  const index = held.slice(0, start).join('').length;
  const removed = held.slice(start, heldEnd).join('');
  const inserted = wanted.slice(start, targetEnd).join('');
  const ops: DocumentOp[] = [];
  if (removed !== '') ops.push({ op: 'delete', path, index, length: removed.length });
  if (inserted !== '') ops.push({ op: 'insert', path, index, text: inserted });
  return ops;
}

function assignMap(of: FieldSchema, path: string, current: JsonValue | undefined, target: JsonValue): DocumentOp[] {
  if (!isObject(target)) throw mismatch(path, 'a map takes an object');
  const held = isObject(current) ? current : {};
  const removals = Object.keys(held)
    .filter((key) => !Object.hasOwn(target, key))
    .map((key): DocumentOp => ({ op: 'remove', path: appendSegment(path, key) }));
  const changes = Object.entries(target).flatMap(([key, value]) => assign(of, appendSegment(path, key), memberOf(held, key), value));
  return [...removals, ...changes];
}

function assignObject(schema: ObjectSchema, path: string, current: JsonValue | undefined, target: JsonValue): DocumentOp[] {
  if (!isObject(target)) throw mismatch(path, 'an object field takes an object');
  const held = isObject(current) ? current : {};
  const clears = Object.keys(schema.fields)
    .filter((name) => !Object.hasOwn(target, name))
    .map((name): DocumentOp => ({ op: 'clear', path: appendSegment(path, name) }));
  const changes = Object.entries(target).flatMap(([name, value]) => {
    const below = appendSegment(path, name);
    return assign(fieldOf(schema, name, below), below, memberOf(held, name), value);
  });
  return [...clears, ...changes];
}

/** @throws AnabranchError `path_unknown`. */
export function fieldOf(schema: ObjectSchema, name: string, path: string): FieldSchema {
  const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
  if (field === undefined) throw new AnabranchError('path_unknown', 'the schema has no field at this path', { path });
  return field;
}

/** What remains of both sequences between their common start and their common end. */
function differingRange<T>(
  held: readonly T[],
  target: readonly T[],
  equal: (a: T, b: T) => boolean,
): { readonly start: number; readonly heldEnd: number; readonly targetEnd: number } {
  const equalAt = (h: number, t: number): boolean => {
    const [a, b] = [held[h], target[t]];
    return a !== undefined && b !== undefined && equal(a, b);
  };
  let start = 0;
  while (equalAt(start, start)) start++;
  let heldEnd = held.length;
  let targetEnd = target.length;
  while (heldEnd > start && targetEnd > start && equalAt(heldEnd - 1, targetEnd - 1)) {
    heldEnd--;
    targetEnd--;
  }
  return { start, heldEnd, targetEnd };
}
