// The writes of this tab that are on their way: between what was applied and what the store and the courier say of it.
//
// Invariant 1: writes are handed to the store in the order in which they were made, and told to the courier when kept.
// Invariant 2: a write that the store does not take is refused: it is shown no longer.
// Invariant 3: a write is said to be in most or all regions only when it is known which ops hold it. Of one whose answer was told to
//              nobody that is not so once what was seen was forgotten.
// Invariant 4: what is told to be refused waits for a listener of the application, and is told to it once.

import { AnabranchError } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import { callSafely } from './call-safely.ts';
import { PendingCount } from './pending-count.ts';
import { errorOf, refusalOf } from './refusal.ts';
import type { ClientStore, NewWrite, PendingWrite, RefusedWrite } from './store/client-store.ts';
import { LocalWrite, type Write } from './write.ts';

export class LocalWrites {
  /** Writes whose way is followed. Beyond: of the oldest that is durable no more is told. */
  static readonly trackedMax = 10_000;
  /** Refused writes that are remembered, those that wait for a listener too. Beyond: the oldest are not. */
  static readonly refusedMax = 1_000;

  /** Called for a write that could not be kept. */
  onUnsaved: (write: RefusedWrite) => void = () => {};

  /** Called when a listener has taken the refusals of these. */
  onRefusalsTaken: (ids: readonly string[]) => void = () => {};

  readonly pendingCount: PendingCount = new PendingCount();
  readonly #store: ClientStore;
  readonly #saved: (write: PendingWrite) => void;
  readonly #tracked = new Map<string, LocalWrite>();
  /** Of these the ones that a region has, oldest first. */
  readonly #durable = new Set<string>();
  /** Of the tracked ones those that this tab did not make. */
  readonly #takenUp = new WeakSet<Write>();
  /** For each question under way about what the store holds, the writes that were answered meanwhile. */
  readonly #answered = new Set<Set<string>>();
  readonly #refusedListeners = new Set<(write: Write) => void>();
  /** Refused writes, oldest first; undefined for one that a listener was told of. */
  readonly #refused = new Map<string, LocalWrite | undefined>();
  #lastSave: Promise<void> = Promise.resolve();
  #number = 0;
  #closed: AnabranchError | undefined;
  #covered = VersionVector.empty;
  #hasForgotten = false;
  #replicated = { majority: VersionVector.empty, all: VersionVector.empty };

  constructor(store: ClientStore, saved: (write: PendingWrite) => void) {
    this.#store = store;
    this.#saved = saved;
  }

  /** What a reader must have seen to see every write of this tab that is durable. */
  get covered(): VersionVector {
    return this.#covered;
  }

  /** What was seen is forgotten: a reader need not have seen them any more. */
  forgetCovered(): void {
    this.#hasForgotten = true;
    this.#covered = VersionVector.empty;
  }

  nextNumber(): number {
    this.#number += 1;
    return this.#number;
  }

