// Walks through the changes of an untrusted update and asks of each whether the document may take it: does it follow what is
// here, and do its operations name what it had seen?
//
// Invariant 1: an admitted change had seen every earlier change of its actor, so whatever order the library merges them in,
//              it has them in their own.
// Invariant 2: an admitted change names only objects, elements and operations that it had seen, or its own. So what others
//              write meanwhile is nothing that it could name.

import { type DecodedChange, decodeChange } from '@automerge/automerge';
import type { ChangeHeader } from '../inspection-case.ts';
import { inspectionLimits as limits } from '../inspection-limits.ts';
import type { LogAuthors } from '../log-authors.ts';
import type { ObjectSchema } from '../schema.ts';
import { isBoundedKey } from '../typed/bounded-key.ts';
import { incomplete, invalid, refusing, writesBoundedCounter } from '../update-refusal.ts';
import type { AutomergeHandle } from './automerge-handle.ts';
import { CausalPast, type Visits } from './causal-past.ts';
import { type ChangeTable, changeWith } from './change-table.ts';
import { entriesId, firstActor, isTextActor, textActorOf, textCreation, textsId } from './first-change.ts';
import { checkFrame, checkOperation, isAllowedKey, namedBy, type Operation } from './operation-rules.ts';

export interface AutomergeHolder {
  readonly handle: AutomergeHandle;
  readonly actor: string;
  readonly isTyped: boolean;
  /** Of a typed document that has bounded counters. */
  readonly boundedSchema: ObjectSchema | undefined;
  readonly table: ChangeTable;
  readonly authors: LogAuthors | undefined;
}

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

  /** What each of them had seen, itself included. */
  readonly #pasts = new Map<string, CausalPast>();
  readonly #visits: Visits;

  constructor(holder: AutomergeHolder, visitsMax: number) {
    this.#holder = holder;
    this.#visits = { left: visitsMax };
    holder.table.follow(holder.handle);
  }

  /** The changes admitted so far, in order. */
  get admitted(): readonly ChangeHeader[] {
    return [...this.#admitted.values()];
  }

  /**
   * The decoded change when the document lacks it and may take it; undefined when it holds it.
   * @throws VisitsExhausted when what it had seen lies too far back, AnabranchError when it is refused
   */
  admit(bytes: Uint8Array): DecodedChange | undefined {
    const change = refusing(() => decodeChange(bytes));
    const { hash, actor, seq, startOp, deps } = change;
    const header = { hash, actor, seq, startOp, maxOp: startOp + change.ops.length - 1, deps };
    if (this.#isHeld(header)) return undefined;
    this.#checkHistory(header);
    const past = this.#pastOf(deps);
    if (seq > 1 && !this.#sees(past, actor, seq - 1)) throw invalid('a change had not seen the one before it of its actor');
    if (this.#isTextCreation(change)) this.#objects.set(`${startOp}@${actor}`, { kind: 'sequence', depth: 2 });
    else this.#checkOps(change, past);
    this.#note(header);
    this.#pasts.set(hash, past.after(actor, seq));
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

  #pastOf(dependencies: readonly string[]): CausalPast {
    const pasts: CausalPast[] = [];
    const held = dependencies.filter((hash) => {
      const past = this.#pasts.get(hash);
      if (past !== undefined) pasts.push(past);
      return past === undefined;
    });
    if (held.length > 0 || pasts.length === 0) pasts.push(CausalPast.ofHeld(this.#holder.handle, held, this.#visits));
    return CausalPast.union(pasts);
  }

  #sees(past: CausalPast, actor: string, seq: number): boolean {
    const held = this.#holder.table.lastOf(actor)?.seq ?? 0;
    return seq <= held ? past.seesHeld(actor, seq) : past.seesOfUpdate(actor, seq);
  }

  #checkOps(change: DecodedChange, past: CausalPast): void {
    if (this.#holder.isTyped && (change.actor === firstActor || isTextActor(change.actor))) throw invalid('the actor is reserved');
    for (const [i, op] of (change.ops as Operation[]).entries()) {
      const container = this.#object(op.obj);
      const isInSequence = op.elemId !== undefined;
      if (container === undefined || (container.kind === 'sequence') !== isInSequence)
        throw invalid('an operation does not fit its object');
      checkOperation(op);
      if (this.#holder.isTyped) checkFrame(op);
      this.#checkBounded(op);
      const isSound = namedBy(op).every((id) => this.#isSeen(id, past, { change, ownCount: i }));
      if (!isSound) throw invalid('an operation names another that its change had not seen');
      if (!op.action.startsWith('make')) continue;
      const depth = container.depth + 1;
      if (depth > limits.depthMax) throw invalid('objects are nested too deep');
      this.#objects.set(`${change.startOp + i}@${change.actor}`, { kind: op.action === 'makeMap' ? 'map' : 'sequence', depth });
    }
  }

  #checkBounded({ obj, key }: Operation): void {
    const { boundedSchema } = this.#holder;
    if (boundedSchema !== undefined && obj === entriesId && isBoundedKey(boundedSchema, key)) throw writesBoundedCounter();
  }

  /** An operation that the change had seen, or one of its own first `ownCount`. */
  #isSeen(id: string, past: CausalPast, { change, ownCount }: { change: DecodedChange; ownCount: number }): boolean {
    const [counter = '', actor = ''] = id.split('@');
    const number = Number(counter);
    if (actor === change.actor && number >= change.startOp) return number < change.startOp + ownCount;
    const ofUpdate = changeWith(this.#byActor.get(actor) ?? [], number);
    if (ofUpdate !== undefined) return past.seesOfUpdate(actor, ofUpdate.seq);
    const held = this.#holder.table.holding(id);
    return held !== undefined && past.seesHeld(actor, held.seq);
  }

  /** A text of a typed document is created by one change that is the same everywhere. */
  #isTextCreation(change: DecodedChange): boolean {
    const [op] = change.ops;
    if (!this.#holder.isTyped || op === undefined || op.obj !== textsId || change.actor !== textActorOf(op.key)) return false;
    if (!isAllowedKey(op.key)) throw invalid('a key is not allowed');
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
