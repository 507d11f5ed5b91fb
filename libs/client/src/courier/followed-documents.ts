// The documents that the device follows, towards the region of the session: asks for them, and for those again that were not sent.
//
//   follow --announced--> told --state--> held
//                                          |  unheld: unavailable, or what is kept of it cannot be read
//             announced again <------------'
//
// Invariant 1: a document that a region does not send counts as not held from then on: what is told of other documents says
//              nothing of it, and it is asked for whole. That is kept, and told, before anything that is told later.
// Invariant 2: a document is asked for when what it takes to read it is loaded.
// Invariant 3: what the region of the session does not send is not asked for again because a tab opens it: the tab is told why.
// Invariant 4: a document waits once to be asked for again, in the session that did not send it: the next one is told of it anyhow.
// Invariant 5: a document that is forgotten counts as not held, whatever of it is still on its way into the store. What was asked for
//              before, and is sent late, is not taken for what is asked for afterwards: it may lack what was written between.

import type { AnabranchError, Clock, ErrorCode, Timer } from '@anabranch/base';
import { collectionOf, type DocumentId, isDamageOfRegion, isFinalRefusal, type UnavailableFrame } from '@anabranch/protocol';
import type { Refusal } from '../refusal.ts';
import { errorOf, refusalOf } from '../refusal.ts';
import type { FromCourier } from '../tabs/tab-message.ts';
import type { CommitQueue } from './commit-queue.ts';
import type { Follows } from './follows.ts';
import type { Inspection } from './inspection.ts';
import type { Session } from './session.ts';

export interface FollowedDocumentsParts {
  readonly clock: Clock;
  readonly follows: Follows;
  readonly inspection: Inspection;
  readonly queue: CommitQueue;
  readonly session: () => Session | undefined;
  readonly tell: (message: FromCourier) => void;
  /** The region of the session comes last for a while. True when another one is to be asked. */
  readonly avoidRegion: () => boolean;
  /** What went wrong, to be shown. */
  readonly note: (refusal: Refusal) => void;
}

/** When a document that a region cannot send yet is asked for again; and one whose copy there is damaged, or whose library is missing here. */
const askAgainMs = 2_000;
const askUnreadableMs = 60_000;

export class FollowedDocuments {
  readonly #parts: FollowedDocumentsParts;
  /** Those that are asked for again later. */
  readonly #later = new Map<DocumentId, Timer>();
  /** Those that the region of the session was told not to send any more. */
  readonly #renounced = new Set<DocumentId>();

  /** Those that the region of the session does not serve, and why. */
  readonly #refusals = new Map<DocumentId, Refusal>();

  /** Those that were forgotten when they had been asked for and not sent: how many states may come of that. */
  readonly #late = new Map<DocumentId, number>();

  constructor(parts: FollowedDocumentsParts) {
    this.#parts = parts;
  }

  follow(document: DocumentId): void {
    const { follows, tell } = this.#parts;
    const refusal = this.#refusals.get(document);
    if (follows.add(document)) this.#announce(document);
    else if (refusal !== undefined) tell({ type: 'unavailable', document, refusal });
  }

  /** A region has sent it whole. */
  held(document: DocumentId): void {
    this.#refusals.delete(document);
    this.#parts.follows.hold(document);
  }

