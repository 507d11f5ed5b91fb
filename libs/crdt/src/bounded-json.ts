// JSON values at the border: between what a caller or a peer hands over and what a document stores and shows.
//
// Invariant 1: an admitted value has depth <= valueDepthMax, finite numbers, well-formed strings, no forbidden key,
//              and shares nothing with the caller's object. `-0` has become `0`, so both libraries store the same.
// Invariant 2: reading a stored text never throws and never overflows the stack: hostile texts read as undefined.

import { forbiddenKeys, type JsonValue } from '@anabranch/base';
import { crdtLimits } from './limits.ts';

/** True when the string has no lone surrogate; those do not survive UTF-8, so replicas would see different strings. */
export function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

/** A key of a map or object that may be stored. */
export function isAllowedKey(key: string): boolean {
  return !forbiddenKeys.has(key) && key.length <= crdtLimits.keyUnitsMax && isWellFormed(key);
}

/** A private, normalised copy of a value a caller handed over, or undefined when it is not admissible JSON. */
export function admitJson(value: unknown, depth = 0): JsonValue | undefined {
  switch (typeof value) {
    case 'boolean':
      return value;
    case 'number':
      return Number.isFinite(value) ? (value === 0 ? 0 : value) : undefined;
    case 'string':
      return isWellFormed(value) ? value : undefined;
    case 'object':
      if (value === null) return null;
      if (depth >= crdtLimits.valueDepthMax) return undefined;
      return Array.isArray(value) ? admitArray(value, depth) : admitObject(value, depth);
    default:
      return undefined;
  }
}

function admitArray(value: readonly unknown[], depth: number): JsonValue | undefined {
  const copy: JsonValue[] = [];
  for (const item of value) {
    const admitted = admitJson(item, depth + 1);
    if (admitted === undefined) return undefined;
    copy.push(admitted);
  }
  return copy;
}

function admitObject(value: object, depth: number): JsonValue | undefined {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return undefined;
  const copy: Record<string, JsonValue> = {};
  for (const [key, member] of Object.entries(value)) {
    const admitted = isAllowedKey(key) ? admitJson(member, depth + 1) : undefined;
    if (admitted === undefined) return undefined;
    copy[key] = admitted;
  }
  return copy;
}

/** Reads the JSON text of a flat entry; undefined for anything {@link admitJson} would not have stored. */
export function readStoredJson(text: string): JsonValue | undefined {
  if (nestsTooDeep(text)) return undefined;
  try {
    return admitJson(JSON.parse(text));
  } catch {
    return undefined;
  }
}

/** Scans without parsing: recursion over a hostile text could overflow the stack. */
function nestsTooDeep(text: string): boolean {
  let depth = 0;
  let inString = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (inString) {
      if (char === '\\') i++;
      else if (char === '"') inString = false;
    } else if (char === '"') inString = true;
    else if (char === '[' || char === '{') {
      if (++depth > crdtLimits.valueDepthMax) return true;
    } else if (char === ']' || char === '}') depth--;
  }
  return false;
}