  onRefused(listener: (write: Write) => void): () => void {
    const own = (write: Write): void => listener(write);
    this.#refusedListeners.add(own);
    // In a turn of its own: whoever registers has not heard yet how to end it.
    queueMicrotask(() => this.#tellRefused());
    return () => this.#refusedListeners.delete(own);
  }

  add(write: NewWrite): LocalWrite {
    const local = new LocalWrite(write.id, write.described);
    if (write.updates.length === 0) {
      // It changed nothing: there is nothing that anybody lacks.
      local.reach('all');
      return local;
    }
    this.#track(local);
    this.pendingCount.made(write.id);
    this.#lastSave = this.#save(write, local);
    return local;
  }

  /** A write that was not kept, and is not going to be. */
  refuse({ id, described }: Pick<NewWrite, 'id' | 'described'>, error: AnabranchError): LocalWrite {
    const local = new LocalWrite(id, described);
    local.refuse(error);
    // Nobody was given the write of an editor: it waits for a listener.
    if (described.every(({ ops }) => ops === '')) this.#keepRefused(local);
    else this.#tellListeners(local);
    return local;
  }

  /** Resolves when every write so far is kept, or could not be. */
  whenSaved(): Promise<void> {
    return this.#lastSave;
  }

  /** The writes of this tab so far that are neither durable in a region nor refused. */
  underWay(): readonly Write[] {
    return [...this.#tracked.values()].filter((write) => isUnderWay(write) && !this.#takenUp.has(write));
  }

  /** Whether this tab was told that it is refused. */
  isRefused(id: string): boolean {
    return this.#refused.has(id);
  }

  /** Whether it is saved, and no more is known of it. */
  isSaved(id: string): boolean {
    return this.#tracked.get(id)?.state === 'saved';
  }

  /** Those that are saved, whichever tab made them. */
  saved(): readonly string[] {
    return [...this.#tracked.keys()].filter((id) => this.isSaved(id));
  }

  /** Follows the writes that the store holds and that no region has confirmed, whichever tab made them. */
  async takeUp(): Promise<readonly Write[]> {
    const answered = new Set<string>();
    this.#answered.add(answered);
    try {
      const pending = await this.#store.pendingAfter(0);
      return pending.filter(({ id }) => !answered.has(id)).map((write) => this.#tracked.get(write.id) ?? this.#takeUpOne(write));
    } finally {
      this.#answered.delete(answered);
    }
  }

  settled(id: string, covered: VersionVector): void {
    this.pendingCount.ended(id);
    for (const answered of this.#answered) answered.add(id);
    const local = this.#tracked.get(id);
    if (local === undefined) return;
    this.#covered = this.#covered.merge(covered);
    local.settle(covered);
    if (local.replicated(this.#replicated.majority, this.#replicated.all)) this.#tracked.delete(id);
    else this.#durable.add(id);
  }

  /** A write is in a region, and nobody was told which ops hold it: they are covered by all that this device knows of. */
  answered(id: string, covered: VersionVector): void {
    this.pendingCount.ended(id);
    if (!this.#hasForgotten) return this.settled(id, covered);
    for (const answered of this.#answered) answered.add(id);
    const local = this.#tracked.get(id);
    local?.reach('durable');
    local?.unfollow(
      new AnabranchError('outcome_unknown', 'the write is in a region; in how many is not known: what was seen is forgotten'),
    );
    this.#tracked.delete(id);
  }

  replicated(majority: VersionVector, all: VersionVector): void {
    this.#replicated = { majority, all };
    for (const id of this.#durable) if (this.#tracked.get(id)?.replicated(majority, all) === true) this.#forget(id);
  }

  refused({ id, described, refusal }: RefusedWrite): void {
    this.pendingCount.ended(id);
    for (const answered of this.#answered) answered.add(id);
    const local = this.#tracked.get(id) ?? new LocalWrite(id, described);
    this.#tracked.delete(id);
    local.refuse(errorOf(refusal));
    this.#keepRefused(local);
  }

  /** It is told once more: who tells it does not know that it was taken. */
  refusedAgain(id: string): void {
    if (this.#refused.get(id) === undefined) this.onRefusalsTaken([id]);
  }

  /** No more is told of any write: who waits is told why. */
  close(why: AnabranchError): void {
    this.#closed = why;
    for (const local of this.#tracked.values()) local.unfollow(why);
    this.#tracked.clear();
    this.#durable.clear();
  }

  async #save(write: NewWrite, local: LocalWrite): Promise<void> {
    const before = this.#lastSave;
    const appended = this.#store.append(write);
    try {
      const n = await appended;
      await before;
      this.pendingCount.saved(write.id, n);
      local.reach('saved');
      this.#saved({ ...write, n });
    } catch (error) {
      await before;
      const documents = write.updates.map(({ document }) => document);
      callSafely(() => this.onUnsaved({ id: write.id, documents, described: write.described, refusal: refusalOf(error) }));
    }
  }

  #takeUpOne({ id, described }: PendingWrite): LocalWrite {
    const local = new LocalWrite(id, described);
    local.reach('saved');
    this.#takenUp.add(local);
    this.#track(local);
    return local;
  }

  #keepRefused(local: LocalWrite): void {
    this.#refused.set(local.id, local);
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > LocalWrites.refusedMax && oldest !== undefined) this.#refused.delete(oldest);
    this.#tellRefused();
  }

  /** Tells the listeners what waits for one. */
  #tellRefused(): void {
    if (this.#refusedListeners.size === 0) return;
    const untold = [...this.#refused.values()].filter((local) => local !== undefined);
    if (untold.length === 0) return;
    for (const { id } of untold) this.#refused.set(id, undefined);
    for (const local of untold) this.#tellListeners(local);
    this.onRefusalsTaken(untold.map(({ id }) => id));
  }

  #tellListeners(local: LocalWrite): void {
    for (const listener of [...this.#refusedListeners]) callSafely(() => listener(local));
  }

  #track(local: LocalWrite): void {
    if (this.#closed !== undefined) return local.unfollow(this.#closed);
    this.#tracked.set(local.id, local);
    if (this.#tracked.size <= LocalWrites.trackedMax) return;
    const [oldest] = this.#durable;
    if (oldest === undefined) return;
    const why = `the write is in a region; in how many is not known: ${LocalWrites.trackedMax} newer ones are followed`;
    this.#tracked.get(oldest)?.unfollow(new AnabranchError('outcome_unknown', why));
    this.#forget(oldest);
  }

  #forget(id: string): void {
    this.#tracked.delete(id);
    this.#durable.delete(id);
  }
}

export function isUnderWay({ state }: Write): boolean {
  return state === 'applied' || state === 'saved';
}
