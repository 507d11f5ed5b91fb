// The JSON view as a patch sees it while it is worked through: immutable values, read and changed by path. Changing a path
// copies only the containers on the way, so a plan never touches the document's own cached view.

import { AnabranchError, canonicalJson, compareStrings, type JsonObject, type JsonValue } from '@anabranch/base';
import type { FieldSchema } from '@anabranch/crdt';

export function isArray(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isArray(value);
}

/** An own member, or undefined: keys come from outside. */
export function memberOf(value: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(value, key) ? value[key] : undefined;
}

export function jsonEqual(a: JsonValue, b: JsonValue): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b);
}

/** What a field shows before anybody wrote it. */
export function emptyView(field: FieldSchema): JsonValue {
  switch (field.type) {
    case 'register':
      return field.keep === 'all' ? [] : null;
    case 'counter':
    case 'boundedCounter':
      return 0;
    case 'flag':
      return false;
    case 'text':
      return '';
    case 'set':
    case 'list':
      return [];
    case 'map':
      return {};
    case 'object':
      return Object.fromEntries(Object.entries(field.fields).map(([name, below]) => [name, emptyView(below)]));
  }
}

/** What a field shows after a value was assigned to it: sets sorted and without doubles, objects with every field. */
export function settledView(field: FieldSchema, value: JsonValue): JsonValue {
  if (field.type === 'register') return field.keep === 'all' ? [value] : value;
  if (field.type === 'set' && isArray(value)) {
    const elements = new Map(value.map((element) => [canonicalJson(element), element]));
    return [...elements].sort(([a], [b]) => compareStrings(a, b)).map(([, element]) => element);
  }
  if (field.type === 'map' && isObject(value)) {
    return Object.fromEntries(Object.entries(value).map(([key, below]) => [key, settledView(field.of, below)]));
  }
  if (field.type !== 'object' || !isObject(value)) return value;
  return Object.fromEntries(
    Object.entries(field.fields).map(([name, below]) => {
      const given = memberOf(value, name);
      return [name, given === undefined ? emptyView(below) : settledView(below, given)];
    }),
  );
}

/** Whether a map has a key when this is all that is below it. */
export function isLiveView(field: FieldSchema, value: JsonValue): boolean {
  switch (field.type) {
    case 'register':
      return true;
    case 'counter':
    case 'boundedCounter':
      return value !== 0;
    case 'flag':
      return value === true;
    case 'text':
      return value !== '';
    case 'set':
    case 'list':
      return isArray(value) && value.length > 0;
    case 'map':
      return isObject(value) && Object.values(value).some((below) => isLiveView(field.of, below));
    case 'object':
      return isObject(value) && Object.entries(value).some(([name, below]) => isLiveMember(field.fields[name], below));
  }
}

function isLiveMember(field: FieldSchema | undefined, value: JsonValue): boolean {
  return field !== undefined && isLiveView(field, value);
}

/** The value at a path. @throws AnabranchError `path_unknown` when there is none, `index_out_of_range`. */
export function valueAt(root: JsonValue, segments: readonly string[]): JsonValue {
  let value = root;
  for (const segment of segments) {
    let below: JsonValue | undefined;
    if (isArray(value)) below = value[indexIn(segment, value.length - 1)];
    else if (isObject(value)) below = memberOf(value, segment);
    if (below === undefined) return missing(segment);
    value = below;
  }
  return value;
}

type Change = { readonly kind: 'add' | 'replace'; readonly value: JsonValue } | { readonly kind: 'remove' };

/** The root with one change at a path, as RFC 6902 defines it. @throws AnabranchError as {@link valueAt}. */
export function changed(root: JsonValue, segments: readonly string[], change: Change): JsonValue {
  const [segment, ...below] = segments;
  if (segment === undefined) return change.kind === 'remove' ? null : change.value;
  if (isArray(root)) {
    if (below.length === 0) return changedArray(root, segment, change);
    const index = indexIn(segment, root.length - 1);
    return root.with(index, changed(root[index] ?? null, below, change));
  }
  if (!isObject(root)) return missing(segment);
  const known = memberOf(root, segment);
  if (below.length > 0) return { ...root, [segment]: changed(known ?? missing(segment), below, change) };
  if (change.kind !== 'add' && known === undefined) return missing(segment);
  if (change.kind !== 'remove') return { ...root, [segment]: change.value };
  return Object.fromEntries(Object.entries(root).filter(([key]) => key !== segment));
}

function changedArray(array: readonly JsonValue[], segment: string, change: Change): JsonValue {
  if (change.kind === 'add') return array.toSpliced(segment === '-' ? array.length : indexIn(segment, array.length), 0, change.value);
  const index = indexIn(segment, array.length - 1);
  return change.kind === 'remove' ? array.toSpliced(index, 1) : array.with(index, change.value);
}

/** Reads an array index (RFC 6901, section 4): no sign, no leading zero. @throws AnabranchError `index_out_of_range`. */
export function indexIn(segment: string, indexMax: number): number {
  const index = /^(?:0|[1-9][0-9]{0,8})$/.test(segment) ? Number(segment) : -1;
  if (index < 0 || index > indexMax) throw new AnabranchError('index_out_of_range', `there is no position ${segment.slice(0, 32)} here`);
  return index;
}

function missing(segment: string): never {
  throw new AnabranchError('path_unknown', `the document holds nothing at ${JSON.stringify(segment.slice(0, 64))} of this path`);
}
