// What the device follows, and what of it a region must be told.
//
//   follow --announced--> told --state--> held
//
// Invariant 1: a region that knows nothing of this device is told of every document, and which of them are held, before it
//              sends anything; one that remembers is told only of those that are not held yet.
// Invariant 2: a resume key is used only after the region has answered the whole announcement: by then its memory is whole.

import { compareStrings } from '@anabranch/base';
import { collectionOf, type DocumentId, type FollowedDocument, frameDocumentsMax, type SessionRequest } from '@anabranch/protocol';

export class Follows {
  readonly #held = new Set<DocumentId>();
  readonly #unheld = new Set<DocumentId>();
  /** Those that documents were followed of since the device began. */
  readonly collections = new Set<string>();
  #serial = 0;

  get serial(): number {
    return this.#serial;
  }

  has(document: DocumentId): boolean {
    return this.#held.has(document) || this.#unheld.has(document);
  }

  restore(followed: readonly FollowedDocument[], serial: number): void {
    for (const { document, isHeld } of followed) {
      this.collections.add(collectionOf(document));
      (isHeld ? this.#held : this.#unheld).add(document);
    }
    this.#serial = serial;
  }

  add(document: DocumentId): boolean {
    if (this.has(document)) return false;
    this.collections.add(collectionOf(document));
    this.#unheld.add(document);
    return true;
  }

  remove(document: DocumentId): boolean {
    return this.#held.delete(document) || this.#unheld.delete(document);
  }

  isHeld(document: DocumentId): boolean {
    return this.#held.has(document);
  }

  /** A region is to send it whole. */
  unhold(document: DocumentId): void {
    if (this.#held.delete(document)) this.#unheld.add(document);
  }

  /** A region has sent it whole. */
  hold(document: DocumentId): void {
    if (this.#unheld.delete(document)) this.#held.add(document);
  }

  /** A region welcomes the device and knows what it follows up to `serial`; 0 when it knows nothing. */
  welcomed(serial: number): SessionRequest[] {
    this.#serial = serial;
    const unheld = [...this.#unheld].map((document) => ({ document, isHeld: false }));
    if (serial === 0) return this.#announce([...unheld, ...[...this.#held].map((document) => ({ document, isHeld: true }))]);
    return unheld.length === 0 ? [] : this.#announce(unheld);
  }

  announce(document: DocumentId): SessionRequest {
    this.#serial += 1;
    const documents = [{ document, isHeld: this.isHeld(document) }];
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
