// What a region tells of the documents that are followed, on its way into the store and from there to the tabs.
//
//   changes, state --> kept with the vectors of the device, in one commit --> told to the tabs
//
// Invariant 1: `seen` and the documents are kept together, so a device never claims to hold what it does not.
// Invariant 2: documents that were sent whole because the device was away for too long are shown together, none before the
//              changes that follow them.

import { VersionVector } from '@anabranch/causality';
import type { ChangesFrame, DocumentId, StateFrame, VectorEntries } from '@anabranch/protocol';
import type { SessionRecord, StoreChange } from '../store/client-store.ts';
import type { FromCourier } from '../tab-message.ts';
import type { CommitQueue } from './commit-queue.ts';
import type { Follows } from './follows.ts';

export interface InboxParts {
  readonly queue: CommitQueue;
  readonly follows: Follows;
  readonly tell: (message: FromCourier) => void;
}

export class Inbox {
  readonly #parts: InboxParts;
  readonly #resync = new Map<DocumentId, Uint8Array>();
  #seen: VersionVector;
  #required: VersionVector;
  /** Of the newest session, to be kept with the next changes: by then the region has read what it was told. */
  resumeKey: Uint8Array;

  constructor(parts: InboxParts, session: SessionRecord | undefined) {
    this.#parts = parts;
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

  takeChanges({ ops, told }: ChangesFrame): void {
    const { follows } = this.#parts;
    const vector = VersionVector.of(told);
    this.#seen = this.#seen.merge(vector);
    this.#required = this.#required.merge(vector);
    const states = [...this.#resync].filter(([document]) => follows.has(document)).map(([document, state]) => ({ document, state }));
    this.#resync.clear();
    const received = ops
      .map(({ origin, writes }) => ({ origin, writes: writes.filter(({ document }) => follows.has(document)) }))
      .filter(({ writes }) => writes.length > 0);
    const changes: StoreChange[] = states.map((state) => ({ type: 'state', ...state }));
    for (const { writes } of received) for (const write of writes) changes.push({ type: 'update', ...write });
    this.#keep(changes, { type: 'received', states, ops: received, seen: this.seen });
  }

  takeState({ document, isResync, state }: StateFrame): void {
    if (!this.#parts.follows.has(document)) return;
    if (isResync) {
      this.#resync.set(document, state);
      return;
    }
    this.#parts.follows.noteHeld(document);
    const states = [{ document, state }];
    this.#keep([{ type: 'state', document, state }], { type: 'received', states, ops: [], seen: this.seen });
  }

  /** A write is durable in a region. */
  settle(n: number, id: string, covered: VectorEntries): void {
    this.#required = this.#required.merge(VersionVector.of(covered));
    this.#keep([{ type: 'settle', n }], { type: 'settled', id, covered });
  }

  /** The session has ended: what it had not told whole is asked for again. */
  ended(): void {
    this.#resync.clear();
  }

  #keep(changes: readonly StoreChange[], message: FromCourier): void {
    const { queue, follows, tell } = this.#parts;
    const session: SessionRecord = {
      ...{ seen: this.seen, required: this.required, resumeKey: this.resumeKey, followSerial: follows.serial },
    };
    queue.add([...changes, { type: 'session', session }], () => tell(message));
  }
}
