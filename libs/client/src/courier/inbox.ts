// What a region tells of the documents that are followed, on its way into the store and from there to the tabs.
//
//   changes, state --inspected--> kept with the vectors of the device, in one commit --> told to the tabs
//
// Invariant 1: `seen` and the documents are kept together, so a device never claims to hold what it does not.
// Invariant 2: documents that were sent whole because the device was away for too long are shown together, none before the
//              changes that follow them.
// Invariant 3: nothing that cannot be read is kept. A frame with anything of that is taken not at all, and nothing is seen of it; or,
//              when there is nobody else to ask (`unreadable`), without that document, which counts as not held from then on.
// Invariant 4: a refusal is kept until a listener of the application has taken it, in whichever tab: `refusalBytesMax` of them, the newest.
//              So a write that the store does not keep as pending, and of which no refusal is kept, is in a region, or was told to be
//              refused: whoever had the answer.

import { type AnabranchError, isAnabranchError } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import {
  type ChangesFrame,
  type DocumentId,
  frameInvalid,
  type StateFrame,
  type VectorEntries,
  vectorOriginsMax,
} from '@anabranch/protocol';
import type { Refusal } from '../refusal.ts';
import type { PendingWrite, RefusedWrite, SessionRecord, StoreChange, StoreOpening } from '../store/client-store.ts';
import type { FromCourier } from '../tabs/tab-message.ts';
import type { CommitQueue } from './commit-queue.ts';
import type { Follows } from './follows.ts';
import type { Inspection } from './inspection.ts';

export interface InboxParts {
  readonly queue: CommitQueue;
  readonly follows: Follows;
  readonly inspection: Inspection;
  readonly tell: (message: FromCourier) => void;
  readonly documents: {
    /** Something was sent of a document that is not followed. */
    unwanted(document: DocumentId): void;
    /** It was sent whole. */
    held(document: DocumentId): void;
    /** What was sent of it whole is not to be taken. */
    isLate(document: DocumentId): boolean;
    /** Throws to have a frame not taken; else the document counts as not held, and is passed over. */
    unreadable(document: DocumentId, error: AnabranchError, isWhole: boolean): void;
  };
  /** An update of so many bytes was kept, or a whole document. */
  readonly grew: (document: DocumentId, bytes: number, isWhole: boolean) => void;
}

export class Inbox {
  /** The greatest seq that is believed: that of a million ops a second for nine years. A frame with a greater one is refused. */
  static readonly seqMax: number = 2 ** 48;
  /** Refusals that are kept for a listener, in bytes, about. Beyond: the oldest are let go of; the newest is kept whatever its size. */
  static readonly refusalBytesMax: number = 1 << 20;

  readonly #parts: InboxParts;
  readonly #resync = new Map<DocumentId, Uint8Array>();
  #seen: VersionVector;
  #required: VersionVector;
  /** Those that no listener has taken, as far as is known. */
  #refusals: readonly RefusedWrite[];
  /** Of the newest session, to be kept with the next changes: by then the region has read what it was told. */
  resumeKey: Uint8Array;

  constructor(parts: InboxParts, { session, refusals }: StoreOpening) {
    this.#parts = parts;
    this.#refusals = refusals;
    this.#seen = VersionVector.of(session?.seen ?? []);
    this.#required = this.#seen.merge(VersionVector.of(session?.required ?? []));
    this.resumeKey = session?.resumeKey ?? new Uint8Array();
  }

  /** Of all that is followed, the device has what this covers. */
  get seen(): VectorEntries {
    return this.#seen.entries();
  }

  /** What a region must have to take more of this device: with the ops that hold what it wrote. */
  get required(): VectorEntries {
    return this.#required.entries();
  }

