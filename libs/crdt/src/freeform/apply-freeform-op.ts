// Operations on freeform documents, whichever library keeps them: they edit the application's own structure with the
// library's plain semantics.
//
//   set, remove     an entry of a map, with a JSON value
//   insert, delete  characters of a text
//   insert, remove  items of a list
//   remove ""       empties the document
//
// Everything a caller can get wrong is refused here, before the library is asked.

import { AnabranchError, type ErrorCode, type JsonValue } from '@anabranch/base';
import { admitJson, isAllowedKey, isWellFormed } from '../bounded-json.ts';
import type { DocumentOp } from '../document-op.ts';
import { pathOfOp, readOpShape } from '../document-op-shape.ts';
import { crdtLimits } from '../limits.ts';
import { parsePointer } from '../path.ts';

export type FreeformKind = 'map' | 'list' | 'text';

/** A map, list or text in a freeform document. */
export interface FreeformNode {
  readonly kind: FreeformKind;
  /** In how many maps and lists it lies, for the limit of nesting: 0 for the first that takes values. */
  readonly depth: number;
  /** UTF-16 units of a text, items of a list, 0 for a map. */
  readonly length: number;
  /** The map, list or text under a key or index; undefined when there is none. A place that has no type yet takes `wanted`. */
  child(segment: string, wanted: FreeformKind): FreeformNode | undefined;
  hasKey(key: string): boolean;
  /** False when this map cannot hold plain values. */
  setKey(key: string, value: JsonValue): boolean;
  removeKey(key: string): void;
  insertItem(index: number, value: JsonValue): void;
  removeItem(index: number): void;
  splice(index: number, deleteLength: number, insert: string): void;
  text(): string;
  /** Removes everything in it. */
  empty(): void;
}

type Reject = (code: ErrorCode, message: string) => never;

/** @throws AnabranchError as CrdtDocument.edit documents, before the operation has written anything. */
export function applyFreeformOp(root: FreeformNode, candidate: unknown, opIndex: number): void {
  const op = readOpShape(candidate);
  const reject: Reject = (code, message) => {
    throw new AnabranchError(code, message, { path: pathOfOp(candidate), opIndex });
  };
  if ('code' in op) return reject(op.code, op.message);
  const segments = parsePointer(op.path);
  if (segments === undefined) return reject('op_invalid', 'path is not a JSON pointer');
  if (segments.length > crdtLimits.pathSegmentsMax) return reject('path_unknown', 'the path has too many segments');
  if (!segments.every(isAllowedKey)) return reject('value_invalid', 'a key of the path is too long or not allowed');
  apply(root, op, segments, reject);
}

function apply(root: FreeformNode, op: DocumentOp, segments: readonly string[], reject: Reject): void {
  switch (op.op) {
    case 'set':
      return set(root, segments, admit(op.value, reject), reject);
    case 'remove':
      if (op.value !== undefined) return reject('type_mismatch', 'freeform documents have no sets');
      return op.index === undefined ? removeKey(root, segments, reject) : removeItem(root, segments, op.index, reject);
    case 'insert':
      return op.text === undefined ? insertItem(root, op, segments, reject) : splice(root, op, segments, reject);
    case 'delete':
      return splice(root, op, segments, reject);
    default:
      return reject('type_mismatch', 'freeform documents take set, remove, insert and delete');
  }
}

function reach(root: FreeformNode, segments: readonly string[], wanted: FreeformKind, reject: Reject): FreeformNode {
  let node = root;
  for (const [depth, segment] of segments.entries()) {
    const below = node.child(segment, depth === segments.length - 1 ? wanted : 'map');
    if (below === undefined) return reject('path_unknown', 'no map, list or text at this path');
    node = below;
  }
  return node.kind === wanted ? node : reject('type_mismatch', `the path leads to a ${node.kind}, not a ${wanted}`);
}