  /** The region has all that was shown here now: what it could not send without is asked for at once. */
  covered(): void {
    for (const [document, timer] of [...this.#later]) {
      if (this.#refusals.get(document)?.code !== ('not_yet_visible' satisfies ErrorCode)) continue;
      timer.cancel();
      this.#later.delete(document);
      this.#announce(document);
    }
  }

  /** False when the region of the session could not be told, for there is none. */
  forget(document: DocumentId): boolean {
    const { follows, session, queue, tell } = this.#parts;
    this.#later.get(document)?.cancel();
    this.#later.delete(document);
    this.#refusals.delete(document);
    const isHeld = follows.isHeld(document);
    // Behind a state that waits to be kept: a tab may have the document followed again by then.
    queue.add([{ type: 'unhold', document }], () => tell({ type: 'passedOver', document }));
    if (!follows.remove(document)) return true;
    if (session()?.isOpen !== true) return false;
    if (!isHeld) this.#late.set(document, (this.#late.get(document) ?? 0) + 1);
    this.unwanted(document);
    return true;
  }

  /** Whether what was sent of it whole may have been asked for before it was forgotten: then it is asked for once more. */
  isLate(document: DocumentId): boolean {
    const left = (this.#late.get(document) ?? 0) - 1;
    if (left < 0) return false;
    if (left === 0) this.#late.delete(document);
    else this.#late.set(document, left);
    if (this.#parts.follows.has(document)) this.#announce(document);
    return true;
  }

  /** It is not followed: the region is told. One that remembers the device may not know, when the device forgot it without a session. */
  unwanted(document: DocumentId): void {
    const { follows, session } = this.#parts;
    if (this.#renounced.has(document)) return;
    this.#renounced.add(document);
    session()?.send(follows.renounce(document));
  }

  /** The store says that it is held no more, for it could not be read. It is followed, whether it was or not. */
  unheld(document: DocumentId): void {
    this.#parts.follows.add(document);
    this.#parts.follows.unhold(document);
    this.#announce(document);
  }

  /** True when another region is to be asked: this one has damaged it. */
  unavailable({ document, code, message }: UnavailableFrame): boolean {
    const { tell, note, avoidRegion } = this.#parts;
    const refusal = { code, message, details: { document } };
    if (code === ('presence_unsupported' satisfies ErrorCode)) {
      // The document itself is served.
      note(refusal);
      return false;
    }
    this.#unhold(document);
    if (isDamageOfRegion(code) && avoidRegion()) return true;
    this.#refusals.set(document, refusal);
    tell({ type: 'unavailable', document, refusal });
    if (isFinalRefusal(code) || code === ('collection_differs' satisfies ErrorCode)) note(refusal);
    else this.#askLater(document, errorOf(refusal).entry.retryable ? askAgainMs : askUnreadableMs);
    return false;
  }

  /**
   * What the region sent of it cannot be read. It is asked for whole; if it was, later. @throws AnabranchError the same, when another
   * region is to be asked.
   */
  unreadable(document: DocumentId, error: AnabranchError, isWhole: boolean): void {
    const { avoidRegion, note, tell } = this.#parts;
    const isLoading = error.code === ('not_ready' satisfies ErrorCode);
    if (!isLoading && avoidRegion()) throw error;
    this.#unhold(document);
    if (isLoading) return this.#askLater(document, askAgainMs);
    note(refusalOf(error));
    if (!isWhole) return this.#announce(document);
    this.#refusals.set(document, refusalOf(error));
    tell({ type: 'unavailable', document, refusal: refusalOf(error) });
    this.#askLater(document, askUnreadableMs);
  }

  /** The session has ended. */
  ended(): void {
    for (const timer of this.#later.values()) timer.cancel();
    this.#later.clear();
    this.#refusals.clear();
    this.#renounced.clear();
    this.#late.clear();
  }

  #unhold(document: DocumentId): void {
    const { follows, queue, tell } = this.#parts;
    if (!follows.isHeld(document)) return;
    follows.unhold(document);
    queue.add([{ type: 'unhold', document }], () => tell({ type: 'passedOver', document }));
  }

  #askLater(document: DocumentId, afterMs: number): void {
    if (this.#later.has(document)) return;
    const ask = (): void => {
      this.#later.delete(document);
      this.#announce(document);
    };
    this.#later.set(document, this.#parts.clock.setTimer(afterMs, ask));
  }

  /** Without a session the library is loaded all the same: the next one is told of all documents. */
  #announce(document: DocumentId): void {
    const { inspection, note, session } = this.#parts;
    const asked = session()?.isOpen === true ? session() : undefined;
    const loading = inspection.prepare([collectionOf(document)]);
    if (loading === undefined) return this.#announceTo(asked, document);
    loading.then(
      () => this.#announceTo(asked, document),
      (error: unknown) => {
        note(refusalOf(error));
        if (asked?.isOpen === true) this.#askLater(document, askUnreadableMs);
      },
    );
  }

  #announceTo(asked: Session | undefined, document: DocumentId): void {
    const { follows } = this.#parts;
    if (asked?.isOpen !== true || !follows.has(document) || follows.isHeld(document)) return;
    this.#renounced.delete(document);
    asked.send(follows.announce(document));
  }
}
