// Applies one operation to the tree: finds the field, checks that operation, type and arguments fit, and calls the
// type's own rule. Everything a caller can get wrong is refused here, through edit.reject, before the library is asked.

import { canonicalJson } from '@anabranch/base';
import { admitJson, isAllowedKey, isWellFormed } from '../bounded-json.ts';
import type { DocumentOp } from '../document-op.ts';
import { cutsPair } from '../freeform/apply-freeform-op.ts';
import { crdtLimits } from '../limits.ts';
import { escapePart, parsePointer } from '../path.ts';
import type { FieldSchema } from '../schema.ts';
import { BoundedCounter } from './bounded-counter.ts';
import { Counter } from './counter.ts';
import type { Edit } from './edit.ts';
import { ElementSet } from './element-set.ts';
import type { FieldNode } from './field-node.ts';
import { Flag } from './flag.ts';
import { List } from './list.ts';
import { Register } from './register.ts';
import { Text } from './text.ts';
import { Group, schemaBelow, type TypedTree } from './typed-tree.ts';

type OpOf<Name extends DocumentOp['op']> = Extract<DocumentOp, { op: Name }>;

/** @throws AnabranchError as {@link Edit.reject} does; the caller reverts the edit then. */
export function applyOp(tree: TypedTree, edit: Edit, op: DocumentOp): void {
  const segments = parseSegments(edit, op.path);
  if (op.op === 'clear' || (op.op === 'remove' && op.value === undefined && op.index === undefined)) {
    removeSeen(tree, edit, op.op, segments);
    return;
  }
  if (op.op === 'remove' || op.op === 'disable' || op.op === 'delete') {
    takeAway(edit, op, reach(tree, edit, segments));
    return;
  }
  const before = edit.writeCount;
  create(edit, op, reach(tree, edit, segments));
  if (edit.writeCount > before) vouch(tree, edit);
}

/** A writer's first creating operation makes the document exist, also when the content goes again later. */
function vouch(tree: TypedTree, edit: Edit): void {
  const own = escapePart(edit.writer);
  if (tree.existence.get(own) === undefined) edit.put(tree.existence, own, edit.dot);
}

/** Paths that were parsed and checked before: applications name the same fields again and again. */
const parsedPaths = new Map<string, readonly string[]>();

export function parseSegments(edit: Edit, path: string): readonly string[] {
  const known = parsedPaths.get(path);
  if (known !== undefined) return known;
  const segments = parsePointer(path);
  if (segments === undefined) edit.reject('op_invalid', 'path is not a JSON pointer');
  if (segments.length > crdtLimits.pathSegmentsMax) edit.reject('path_unknown', 'the path has too many segments');
  for (const segment of segments) {
    if (!isAllowedKey(segment)) edit.reject('value_invalid', 'a key of the path is too long or not allowed');
  }
  if (parsedPaths.size >= crdtLimits.parsedPathsMax) parsedPaths.clear();
  if (path.length <= crdtLimits.parsedPathUnitsMax) parsedPaths.set(path, segments);
  return segments;
}

/** The field of a path, made when it is not there yet. */
export function reach(tree: TypedTree, edit: Edit, segments: readonly string[]): FieldNode {
  let node: FieldNode = tree.root;
  for (const segment of segments) {
    const below: FieldNode | undefined = node instanceof Group ? node.child(segment) : undefined;
    if (below === undefined) edit.reject('path_unknown', 'the schema has no field at this path');
    node = below;
  }
  return node;
}

/** `clear` of any field; `remove` of a map key or the whole document. Nothing is made on the way. */
function removeSeen(tree: TypedTree, edit: Edit, name: 'clear' | 'remove', segments: readonly string[]): void {
  let schema: FieldSchema = tree.root.schema;
  let parent: FieldSchema | undefined;
  let node: FieldNode | undefined = tree.root;
  for (const segment of segments) {
    const below: FieldSchema | undefined = schemaBelow(schema, segment);
    if (below === undefined) edit.reject('path_unknown', 'the schema has no field at this path');
    parent = schema;
    schema = below;
    node = node instanceof Group ? node.find(segment) : undefined;
  }
  if (name === 'remove') {
    if (parent === undefined) tree.existence.removeSeen(edit);
    else if (schema.type === 'set' && parent.type !== 'map') edit.reject('op_invalid', 'remove on a set needs a member value');
    else if (schema.type === 'list' && parent.type !== 'map') edit.reject('op_invalid', 'remove on a list needs a member index');
    else if (parent.type !== 'map') edit.reject('type_mismatch', 'remove names a map key or the whole document');
  }
  node?.removeSeen(edit);
}

