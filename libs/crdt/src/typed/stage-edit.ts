// Turns the operations of one edit, or acts of escrow, into the entries and splices the library has to write, or refuses all
// of them.

import { AnabranchError, assert } from '@anabranch/base';
import type { Author } from '../crdt-document.ts';
import type { DocumentOp } from '../document-op.ts';
import { readOpShape } from '../document-op-shape.ts';
import type { EscrowAct } from '../escrow.ts';
import { crdtLimits } from '../limits.ts';
import { applyOp, parseSegments, reach } from './apply-op.ts';
import { BoundedCounter } from './bounded-counter.ts';
import { Edit, type EditWrites } from './edit.ts';
import type { TypedTree } from './typed-tree.ts';

const writerPattern = /^[!-~]{1,64}$/;

/**
 * Applies `ops` to the tree and returns what the library has to write, or undefined when they change nothing.
 * @throws AnabranchError as CrdtDocument.edit documents; the tree is as before then.
 */
export function stageEdit(tree: TypedTree, author: Author, ops: readonly DocumentOp[]): EditWrites | undefined {
  checkCount(ops.length, crdtLimits.editOpsMax, `an edit has at most ${crdtLimits.editOpsMax} operations`);
  return stage(tree, author, (edit: Edit) => {
    applyOps(tree, edit, ops);
    if (edit.writeCount === 0 || author.mayLackPast === true) return;
    for (const leaf of tree.takeLeftovers(crdtLimits.sweptFieldsMax)) leaf.sweep(edit);
  });
}

/** Refuses what {@link stageEdit} would refuse; the tree is as before in any case. */
export function rehearseEdit(tree: TypedTree, author: Author, ops: readonly DocumentOp[]): void {
  checkCount(ops.length, crdtLimits.editOpsMax, `an edit has at most ${crdtLimits.editOpsMax} operations`);
  const edit = new Edit(author);
  try {
    applyOps(tree, edit, ops);
  } finally {
    edit.revert();
  }
}

/**
 * The same for acts of escrow.
 * @throws AnabranchError as CrdtDocument.escrow documents; the tree is as before then.
 */
export function stageEscrow(tree: TypedTree, author: Author, acts: readonly EscrowAct[]): EditWrites | undefined {
  checkCount(acts.length, crdtLimits.escrowActsMax, `an escrow edit has at most ${crdtLimits.escrowActsMax} acts`);
  return stage(tree, author, (edit) => applyEach(edit, acts, (act) => applyAct(tree, edit, act)));
}

function checkCount(count: number, countMax: number, message: string): void {
  if (count > countMax) throw new AnabranchError('op_invalid', message, { path: '', opIndex: countMax });
}

function stage(tree: TypedTree, author: Author, applyAll: (edit: Edit) => void): EditWrites | undefined {
  assert(writerPattern.test(author.writer), 'a writer is named by 1 to 64 printable ASCII characters');
  assert(Number.isSafeInteger(author.dot) && author.dot >= 0, 'a dot is a safe integer');
  const edit = new Edit(author);
  try {
    applyAll(edit);
  } catch (error) {
    edit.revert();
    throw error;
  }
  const writes = edit.writes();
  if (writes === undefined) return undefined;
  for (const { key, text } of writes.entries) if (text === undefined) tree.prune(key);
  return writes;
}

function applyOps(tree: TypedTree, edit: Edit, ops: readonly DocumentOp[]): void {
  applyEach(edit, ops, (candidate) => {
    const op = readOpShape(candidate);
    if ('code' in op) edit.reject(op.code, op.message);
    applyOp(tree, edit, op);
  });
}

function applyEach<Step>(edit: Edit, steps: readonly Step[], apply: (step: Step) => void): void {
  for (const [index, step] of steps.entries()) {
    edit.op = step;
    edit.opIndex = index;
    apply(step);
  }
}

function applyAct(tree: TypedTree, edit: Edit, act: EscrowAct): void {
  const node = reach(tree, edit, parseSegments(edit, act.path));
  if (!(node instanceof BoundedCounter)) edit.reject('type_mismatch', 'rights are those to a bounded counter');
  if (act.op === 'transfer') node.transfer(edit, act);
  else node.takeOver(edit, act.from);
}
