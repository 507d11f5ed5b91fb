// The pushes of one embedded client on their way into the log: in their order, many in one commit.
//
//   push --> waiting (until the region has what the client has seen) --> inspected, applied, appended --> durable: pushed
//                                                                            \----------------------------> refused
//
// Invariant 1: pushes are applied in their order. The next one does not wait until the one before is durable, but until it
//              is applied: one that must be examined elsewhere holds up those behind it.
// Invariant 2: every push is answered once, unless the session ends.

import { AnabranchError, isAnabranchError } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import type { OpId, ReplicaDoor, Subscription } from '@anabranch/engine';
import { collectionOf, encodeSessionFrame, type PushFrame, refusalBytesMax } from '@anabranch/protocol';
import type { SessionSocket } from './session-socket.ts';

export interface PushLaneParts {
  readonly replica: ReplicaDoor;
  readonly subscription: Subscription;
  readonly socket: SessionSocket;
  /** A push is durable, in ops that are covered by this. */
  readonly onPushed: (covered: VersionVector) => void;
}

export class PushLane {
  readonly #parts: PushLaneParts;
  #turn: Promise<void>;
  /** Lets the first turn begin. */
  #begin: () => void = () => {};
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

  push(frame: PushFrame, agreed: ReadonlySet<string>): void {
    const bytes = frame.writes.reduce((sum, { update }) => sum + update.length, 0);
    this.#parts.socket.beginIngest(bytes);
    const end = (): void => this.#parts.socket.endIngest(bytes);
    this.#turn = this.#turn.then(() => this.#take(frame, agreed, end));
  }

  /** Resolves when the push is applied. */
  async #take(frame: PushFrame, agreed: ReadonlySet<string>, end: () => void): Promise<void> {
    if (this.#isClosed) return end();
    let isApplied = false;
    const whenDurable = this.#ingest(frame, agreed, () => {
      isApplied = true;
    });
    const whenAnswered = whenDurable.then(
      (opId) => this.#answer(frame.id, opId),
      (error: unknown) => this.#refuse(frame.id, error),
    );
    const whenEnded = whenAnswered.finally(end);
    if (!isApplied) await whenEnded;
  }

  async #ingest({ writes }: PushFrame, agreed: ReadonlySet<string>, onApplied: () => void): Promise<OpId | undefined> {
    const foreign = writes.find(({ document }) => !agreed.has(collectionOf(document)));
    if (foreign !== undefined) {
      throw new AnabranchError('collection_differs', `the client describes the collection of ${foreign.document} otherwise`);
    }
    return this.#parts.subscription.ingest(writes, onApplied);
  }

  #answer(id: number, opId: OpId | undefined): void {
    const covered = opId === undefined ? this.#parts.replica.version : VersionVector.of([[opId.origin, opId.seq]]);
    this.#parts.socket.send(encodeSessionFrame({ type: 'pushed', id, covered: covered.entries() }));
    this.#parts.onPushed(covered);
  }

  #refuse(id: number, error: unknown): void {
    if (!isAnabranchError(error)) return this.#parts.socket.fail(error);
    const text = JSON.stringify(error.details);
    // In UTF-8 a unit takes at most three bytes.
    const details = text.length * 3 > refusalBytesMax ? '{}' : text;
    const message = error.message.slice(0, refusalBytesMax / 4);
    this.#parts.socket.send(encodeSessionFrame({ type: 'refused', id, code: error.code, message, details }));
  }
}
