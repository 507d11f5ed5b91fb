// What the device follows, and what of it a region must be told.
//
//   follow --announced--> told --state--> held
//
// Invariant 1: a region that knows nothing of this device is told of every document, and which of them are held, before it
//              sends anything; one that remembers is told only of those that are not held yet.
// Invariant 2: a resume key is used only after the region has answered the whole announcement: by then its memory is whole.

import { compareStrings } from '@anabranch/base';
import { type DocumentId, type FollowedDocument, frameDocumentsMax, type SessionRequest } from '@anabranch/protocol';

export class Follows {
  readonly #isHeld = new Map<DocumentId, boolean>();
  #serial = 0;

  get serial(): number {
    return this.#serial;
  }

  names(): IterableIterator<DocumentId> {
    return this.#isHeld.keys();
  }

  has(document: DocumentId): boolean {
    return this.#isHeld.has(document);
  }

  restore(followed: readonly FollowedDocument[], serial: number): void {
    for (const { document, isHeld } of followed) this.#isHeld.set(document, isHeld);
    this.#serial = serial;
  }

  add(document: DocumentId): boolean {
    if (this.#isHeld.has(document)) return false;
    this.#isHeld.set(document, false);
    return true;
  }

  remove(document: DocumentId): boolean {
    return this.#isHeld.delete(document);
  }

  isHeld(document: DocumentId): boolean {
    return this.#isHeld.get(document) ?? false;
  }

  /** A region is to send it whole. */
  unhold(document: DocumentId): void {
    if (this.#isHeld.has(document)) this.#isHeld.set(document, false);
  }

  /** A region has sent it whole. */
  hold(document: DocumentId): void {
    if (this.#isHeld.has(document)) this.#isHeld.set(document, true);
  }

  /** A region welcomes the device and knows what it follows up to `serial`; 0 when it knows nothing. */
  welcomed(serial: number): SessionRequest[] {
    this.#serial = serial;
    const all = [...this.#isHeld].map(([document, isHeld]) => ({ document, isHeld }));
    if (serial === 0) return this.#announce(all);
    const missing = all.filter(({ isHeld }) => !isHeld);
    return missing.length === 0 ? [] : this.#announce(missing);
  }

  announce(document: DocumentId): SessionRequest {
    this.#serial += 1;
    const documents = [{ document, isHeld: this.#isHeld.get(document) ?? false }];
    return { type: 'follow', serial: this.#serial, isComplete: true, documents };
  }

  renounce(document: DocumentId): SessionRequest {
    this.#serial += 1;
    return { type: 'unfollow', serial: this.#serial, documents: [document] };
  }

  /** At least one frame. */
  #announce(documents: readonly FollowedDocument[]): SessionRequest[] {
    const sorted = [...documents].sort((a, b) => compareStrings(a.document, b.document));
    const frames: SessionRequest[] = [];
    for (let at = 0; at === 0 || at < sorted.length; at += frameDocumentsMax) {
      this.#serial += 1;
      const isLast = at + frameDocumentsMax >= sorted.length;
      const part = sorted.slice(at, at + frameDocumentsMax);
      frames.push({ type: 'follow', serial: this.#serial, isComplete: isLast, documents: part });
    }
    return frames;
  }
}
