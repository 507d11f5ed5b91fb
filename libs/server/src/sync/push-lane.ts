// The pushes of one embedded client on their way into the log: in their order, many in one commit.
//
//   push --> waiting (until the region has what the client has seen) --> inspected, applied, appended --> durable: pushed
//                                                                            \--------------------> refused, or session closed
//
// Invariant 1: pushes are applied in their order. The next one does not wait until the one before is durable, but until it
//              is applied: one that must be examined elsewhere holds up those behind it.
// Invariant 2: every push is answered once, unless the session ends.
// Invariant 3: what waits here is bounded, whatever it is and however long the region lacks what the client has seen: a push
//              counts with its whole frame and with what is held of each write, and so many wait. Beyond, the socket is not read.
// Invariant 4: a refusal that does not judge the push itself (isFinalRefusal) ends the session with its code, and nothing behind is
//              taken: the client pushes all of it again, in order. Were the others taken, whoever follows them would see a later
//              write of the client before an earlier one. The client drops what is refused for any other reason, and goes on.
// Invariant 5: what the region cannot take for the sake of its documents (isDocumentRefusal) is refused, and so is every later push to
//              any of these: to one document the writes of a client come in their order, and others are not held up.

import { AnabranchError, isAnabranchError } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import type { OpId, ReplicaDoor, Subscription } from '@anabranch/engine';
import {
  type DocumentId,
  encodeSessionFrame,
  isDocumentRefusal,
  isFinalRefusal,
  type PushFrame,
  refusalBytesMax,
} from '@anabranch/protocol';
import type { DescribedCollections } from './described-collections.ts';
import type { SessionSocket } from './session-socket.ts';
import type { SyncLimits } from './sync-limits.ts';

export interface PushLaneParts {
  readonly replica: ReplicaDoor;
  readonly subscription: Subscription;
  readonly socket: SessionSocket;
  readonly limits: SyncLimits;
  /** A push is durable, in ops that are covered by this. */
  readonly onPushed: (covered: VersionVector) => void;
}

export class PushLane {
  readonly #parts: PushLaneParts;
  /** Documents to which nothing more is taken, and why (Invariant 5). */
  readonly #heldUp = new Map<DocumentId, AnabranchError>();
  #turn: Promise<void>;
  /** Lets the first turn begin. */
  #begin: () => void = () => {};
  #inFlight = 0;
  #isClosed = false;

  constructor(parts: PushLaneParts) {
    this.#parts = parts;
    this.#turn = new Promise((resolve) => {
      this.#begin = resolve;
    });
  }

  /** From now on pushes are applied. */
  open(): void {
    this.#begin();
  }

  close(): void {
    this.#isClosed = true;
    this.#begin();
  }

  /** A push that came in a frame of so many bytes. */
  push(frame: PushFrame, frameBytes: number, described: DescribedCollections): void {
    const bytes = frameBytes + frame.writes.length * this.#parts.limits.pushWriteBytes;
    this.#parts.socket.beginIngest(bytes);
    this.#count(1);
    const end = (): void => {
      this.#count(-1);
      this.#parts.socket.endIngest(bytes);
    };
    this.#turn = this.#turn.then(() => this.#take(frame, described, end));
  }

  #count(change: number): void {
    this.#inFlight += change;
    this.#parts.socket.hold(this, this.#inFlight > this.#parts.limits.pushesInFlightMax);
  }

  /** Resolves when the push is applied. */
  async #take(frame: PushFrame, described: DescribedCollections, end: () => void): Promise<void> {
    if (this.#isClosed) return end();
    let isApplied = false;
    const whenDurable = this.#ingest(frame, described, () => {
      isApplied = true;
    });
    const whenAnswered = whenDurable.then(
      (opId) => this.#answer(frame.id, opId),
      (error: unknown) => this.#refuse(frame, error, described),
    );
    const whenEnded = whenAnswered.finally(end);
    if (!isApplied) await whenEnded;
  }

  async #ingest({ writes }: PushFrame, described: DescribedCollections, onApplied: () => void): Promise<OpId | undefined> {
    const foreign = writes.find(({ document }) => !described.agreesOn(document));
    if (foreign !== undefined) throw described.refusalOf(foreign.document);
    for (const { document } of writes) {
      const cause = this.#heldUp.get(document);
      if (cause !== undefined) throw cause;
    }
    const empty = writes.find(({ update }) => update.length === 0);
    if (empty !== undefined) throw new AnabranchError('update_invalid', `the update of ${empty.document} has no bytes`);
    return this.#parts.subscription.ingest(writes, onApplied);
  }

  #answer(id: number, opId: OpId | undefined): void {
    const covered = opId === undefined ? this.#parts.replica.version : VersionVector.of([[opId.origin, opId.seq]]);
    this.#parts.socket.send(encodeSessionFrame({ type: 'pushed', id, covered: covered.entries() }));
    this.#parts.onPushed(covered);
  }

  #refuse({ id, writes }: PushFrame, error: unknown, described: DescribedCollections): void {
    const isOfDocuments = isAnabranchError(error) && isDocumentRefusal(error.code);
    // Those of collections that the client describes otherwise are refused in any case.
    const documents = isOfDocuments ? writes.map(({ document }) => document).filter((document) => described.agreesOn(document)) : [];
    for (const document of documents) if (isOfDocuments) this.#heldUp.set(document, error);
    const isTooMuch = this.#heldUp.size > this.#parts.limits.heldUpDocumentsMax;
    if (!isAnabranchError(error) || isTooMuch || !(isOfDocuments || isFinalRefusal(error.code))) {
      // At once: the socket tells that it is closed only when the client has heard of it.
      this.#isClosed = true;
      return this.#parts.socket.fail(error);
    }
    const text = JSON.stringify(error.details);
    // In UTF-8 a unit takes at most three bytes.
    const details = text.length * 3 > refusalBytesMax ? '{}' : text;
    const message = error.message.slice(0, refusalBytesMax / 4);
    this.#parts.socket.send(encodeSessionFrame({ type: 'refused', id, code: error.code, message, details }));
  }
}
