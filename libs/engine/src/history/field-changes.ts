// What differs between two JSON views of one document. Views share what did not change, so most of a comparison ends at once.
// Objects are entered, everything else is one value: a list or text that changed is shown whole, before and after.

import type { JsonObject, JsonValue } from '@anabranch/base';
import type { FieldChange } from './history-door.ts';

export interface FieldChanges {
  readonly changes: readonly FieldChange[];
  readonly isTruncated: boolean;
  /** Characters of the values shown. */
  readonly units: number;
}

/** Changes listed of one op. Beyond: the list is cut, and says so. */
const changesMax = 100;
/** Characters of one value as JSON. Beyond: the change is listed without its values. */
const valueUnitsMax = 16_384;

export function fieldChangesBetween(before: JsonObject, after: JsonObject): FieldChanges {
  const changes: FieldChange[] = [];
  let isTruncated = false;
  let units = 0;
  const compare = (path: string, old: JsonValue | undefined, now: JsonValue | undefined): void => {
    if (old === now || isTruncated) return;
    if (isObject(old) && isObject(now)) {
      for (const key of new Set([...Object.keys(old), ...Object.keys(now)])) {
        compare(`${path}/${escapeSegment(key)}`, member(old, key), member(now, key));
      }
      return;
    }
    const [oldText, newText] = [textOf(old), textOf(now)];
    if (oldText === newText) return;
    if (changes.length === changesMax) {
      isTruncated = true;
      return;
    }
    const isElided = oldText.length > valueUnitsMax || newText.length > valueUnitsMax;
    units += path.length + (isElided ? 0 : oldText.length + newText.length);
    changes.push(isElided ? { path, before: undefined, after: undefined, isElided } : { path, before: old, after: now, isElided });
  };
  compare('', before, after);
  return { changes, isTruncated, units };
}

/** As a segment of a JSON pointer (RFC 6901). */
function escapeSegment(key: string): string {
  return key.replaceAll('~', '~0').replaceAll('/', '~1');
}

function member(object: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

function textOf(value: JsonValue | undefined): string {
  return value === undefined ? '' : JSON.stringify(value);
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
