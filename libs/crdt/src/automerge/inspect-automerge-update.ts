// Decides whether changes from an untrusted sender may be logged and merged. Automerge checks the form of a change, but
// not all of its meaning: a change may carry operations on objects of another type, or claim to replace what is not there;
// it is merged, and the document can never be loaded again. So the questions are asked in order of cost:
//
//   1. bytes        Is it safe to decode? (column-scan.ts)
//   2. history      Does each change follow what is here: dependencies, the author's last change, operation numbers?
//   3. operations   Do they name what their change had seen, of the right kind, within the depth, with allowed keys? In a
//                   typed document: only in its two maps, and texts only as every replica would create them.
//                   (change-walk.ts, causal-past.ts, operation-rules.ts)
//   4. rehearsal    Does a copy of the document take them, and does what it then saves load again? Ordinary changes, whose
//                   merge is foreseen without it (foreseen-changes.ts), are spared this.
//
// 2 to 4 of large updates, and 4 on large documents, would hold up everybody else: they are put down as a case, examined
// against a copy of the document by another thread, and the parts that it finds are accepted here by asking 2 again.
//
// What is logged is the changes that were looked at, in their order, never the chunks they came in.
//
// Invariant 1: after an update passed, merging it throws nothing, leaves nothing pending, and the document stays loadable.
// Invariant 2: so it is after a part was accepted, whatever was merged meanwhile: the update names nothing of that.

import { concatBytes, isAnabranchError } from '@anabranch/base';
import { getBackend, init, load } from '@automerge/automerge';
import type { ChangeHeader, Inspection, InspectionCase, InspectionFinding, SoundPart } from '../inspection-case.ts';
import { inspectionLimits as limits } from '../inspection-limits.ts';
import { refusing, tooLarge } from '../update-refusal.ts';
import type { AutomergeHandle } from './automerge-handle.ts';
import { VisitsExhausted } from './causal-past.ts';
import { ChangeTable } from './change-table.ts';
import { type AutomergeHolder, ChangeWalk } from './change-walk.ts';
import { type Chunk, chunkTypes, splitChunks } from './chunks.ts';
import { Budget, type InflateRaw, scanChunk } from './column-scan.ts';
import { areForeseen } from './foreseen-changes.ts';

/**
 * Passes, giving what is to be logged, or gives the case to be examined elsewhere ({@link examineAutomergeUpdate}).
 * @throws AnabranchError `update_invalid`, `update_incomplete`, `request_too_large`
 */
export function inspectAutomergeUpdate(holder: AutomergeHolder, update: Uint8Array, inflateRaw: InflateRaw): Inspection {
  const { chunks, budget } = scanUpdate(update, inflateRaw);
  if (budget.changes > limits.directChangesMax || budget.rows > limits.directRowsMax) return caseOf(holder, update);
  try {
    return inspectHere(holder, chunks) ?? caseOf(holder, update);
  } catch (error) {
    if (error instanceof VisitsExhausted) return caseOf(holder, update);
    throw error;
  }
}

/** Undefined when it would take a rehearsal on a large document. */
function inspectHere(holder: AutomergeHolder, chunks: readonly Chunk[]): Inspection | undefined {
  const walk = new ChangeWalk(holder, limits.directVisitsMax);
  const fresh = changesIn(chunks).flatMap((bytes) => {
    const change = walk.admit(bytes);
    return change === undefined ? [] : [{ bytes, change }];
  });
  const changes = fresh.map(({ bytes }) => bytes);
  const passed = { update: concatBytes(changes) };
  const isForeseen = areForeseen(
    holder,
    fresh.map(({ change }) => change),
  );
  if (isForeseen) return passed;
  if (holder.table.opCount > limits.directDocumentOpsMax) return undefined;
  const scratch = holder.handle.clone();
  try {
    rehearse(scratch, changes);
  } finally {
    scratch.free();
  }
  return passed;
}

/** Examines a case, at whatever cost, against the copy of the document in it. */
export function examineAutomergeUpdate(
  { state, actor, isTyped, boundedSchema, update }: InspectionCase,
  inflateRaw: InflateRaw,
): InspectionFinding {
  const handle = getBackend(load(state, { actor }));
  try {
    const walk = new ChangeWalk({ handle, actor, isTyped, boundedSchema, table: new ChangeTable(), authors: undefined }, limits.visitsMax);
    const fresh = changesIn(scanUpdate(update, inflateRaw).chunks).filter((bytes) => walk.admit(bytes) !== undefined);
    rehearse(handle, fresh);
    return { isSound: true, parts: partsOf(walk.admitted, fresh) };
  } catch (error) {
    const refusal = error instanceof VisitsExhausted ? tooLarge('the update was made too long ago') : error;
    if (!isAnabranchError(refusal)) throw refusal;
    return { isSound: false, code: refusal.code, message: refusal.message };
  } finally {
    handle.free();
  }
}

/**
 * Decides whether the library can read what a region sends: changes, or a whole document. Costs what reading them costs. Changes that
 * pass may still contradict the document that they are merged into. @throws AnabranchError `update_invalid`
 */
export function checkAutomergeBytes(bytes: Uint8Array): void {
  for (const chunk of splitChunks(bytes)) refusing(() => read(chunk));
}

function read({ type, bytes }: Chunk): void {
  if (type === chunkTypes.document) return getBackend(load(bytes)).free();
  // Each alone: of several the library takes those that it can read, and applying does not look at checksums.
  const scratch = getBackend(init());
  try {
    scratch.loadIncremental(bytes);
  } finally {
    scratch.free();
  }
}

function partsOf(headers: readonly ChangeHeader[], changes: readonly Uint8Array[]): SoundPart[] {
  const parts: Array<{ changes: ChangeHeader[]; bytes: Uint8Array[]; ops: number }> = [];
  for (const [at, header] of headers.entries()) {
    const ops = header.maxOp - header.startOp + 1;
    let part = parts.at(-1);
    if (part === undefined || part.changes.length >= limits.partChangesMax || part.ops + ops > limits.partOpsMax) {
      part = { changes: [], bytes: [], ops: 0 };
      parts.push(part);
    }
    part.changes.push(header);
    part.bytes.push(changes[at] ?? new Uint8Array());
    part.ops += ops;
  }
  return parts.map(({ changes: ofPart, bytes }) => ({ changes: ofPart, update: concatBytes(bytes) }));
}

function caseOf({ handle, actor, isTyped, boundedSchema }: AutomergeHolder, update: Uint8Array): Inspection {
  return { undecided: { state: handle.save(), actor, isTyped, boundedSchema, update } };
}

function scanUpdate(update: Uint8Array, inflateRaw: InflateRaw): { readonly chunks: readonly Chunk[]; readonly budget: Budget } {
  if (update.length > limits.updateBytesMax) throw tooLarge('the update has too many bytes');
  const budget = new Budget(inflateRaw);
  const chunks = splitChunks(update);
  for (const chunk of chunks) scanChunk(chunk, budget);
  return { chunks, budget };
}

function changesIn(chunks: readonly Chunk[]): Uint8Array[] {
  return chunks.flatMap((chunk) => (chunk.type === chunkTypes.document ? changesOf(chunk.bytes) : [chunk.bytes]));
}

function changesOf(document: Uint8Array): Uint8Array[] {
  return refusing(() => {
    const handle = getBackend(load(document));
    const changes = handle.getChanges([]);
    handle.free();
    return changes;
  });
}

function rehearse(scratch: AutomergeHandle, changes: Uint8Array[]): void {
  refusing(() => {
    scratch.applyChanges(changes);
    scratch.saveAndVerify();
  });
}
