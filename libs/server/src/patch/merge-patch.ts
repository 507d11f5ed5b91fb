// Merge patch (RFC 7396) on typed documents: an object goes into objects and maps, null removes a map key or clears a field,
// anything else is assigned. A register may itself hold an object: then the patch merges into its value, which is set whole.

import type { JsonObject, JsonValue } from '@anabranch/base';
import type { CollectionSchema, DocumentOp, FieldSchema } from '@anabranch/crdt';
import { assign, fieldOf, mismatch } from './assignment.ts';
import { appendSegment } from './json-pointer.ts';
import type { PatchPlan } from './patch-plan.ts';
import { isObject, memberOf } from './patch-view.ts';

/** @throws AnabranchError `type_mismatch`, `path_unknown`. */
export function planMergePatch(collection: CollectionSchema, patch: JsonObject): PatchPlan {
  const { schema } = collection;
  if (schema === 'freeform') throw mismatch('', 'a freeform document has no typed fields to patch');
  return (view) => ({ ops: mergeObject(schema, '', view, patch), entryOf: undefined });
}

type Group = Extract<FieldSchema, { type: 'map' | 'object' }>;

function mergeObject(group: Group, path: string, view: JsonObject, patch: JsonObject): DocumentOp[] {
  return Object.entries(patch).flatMap(([name, value]): DocumentOp[] => {
    const below = appendSegment(path, name);
    const field = group.type === 'map' ? group.of : fieldOf(group, name, below);
    if (value === null) return [{ op: group.type === 'map' ? 'remove' : 'clear', path: below }];
    return mergeField(field, below, memberOf(view, name), value);
  });
}

function mergeField(field: FieldSchema, path: string, current: JsonValue | undefined, patch: JsonValue): DocumentOp[] {
  if (field.type === 'register') return [{ op: 'set', path, value: mergedValue(field.keep === 'all' ? undefined : current, patch) }];
  const isGroup = field.type === 'map' || field.type === 'object';
  if (isGroup && isObject(patch)) return mergeObject(field, path, isObject(current) ? current : {}, patch);
  return assign(field, path, current, patch);
}

/** RFC 7396, section 2, on plain values. */
function mergedValue(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (!isObject(patch)) return patch;
  const merged = new Map(Object.entries(isObject(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergedValue(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}