function takeAway(edit: Edit, op: OpOf<'remove' | 'disable' | 'delete'>, node: FieldNode): void {
  if (op.op === 'disable') {
    if (!(node instanceof Flag)) edit.reject('type_mismatch', 'disable needs a flag');
    node.removeSeen(edit);
  } else if (op.op === 'delete') {
    if (!(node instanceof Text)) edit.reject('type_mismatch', 'delete needs a text');
    checkTextPosition(edit, node.value, op.index);
    if (op.length < 0) edit.reject('index_out_of_range', 'length is negative');
    checkTextPosition(edit, node.value, op.index + op.length);
    edit.splice(node, op.index, op.length, '');
  } else if (op.value !== undefined && op.index === undefined) {
    if (!(node instanceof ElementSet)) edit.reject('type_mismatch', 'remove with a value needs a set');
    node.remove(edit, admitElement(edit, op.value));
  } else if (op.index !== undefined && op.value === undefined) {
    if (!(node instanceof List)) edit.reject('type_mismatch', 'remove with an index needs a list');
    checkIndex(edit, op.index, node.length - 1);
    node.remove(edit, op.index);
  } else {
    edit.reject('op_invalid', 'remove takes a value or an index, not both');
  }
}

function create(edit: Edit, op: Exclude<DocumentOp, { op: 'clear' | 'remove' | 'disable' | 'delete' }>, node: FieldNode): void {
  switch (op.op) {
    case 'set':
      if (!(node instanceof Register)) edit.reject('type_mismatch', 'set needs a register');
      return node.set(edit, admitValueText(edit, op.value));
    case 'increment':
      return count(edit, node, op.by);
    case 'decrement':
      if (op.by < 1) edit.reject('value_invalid', 'decrement takes 1 or more');
      return count(edit, node, -op.by);
    case 'add':
      if (!(node instanceof ElementSet)) edit.reject('type_mismatch', 'add needs a set');
      return node.add(edit, admitElement(edit, op.value));
    case 'enable':
      if (!(node instanceof Flag)) edit.reject('type_mismatch', 'enable needs a flag');
      return node.enable(edit);
    case 'insert':
      return insert(edit, op, node);
    case 'move':
      if (!(node instanceof List)) edit.reject('type_mismatch', 'move needs a list');
      checkIndex(edit, op.from, node.length - 1);
      checkIndex(edit, op.to, node.length - 1);
      return node.move(edit, op.from, op.to);
  }
}

function count(edit: Edit, node: FieldNode, by: number): void {
  if (node instanceof BoundedCounter) node.change(edit, by);
  else if (node instanceof Counter) node.increment(edit, by);
  else edit.reject('type_mismatch', 'increment and decrement need a counter');
}

function insert(edit: Edit, op: OpOf<'insert'>, node: FieldNode): void {
  if (node instanceof List) {
    if (op.value === undefined || op.text !== undefined) edit.reject('op_invalid', 'insert into a list takes a value and no text');
    checkIndex(edit, op.index, node.length);
    if (node.length >= crdtLimits.listItemsMax) edit.reject('value_invalid', 'the list is full');
    return node.insert(edit, op.index, admitValueText(edit, op.value));
  }
  if (!(node instanceof Text)) edit.reject('type_mismatch', 'insert needs a list or a text');
  if (op.text === undefined || op.value !== undefined) edit.reject('op_invalid', 'insert into a text takes a text and no value');
  if (!isWellFormed(op.text)) edit.reject('value_invalid', 'the text has a lone surrogate');
  checkTextPosition(edit, node.value, op.index);
  if (node.value.length + op.text.length > crdtLimits.textUnitsMax) edit.reject('value_invalid', 'the text would be too long');
  edit.splice(node, op.index, 0, op.text);
}

function admitValueText(edit: Edit, value: unknown): string {
  const admitted = admitJson(value);
  if (admitted === undefined) edit.reject('value_invalid', 'the value is not JSON of the allowed shape, depth and key names');
  const text = JSON.stringify(admitted);
  if (text.length > crdtLimits.valueUnitsMax) edit.reject('value_invalid', 'the value is too large');
  return text;
}

function admitElement(edit: Edit, value: unknown): string {
  const admitted = admitJson(value);
  if (admitted === undefined) edit.reject('value_invalid', 'the value is not JSON of the allowed shape, depth and key names');
  const text = canonicalJson(admitted);
  if (text.length > crdtLimits.elementUnitsMax) edit.reject('value_invalid', 'the set element is too large');
  return text;
}

function checkIndex(edit: Edit, index: number, indexMax: number): void {
  if (indexMax < 0) edit.reject('index_out_of_range', 'the list is empty');
  if (index < 0 || index > indexMax) edit.reject('index_out_of_range', `the index lies outside 0 to ${indexMax}`);
}

/** Positions inside a surrogate pair are refused: cutting it would leave two strings that are not Unicode. */
function checkTextPosition(edit: Edit, text: string, index: number): void {
  if (index < 0 || index > text.length) edit.reject('index_out_of_range', `the position lies outside 0 to ${text.length}`);
  if (cutsPair(text, index)) edit.reject('index_out_of_range', 'the position lies inside a surrogate pair');
}
