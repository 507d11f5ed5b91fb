// Decides whether changes from an untrusted sender may be logged and merged. Automerge checks the form of a change, but
// not all of its meaning: a change may carry operations on objects of another type, or claim to replace what is not there;
// it is merged, and the document can never be loaded again. So the questions are asked in order of cost:
//
//   1. bytes        Is it safe to decode? (column-scan.ts)
//   2. history      Does each change follow what is here: dependencies, the author's last change, operation numbers?
//   3. operations   Do they name what exists, of the right kind, within the depth, with allowed keys? In a typed document:
//                   only in its two maps, and texts only as every replica would create them. (change-walk.ts)
//   4. rehearsal    Does a copy of the document take them, and does what it then saves load again? Ordinary changes, whose
//                   merge is foreseen without it (foreseen-changes.ts), are spared this.
//
// 2 to 4 of large updates, and 4 on large documents, would hold up everybody else: they are put down as a case, examined
// against a copy of the document by another thread, and the parts that it finds are accepted here by asking 2 again.
//
// Invariant 1: after an update passed, merging it throws nothing, leaves nothing pending, and the document stays loadable.
// Invariant 2: so it is after a part was accepted, whatever was merged meanwhile: the update names nothing of that.

import { concatBytes, isAnabranchError } from '@anabranch/base';
import { getBackend, load } from '@automerge/automerge';
import type { ChangeHeader, InspectionCase, InspectionFinding, SoundPart } from '../inspection-case.ts';
import { inspectionLimits as limits } from '../inspection-limits.ts';
import { refusing, tooLarge } from '../update-refusal.ts';
import type { AutomergeHandle } from './automerge-handle.ts';
import { ChangeTable } from './change-table.ts';
import { type AutomergeHolder, ChangeWalk } from './change-walk.ts';
import { type Chunk, chunkTypes, splitChunks } from './chunks.ts';
import { Budget, type InflateRaw, scanChunk } from './column-scan.ts';
import { areForeseen } from './foreseen-changes.ts';

/**
 * Passes, or gives the case to be examined elsewhere ({@link examineAutomergeUpdate}).
 * @throws AnabranchError `update_invalid`, `update_incomplete`, `request_too_large`
 */
export function inspectAutomergeUpdate(holder: AutomergeHolder, update: Uint8Array, inflateRaw: InflateRaw): InspectionCase | undefined {
  const { chunks, budget } = scanUpdate(update, inflateRaw);
  if (budget.changes > limits.directChangesMax || budget.rows > limits.directRowsMax) return caseOf(holder, update);
  const walk = new ChangeWalk(holder);
  const fresh = changesIn(chunks).flatMap((bytes) => {
    const change = walk.admit(bytes);
    return change === undefined ? [] : [{ bytes, change }];
  });
  if (fresh.length === 0) return undefined;
  if (
    areForeseen(
      holder,
      fresh.map(({ change }) => change),
    )
  )
    return undefined;
  if (holder.table.opCount > limits.directDocumentOpsMax) return caseOf(holder, update);
  const scratch = holder.handle.clone();
  rehearse(
    scratch,
    fresh.map(({ bytes }) => bytes),
  );
  scratch.free();
  return undefined;
}

/** Examines a case, at whatever cost, against the copy of the document in it. */
export function examineAutomergeUpdate({ state, actor, isTyped, update }: InspectionCase, inflateRaw: InflateRaw): InspectionFinding {
  const handle = getBackend(load(state, { actor }));
  try {
    const walk = new ChangeWalk({ handle, actor, isTyped, table: new ChangeTable(), authors: undefined });
    const fresh = changesIn(scanUpdate(update, inflateRaw).chunks).filter((bytes) => walk.admit(bytes) !== undefined);
    rehearse(handle, fresh);
    return { isSound: true, parts: partsOf(walk.admitted, fresh) };
  } catch (error) {
    if (!isAnabranchError(error)) throw error;
    return { isSound: false, code: error.code, message: error.message };
  } finally {
    handle.free();
  }
}

function partsOf(headers: readonly ChangeHeader[], changes: readonly Uint8Array[]): SoundPart[] {
  const parts: SoundPart[] = [];
  for (let at = 0; at < changes.length; at += limits.partChangesMax) {
    const end = at + limits.partChangesMax;
    parts.push({ changes: headers.slice(at, end), update: concatBytes(changes.slice(at, end)) });
  }
  return parts;
}

function caseOf({ handle, actor, isTyped }: AutomergeHolder, update: Uint8Array): InspectionCase {
  return { state: handle.save(), actor, isTyped, update };
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