function set(root: FreeformNode, segments: readonly string[], value: JsonValue, reject: Reject): void {
  const key = segments.at(-1);
  if (key === undefined) return reject('type_mismatch', 'the whole document cannot be set');
  const map = reach(root, segments.slice(0, -1), 'map', reject);
  checkDepth(map, value, reject);
  if (!map.setKey(key, value)) reject('type_mismatch', 'this place holds maps, lists and texts only');
}

function removeKey(root: FreeformNode, segments: readonly string[], reject: Reject): void {
  const key = segments.at(-1);
  if (key === undefined) return root.empty();
  const map = reach(root, segments.slice(0, -1), 'map', reject);
  if (map.hasKey(key)) map.removeKey(key);
}

function removeItem(root: FreeformNode, segments: readonly string[], index: number, reject: Reject): void {
  const list = reach(root, segments, 'list', reject);
  if (list.length === 0) reject('index_out_of_range', 'the list is empty');
  if (index < 0 || index >= list.length) reject('index_out_of_range', `the index lies outside 0 to ${list.length - 1}`);
  list.removeItem(index);
}

function insertItem(root: FreeformNode, op: Extract<DocumentOp, { op: 'insert' }>, segments: readonly string[], reject: Reject): void {
  if (op.value === undefined) return reject('op_invalid', 'insert takes a value or a text');
  const value = admit(op.value, reject);
  const list = reach(root, segments, 'list', reject);
  if (op.index < 0 || op.index > list.length) reject('index_out_of_range', `the index lies outside 0 to ${list.length}`);
  checkDepth(list, value, reject);
  list.insertItem(op.index, value);
}

/** Views end at the limit: what lay deeper would be stored and not be shown. */
function checkDepth(container: FreeformNode, value: JsonValue, reject: Reject): void {
  if (container.depth + depthOf(value) > crdtLimits.valueDepthMax)
    reject('value_invalid', 'the value would be nested too deep in the document');
}

function depthOf(value: JsonValue): number {
  if (typeof value !== 'object' || value === null) return 0;
  return 1 + Object.values(value).reduce((deepest: number, member: JsonValue) => Math.max(deepest, depthOf(member)), 0);
}

function splice(
  root: FreeformNode,
  op: Extract<DocumentOp, { op: 'insert' | 'delete' }>,
  segments: readonly string[],
  reject: Reject,
): void {
  const insert = op.op === 'insert' ? (op.text ?? '') : '';
  const deleteLength = op.op === 'delete' ? op.length : 0;
  if (op.op === 'insert' && op.value !== undefined) reject('op_invalid', 'insert takes a value or a text, not both');
  if (!isWellFormed(insert)) reject('value_invalid', 'the text has a lone surrogate');
  const node = reach(root, segments, 'text', reject);
  const text = node.text();
  const end = op.index + deleteLength;
  if (op.index < 0 || deleteLength < 0 || end > text.length) {
    reject('index_out_of_range', `the range lies outside 0 to ${text.length}`);
  }
  if (cutsPair(text, op.index) || cutsPair(text, end)) reject('index_out_of_range', 'the position lies inside a surrogate pair');
  if (text.length + insert.length > crdtLimits.textUnitsMax) reject('value_invalid', 'the text would be too long');
  if (deleteLength > 0 || insert !== '') node.splice(op.index, deleteLength, insert);
}

/** True when a position lies between the halves of a surrogate pair: cutting there leaves strings that are not Unicode. */
export function cutsPair(text: string, index: number): boolean {
  const before = text.charCodeAt(index - 1);
  const after = text.charCodeAt(index);
  return before >= 0xd800 && before <= 0xdbff && after >= 0xdc00 && after <= 0xdfff;
}

function admit(value: unknown, reject: Reject): JsonValue {
  const admitted = admitJson(value);
  if (admitted === undefined) return reject('value_invalid', 'the value is not JSON of the allowed shape, depth and key names');
  if (JSON.stringify(admitted).length > crdtLimits.valueUnitsMax) reject('value_invalid', 'the value is too large');
  return admitted;
}
