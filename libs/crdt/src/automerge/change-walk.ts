// Walks through the changes of an untrusted update and asks of each whether the document may take it: does it follow what is
// here, and do its operations name what exists?
//
// Invariant: an admitted change names only objects, elements and operations that are part of the history it was held against,
//            of the update before it, or of itself. So what others write meanwhile is nothing that it could name.

import { forbiddenKeys } from '@anabranch/base';
import { type DecodedChange, decodeChange } from '@automerge/automerge';
import type { ChangeHeader } from '../inspection-case.ts';
import { inspectionLimits as limits } from '../inspection-limits.ts';
import type { LogAuthors } from '../log-authors.ts';
import { incomplete, invalid, refusing } from '../update-refusal.ts';
import type { AutomergeHandle } from './automerge-handle.ts';
import { type ChangeTable, changeWith } from './change-table.ts';
import { entriesId, textActorOf, textCreation, textsId } from './first-change.ts';

export interface AutomergeHolder {
  readonly handle: AutomergeHandle;
  readonly actor: string;
  readonly isTyped: boolean;
  readonly table: ChangeTable;
  readonly authors: LogAuthors | undefined;
}

type Op = DecodedChange['ops'][number] & { readonly elemId?: string };

interface KnownObject {
  readonly kind: 'map' | 'sequence';
  readonly depth: number;
}

export class ChangeWalk {
  readonly #holder: AutomergeHolder;
  /** Changes of this update admitted so far, by hash. */
  readonly #admitted = new Map<string, ChangeHeader>();
  /** The same by actor, in order. */
  readonly #byActor = new Map<string, ChangeHeader[]>();
  /** Objects made by the update, and those of the document that were asked for. */
  readonly #objects = new Map<string, KnownObject>();

  constructor(holder: AutomergeHolder) {
    this.#holder = holder;
    holder.table.follow(holder.handle);
  }

  /** The changes admitted so far, in order. */
  get admitted(): readonly ChangeHeader[] {
    return [...this.#admitted.values()];
  }

  /** The decoded change when the document lacks it and may take it; undefined when it holds it. */
  admit(bytes: Uint8Array): DecodedChange | undefined {
    const change = refusing(() => decodeChange(bytes));
    const { hash, actor, seq, startOp, deps } = change;
    const header = { hash, actor, seq, startOp, maxOp: startOp + change.ops.length - 1, deps };
    if (this.#isHeld(header)) return undefined;
    this.#checkHistory(header);
    if (!this.#isTextCreation(change)) this.#checkOps(change);
    this.#note(header);
    return change;
  }

  /** The same of a change whose operations were found sound. True when the document lacks it. */
  admitSound(header: ChangeHeader): boolean {
    if (this.#isHeld(header)) return false;
    this.#checkHistory(header);
    this.#note(header);
    return true;
  }

  #isHeld({ hash }: ChangeHeader): boolean {
    return this.#admitted.has(hash) || this.#holder.handle.getChangeMetaByHash(hash) !== null;
  }

  #note(header: ChangeHeader): void {
    this.#admitted.set(header.hash, header);
    const ofActor = this.#byActor.get(header.actor) ?? [];
    ofActor.push(header);
    this.#byActor.set(header.actor, ofActor);
  }

  #checkHistory(change: ChangeHeader): void {
    if (change.actor === this.#holder.actor) throw invalid('the change is written under the actor of this replica');
    if (this.#isOfRegion(change.actor)) throw incomplete('the change is a region’s and has not arrived from it');
    let precedingOp = 0;
    for (const dependency of change.deps) {
      const maxOp = this.#admitted.get(dependency)?.maxOp ?? this.#holder.handle.getChangeMetaByHash(dependency)?.maxOp;
      if (maxOp === undefined) throw incomplete('the update depends on changes this replica lacks');
      precedingOp = Math.max(precedingOp, maxOp);
    }
    const last = this.#byActor.get(change.actor)?.at(-1) ?? this.#holder.table.lastOf(change.actor) ?? { seq: 0, maxOp: 0 };
    if (change.seq > last.seq + 1) throw incomplete('the update leaves out changes of an actor');
    if (change.seq <= last.seq) throw invalid('the actor has another change with this number');
    if (change.startOp !== precedingOp + 1 || change.startOp <= last.maxOp) throw invalid('the operation numbers do not follow');
  }

  /** Asked once of an actor in a walk. */
  #isOfRegion(actor: string): boolean {
    return !this.#byActor.has(actor) && (this.#holder.authors?.hasAutomergeActor(actor) ?? false);
  }

  #checkOps(change: DecodedChange): void {
    for (const [i, op] of (change.ops as Op[]).entries()) {
      const container = this.#object(op.obj);
      const hasElement = op.elemId !== undefined;
      if (container === undefined || (container.kind === 'sequence') !== hasElement) throw invalid('an operation does not fit its object');
      if (!hasElement && !isAllowedKey(op.key)) throw invalid('a key is not allowed');
      if (this.#holder.isTyped) checkFrame(op);
      if (!namedBy(op).every((id) => this.#isOperation(id, change, i))) throw invalid('an operation names another that is not there');
      if (!op.action.startsWith('make')) continue;
      const depth = container.depth + 1;
      if (depth > limits.depthMax) throw invalid('objects are nested too deep');
      const kind = op.action === 'makeMap' || op.action === 'makeTable' ? 'map' : 'sequence';
      this.#objects.set(`${change.startOp + i}@${change.actor}`, { kind, depth });
    }
  }

  /** An operation of the document, of the update so far, or one of the first `ownCount` of the change itself. */
  #isOperation(id: string, change: DecodedChange, ownCount: number): boolean {
    const [counter = '', actor = ''] = id.split('@');
    const number = Number(counter);
    if (actor === change.actor && number >= change.startOp) return number < change.startOp + ownCount;
    return changeWith(this.#byActor.get(actor) ?? [], number) !== undefined || this.#holder.table.holds(id);
  }

  /** A text of a typed document is created by one change that is the same everywhere. */
  #isTextCreation(change: DecodedChange): boolean {
    const [op] = change.ops;
    if (!this.#holder.isTyped || op === undefined || op.obj !== textsId || change.actor !== textActorOf(op.key)) return false;
    return refusing(() => decodeChange(textCreation(op.key))).hash === change.hash;
  }

  #object(id: string): KnownObject | undefined {
    if (id === '_root') return { kind: 'map', depth: 0 };
    const known = this.#objects.get(id) ?? this.#heldObject(id);
    if (known !== undefined) this.#objects.set(id, known);
    return known;
  }

  #heldObject(id: string): KnownObject | undefined {
    try {
      const info = this.#holder.handle.objInfo(id);
      const kind = String(info.type) === 'map' || String(info.type) === 'table' ? 'map' : 'sequence';
      return { kind, depth: info.path?.length ?? 0 };
    } catch {
      return undefined;
    }
  }
}

/** The operations that an operation builds on: what it replaces, and the element it stands at or behind. */
function namedBy({ elemId, pred }: Op): readonly string[] {
  return elemId === undefined || elemId === '_head' ? pred : [elemId, ...pred];
}

function isAllowedKey(key: string): boolean {
  return key !== '' && key.length <= limits.keyUnitsMax && !forbiddenKeys.has(key);
}

/** A typed document is two maps for ever: entries are values in one, texts come to the other by their own changes. */
function checkFrame(op: Op): void {
  if (op.obj === '_root' || op.obj === textsId) throw invalid('an operation changes the frame of a typed document');
  if (op.obj === entriesId && op.action.startsWith('make')) throw invalid('entries of a typed document are not objects');
}
