// Decides whether changes from an untrusted sender may be logged and merged. Automerge checks the form of a change, but
// not all of its meaning: a change may carry operations on objects of another type, or claim to replace what is not there;
// it is merged, and the document can never be loaded again. So the questions are asked in order of cost:
//
//   1. bytes        Is it safe to decode? (column-scan.ts)
//   2. history      Does each change follow what is here: dependencies, the author's last change, operation numbers?
//   3. operations   Do they name objects that exist, of the right kind, within the depth, with allowed keys? In a typed
//                   document: only in its two maps, and texts only as every replica would create them.
//   4. rehearsal    Does a copy of the document take them, and does what it then saves load again? Ordinary changes, whose
//                   merge is foreseen without it (foreseen-changes.ts), are spared this.
//
// Invariant: after an update passed, merging it throws nothing, leaves nothing pending, and the document stays loadable.

import { AnabranchError, forbiddenKeys } from '@anabranch/base';
import { type DecodedChange, decodeChange, getBackend, load } from '@automerge/automerge';
import { inspectionLimits as limits } from '../inspection-limits.ts';
import type { LogAuthors } from '../log-authors.ts';
import { incomplete, invalid, tooLarge } from '../update-refusal.ts';
import type { AutomergeHandle } from './automerge-handle.ts';
import type { ChangeTable } from './change-table.ts';
import { chunkTypes, splitChunks } from './chunks.ts';
import { Budget, type InflateRaw, scanChunk } from './column-scan.ts';
import { entriesId, textActorOf, textCreation, textsId } from './first-change.ts';
import { areForeseen } from './foreseen-changes.ts';

export interface AutomergeHolder {
  readonly handle: AutomergeHandle;
  readonly actor: string;
  readonly isTyped: boolean;
  readonly table: ChangeTable;
  readonly authors: LogAuthors | undefined;
}

type Op = DecodedChange['ops'][number] & { readonly elemId?: string };
type ObjectKind = 'map' | 'sequence';

/**
 * Returns the changes of the update that the document lacks, each a change chunk, in causal order.
 * @throws AnabranchError `update_invalid`, `update_incomplete`, `request_too_large`
 */
export function inspectAutomergeUpdate(holder: AutomergeHolder, update: Uint8Array, inflateRaw: InflateRaw): Uint8Array[] {
  if (update.length > limits.updateBytesMax) throw tooLarge('the update has too many bytes');
  const budget = new Budget(inflateRaw);
  const chunks = splitChunks(update);
  for (const chunk of chunks) scanChunk(chunk, budget);
  const changes = chunks.flatMap((chunk) => (chunk.type === chunkTypes.document ? changesOf(chunk.bytes) : [chunk.bytes]));
  const walk = new Walk(holder);
  const fresh = changes.filter((change) => walk.admit(change));
  if (fresh.length > 0 && !areForeseen(holder, walk.admitted)) rehearse(holder.handle, fresh);
  return fresh;
}

function changesOf(document: Uint8Array): Uint8Array[] {
  return refusing(() => {
    const handle = getBackend(load(document));
    const changes = handle.getChanges([]);
    handle.free();
    return changes;
  });
}

function rehearse(handle: AutomergeHandle, changes: Uint8Array[]): void {
  refusing(() => {
    const scratch = handle.clone();
    scratch.applyChanges(changes);
    scratch.saveAndVerify();
    scratch.free();
  });
}

/** Whatever the library throws on these bytes means that they are refused. */
function refusing<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw new AnabranchError('update_invalid', 'the library refuses the update', { reason: String(error).slice(0, 200) });
  }
}

class Walk {
  /** The changes of this update that the document lacks. */
  readonly admitted: DecodedChange[] = [];
  readonly #holder: AutomergeHolder;
  /** Changes of this update admitted so far: hash to highest operation number. */
  readonly #maxOps = new Map<string, number>();
  readonly #last = new Map<string, { readonly seq: number; readonly maxOp: number }>();
  readonly #objects = new Map<string, { readonly kind: ObjectKind; readonly depth: number }>();