  /** @throws AnabranchError `frame_invalid`, and as {@link InboxParts.documents}. */
  takeChanges({ ops, told }: ChangesFrame): void {
    const required = this.believe(told);
    const passedOver = new Set<DocumentId>();
    for (const { document, update } of ops.flatMap(({ writes }) => writes)) {
      if (!passedOver.has(document) && !this.#isTaken(document, update, false)) passedOver.add(document);
    }
    const received = ops
      .map(({ origin, writes }) => ({ origin, writes: writes.filter(({ document }) => !passedOver.has(document)) }))
      .filter(({ writes }) => writes.length > 0);
    this.#seen = this.#seen.merge(VersionVector.of(told));
    this.#required = required;
    // One that is not held was asked for whole since, and comes: what was sent before that may lack what was written between.
    const states = [...this.#resync]
      .filter(([document]) => this.#parts.follows.isHeld(document))
      .map(([document, state]) => ({ document, state }));
    this.#resync.clear();
    const changes: StoreChange[] = states.map((state) => ({ type: 'state', ...state }));
    for (const { writes } of received) for (const write of writes) changes.push({ type: 'update', ...write });
    this.#keep(changes, { type: 'received', states, ops: received, seen: this.seen });
  }

  /** @throws AnabranchError as {@link InboxParts.documents}. */
  takeState({ document, isResync, state }: StateFrame): void {
    if (!isResync && this.#parts.documents.isLate(document)) return;
    if (!this.#isTaken(document, state, true)) return;
    if (isResync) {
      this.#resync.set(document, state);
      return;
    }
    this.#parts.documents.held(document);
    const states = [{ document, state }];
    this.#keep([{ type: 'state', document, state }], { type: 'received', states, ops: [], seen: this.seen });
  }

  /**
   * What a region must have after a vector is believed. @throws AnabranchError `frame_invalid` for what no mesh has, and for what could
   * not be named to a region again.
   */
  believe(vector: VectorEntries): VersionVector {
    const absurd = vector.find(([, seq]) => seq > Inbox.seqMax);
    if (absurd !== undefined) throw frameInvalid(`no origin has written so many ops as ${absurd[0]} would have`);
    const required = this.#required.merge(VersionVector.of(vector));
    if (required.size > vectorOriginsMax) throw frameInvalid('the mesh would have more origins than a vector names');
    return required;
  }

  /** A write is durable in a region. `required` is what {@link believe} made of `covered`. */
  settle({ n, id, updates }: PendingWrite, covered: VectorEntries, required: VersionVector): void {
    this.#required = required;
    this.#keep([{ type: 'settle', n }], { type: 'settled', id, covered }, updates);
  }

  /** Tells what was refused and no listener has taken: to tabs that were perhaps not there when it was told. */
  tellRefusals(): void {
    const { queue, tell } = this.#parts;
    for (const write of this.#refusals) queue.add([], () => tell({ type: 'refused', write }));
  }

  /** A listener has taken them. */
  refusalsTaken(ids: readonly string[]): void {
    const left = this.#refusals.filter(({ id }) => !ids.includes(id));
    if (left.length === this.#refusals.length) return;
    this.#refusals = left;
    this.#parts.queue.add([{ type: 'refusals', refusals: left }], () => {});
  }

  /** A write is refused. */
  refuse({ n, id, updates, described }: PendingWrite, refusal: Refusal): void {
    const write = { id, documents: updates.map(({ document }) => document), described, refusal };
    this.#refusals = newestOf([...this.#refusals, write]);
    const changes: StoreChange[] = [
      { type: 'drop', n },
      { type: 'refusals', refusals: this.#refusals },
    ];
    this.#parts.queue.add(changes, () => this.#parts.tell({ type: 'refused', write }));
  }

  /** Tells of writes that wait for no answer (Invariant 4), after all that was answered before. */
  tellAnswered(ids: readonly string[]): void {
    const refused = new Set(this.#refusals.map(({ id }) => id));
    const settled = ids.filter((id) => !refused.has(id));
    const covered = this.required;
    this.#parts.queue.add([], () => this.#parts.tell({ type: 'answered', settled, covered }));
  }

  /** What regions were seen to have counts no more; what the device has stays, and is told anew. */
  forgetSeen(): void {
    this.#seen = VersionVector.empty;
    this.#required = VersionVector.empty;
    this.resumeKey = new Uint8Array();
    const { queue, tell } = this.#parts;
    queue.add([{ type: 'session', session: this.#session() }], () => tell({ type: 'seenForgotten' }));
  }

  /** The session has ended: what it had not told whole is asked for again. */
  ended(): void {
    this.#resync.clear();
  }

  /** Whether it is followed, and can be read. */
  #isTaken(document: DocumentId, bytes: Uint8Array, isWhole: boolean): boolean {
    const { documents, follows, inspection } = this.#parts;
    try {
      if (follows.has(document)) inspection.check(document, bytes, isWhole);
      else documents.unwanted(document);
      return follows.has(document);
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      documents.unreadable(document, error, isWhole);
      return false;
    }
  }

  #session(): SessionRecord {
    return { seen: this.seen, required: this.required, resumeKey: this.resumeKey, followSerial: this.#parts.follows.serial };
  }

  #keep(changes: readonly StoreChange[], message: FromCourier, settled: PendingWrite['updates'] = []): void {
    const { queue, tell, grew } = this.#parts;
    queue.add([...changes, { type: 'session', session: this.#session() }], () => {
      tell(message);
      for (const { document, update } of settled) grew(document, update.length, false);
      for (const change of changes) {
        if (change.type === 'update') grew(change.document, change.update.length, false);
        else if (change.type === 'state') grew(change.document, change.state.length, true);
      }
    });
  }
}

/** As many of the newest as are kept, in their order. */
function newestOf(refusals: readonly RefusedWrite[]): readonly RefusedWrite[] {
  let bytes = 0;
  const tooMany = refusals.findLastIndex((write, at) => {
    bytes += bytesOf(write);
    return bytes > Inbox.refusalBytesMax && at < refusals.length - 1;
  });
  return refusals.slice(tooMany + 1);
}

/** About how much is kept of a refusal. */
function bytesOf({ described, refusal }: RefusedWrite): number {
  const ops = described.reduce((sum, { document, ops }) => sum + document.length + ops.length, 0);
  return 256 + ops + JSON.stringify(refusal).length;
}
