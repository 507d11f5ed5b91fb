// Turns the operations of one edit into the entries and splices the library has to write, or refuses all of them.

import { AnabranchError, assert } from '@anabranch/base';
import type { Author } from '../crdt-document.ts';
import type { DocumentOp } from '../document-op.ts';
import { readOpShape } from '../document-op-shape.ts';
import { crdtLimits } from '../limits.ts';
import { applyOp } from './apply-op.ts';
import { Edit, type EditWrites } from './edit.ts';
import type { TypedTree } from './typed-tree.ts';

const writerPattern = /^[!-~]{1,64}$/;

/**
 * Applies `ops` to the tree and returns what the library has to write, or undefined when they change nothing.
 * @throws AnabranchError as CrdtDocument.edit documents; the tree is as before then.
 */
export function stageEdit(tree: TypedTree, author: Author, ops: readonly DocumentOp[]): EditWrites | undefined {
  const edit = editOf(author, ops);
  try {
    applyOps(tree, edit, ops);
    sweep(tree, edit);
  } catch (error) {
    edit.revert();
    throw error;
  }
  const writes = edit.writes();
  if (writes === undefined) return undefined;
  for (const { key, text } of writes.entries) if (text === undefined) tree.prune(key);
  return writes;
}

/** Refuses what {@link stageEdit} would refuse; the tree is as before in any case. */
export function rehearseEdit(tree: TypedTree, author: Author, ops: readonly DocumentOp[]): void {
  const edit = editOf(author, ops);
  try {
    applyOps(tree, edit, ops);
  } finally {
    edit.revert();
  }
}

function editOf(author: Author, ops: readonly DocumentOp[]): Edit {
  assert(writerPattern.test(author.writer), 'a writer is named by 1 to 64 printable ASCII characters');
  assert(Number.isSafeInteger(author.dot) && author.dot >= 0, 'a dot is a safe integer');
  if (ops.length <= crdtLimits.editOpsMax) return new Edit(author);
  const details = { path: '', opIndex: crdtLimits.editOpsMax };
  throw new AnabranchError('op_invalid', `an edit has at most ${crdtLimits.editOpsMax} operations`, details);
}

function applyOps(tree: TypedTree, edit: Edit, ops: readonly DocumentOp[]): void {
  for (const [index, candidate] of ops.entries()) {
    const op = readOpShape(candidate);
    edit.op = candidate;
    edit.opIndex = index;
    if ('code' in op) edit.reject(op.code, op.message);
    applyOp(tree, edit, op);
  }
}

/** Deletes leftovers along with an edit that changes something anyway. */
function sweep(tree: TypedTree, edit: Edit): void {
  if (edit.writeCount === 0) return;
  for (const leaf of tree.takeLeftovers(crdtLimits.sweptFieldsMax)) leaf.sweep(edit);
}