  constructor(holder: AutomergeHolder) {
    this.#holder = holder;
  }

  /** True when the document lacks the change and may take it; false when it holds it. */
  admit(bytes: Uint8Array): boolean {
    const change = refusing(() => decodeChange(bytes));
    if (this.#maxOps.has(change.hash) || this.#holder.handle.getChangeMetaByHash(change.hash) !== null) return false;
    const maxOp = change.startOp + change.ops.length - 1;
    this.#checkHistory(change);
    if (!this.#isTextCreation(change)) this.#checkOps(change);
    this.#maxOps.set(change.hash, maxOp);
    this.#last.set(change.actor, { seq: change.seq, maxOp });
    this.admitted.push(change);
    return true;
  }

  #checkHistory(change: DecodedChange): void {
    if (change.actor === this.#holder.actor) throw invalid('the change is written under the actor of this replica');
    if (this.#holder.authors?.hasAutomergeActor(change.actor)) throw incomplete('the change is a region’s and has not arrived from it');
    let precedingOp = 0;
    for (const dependency of change.deps) {
      const maxOp = this.#maxOps.get(dependency) ?? this.#holder.handle.getChangeMetaByHash(dependency)?.maxOp;
      if (maxOp === undefined) throw incomplete('the update depends on changes this replica lacks');
      precedingOp = Math.max(precedingOp, maxOp);
    }
    const last = this.#last.get(change.actor) ?? this.#holder.table.lastOf(this.#holder.handle, change.actor) ?? { seq: 0, maxOp: 0 };
    if (change.seq > last.seq + 1) throw incomplete('the update leaves out changes of an actor');
    if (change.seq <= last.seq) throw invalid('the actor has another change with this number');
    if (change.startOp !== precedingOp + 1 || change.startOp <= last.maxOp) throw invalid('the operation numbers do not follow');
  }

  #checkOps(change: DecodedChange): void {
    for (const [i, op] of (change.ops as Op[]).entries()) {
      const container = this.#object(op.obj);
      const hasElement = op.elemId !== undefined;
      if (container === undefined || (container.kind === 'sequence') !== hasElement) throw invalid('an operation does not fit its object');
      if (!hasElement && !isAllowedKey(op.key)) throw invalid('a key is not allowed');
      if (this.#holder.isTyped) checkFrame(op);
      if (!op.action.startsWith('make')) continue;
      const depth = container.depth + 1;
      if (depth > limits.depthMax) throw invalid('objects are nested too deep');
      const kind = op.action === 'makeMap' || op.action === 'makeTable' ? 'map' : 'sequence';
      this.#objects.set(`${change.startOp + i}@${change.actor}`, { kind, depth });
    }
  }

  /** A text of a typed document is created by one change that is the same everywhere. */
  #isTextCreation(change: DecodedChange): boolean {
    const [op] = change.ops;
    if (!this.#holder.isTyped || op === undefined || op.obj !== textsId || change.actor !== textActorOf(op.key)) return false;
    return refusing(() => decodeChange(textCreation(op.key))).hash === change.hash;
  }

  #object(id: string): { readonly kind: ObjectKind; readonly depth: number } | undefined {
    if (id === '_root') return { kind: 'map', depth: 0 };
    const made = this.#objects.get(id);
    if (made !== undefined) return made;
    try {
      const info = this.#holder.handle.objInfo(id);
      const kind = String(info.type) === 'map' || String(info.type) === 'table' ? 'map' : 'sequence';
      return { kind, depth: info.path?.length ?? 0 };
    } catch {
      return undefined;
    }
  }
}

function isAllowedKey(key: string): boolean {
  return key !== '' && key.length <= limits.keyUnitsMax && !forbiddenKeys.has(key);
}

/** A typed document is two maps for ever: entries are values in one, texts come to the other by their own changes. */
function checkFrame(op: Op): void {
  if (op.obj === '_root' || op.obj === textsId) throw invalid('an operation changes the frame of a typed document');
  if (op.obj === entriesId && op.action.startsWith('make')) throw invalid('entries of a typed document are not objects');
}
