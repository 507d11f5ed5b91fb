// The writes of the device on their way to a region, in the order in which they were kept.
//
//   add --> waiting --next--> in flight --settle, refuse--> gone
//              ^ \               |  \--the region cannot take it--> deferred
//              |  \--------------|---one of its documents is, too---^|
//              '------ended------'----------------------------------'
//
// Invariant 1: writes are sent in their order, and again in their order after a session has ended: what builds on another
//              write of the device comes after it. A write that the session's region cannot take holds up those to its documents
//              until another session, and no others.
// Invariant 2: at most `inFlightMax` writes and about `inFlightBytesMax` are on their way. Beyond: they wait.

import type { DocumentId, PushFrame } from '@anabranch/protocol';
import type { PendingWrite } from '../store/client-store.ts';

export class Outbox {
  /** Writes pushed and not answered. Beyond: they wait. */
  static readonly inFlightMax = 512;
  /** Bytes of these. Beyond: they wait; one write is sent whatever its size. */
  static readonly inFlightBytesMax: number = 2 << 20;

  #waiting: PendingWrite[] = [];
  /** How many at the front of `waiting` were taken out. */
  #taken = 0;
  readonly #inFlight = new Map<number, PendingWrite>();
  #inFlightBytes = 0;
  readonly #deferred: PendingWrite[] = [];
  readonly #deferredDocuments = new Set<DocumentId>();
  #nextPushId = 1;
  #lastN = 0;

  get count(): number {
    return this.#waiting.length - this.#taken + this.#inFlight.size + this.#deferred.length;
  }

  /** The place of the last write that was added. */
  get lastN(): number {
    return this.#lastN;
  }

  /** Those that are not answered. */
  ids(): Set<string> {
    return new Set([...this.#waiting.slice(this.#taken), ...this.#inFlight.values(), ...this.#deferred].map(({ id }) => id));
  }

  /** Adds a write that comes after all others; false for one that does not. */
  add(write: PendingWrite): boolean {
    if (write.n <= this.#lastN) return false;
    this.#lastN = write.n;
    this.#waiting.push(write);
    return true;
  }

  /** The next push, if one may be sent. */
  next(): PushFrame | undefined {
    const isFull = this.#inFlight.size >= Outbox.inFlightMax || this.#inFlightBytes >= Outbox.inFlightBytesMax;
    const write = isFull ? undefined : this.#take();
    if (write === undefined) return undefined;
    const id = this.#nextPushId++;
    this.#inFlight.set(id, write);
    this.#inFlightBytes += bytesOf(write);
    return { type: 'push', id, writes: write.updates };
  }

  /** The write of a push that was answered; undefined when it is not known. */
  answered(pushId: number): PendingWrite | undefined {
    const write = this.#inFlight.get(pushId);
    if (write === undefined) return undefined;
    this.#inFlight.delete(pushId);
    this.#inFlightBytes -= bytesOf(write);
    return write;
  }

  /** The region cannot take a push for now: it waits for another session. */
  defer(pushId: number): void {
    const write = this.answered(pushId);
    if (write !== undefined) this.#defer(write);
  }

  /** The session has ended: what was not answered is to be sent again, whatever became of it. */
  ended(): void {
    const unanswered = [...this.#inFlight.values(), ...this.#deferred].sort((a, b) => a.n - b.n);
    this.#waiting = [...unanswered, ...this.#waiting.slice(this.#taken)];
    this.#taken = 0;
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    this.#deferred.length = 0;
    this.#deferredDocuments.clear();
    this.#nextPushId = 1;
  }

  /** The next write that none before it holds up. */
  #take(): PendingWrite | undefined {
    for (let write = this.#waiting[this.#taken]; write !== undefined; write = this.#waiting[this.#taken]) {
      this.#taken += 1;
      if (this.#taken > 1_024 && this.#taken * 2 > this.#waiting.length) this.#trim();
      if (!write.updates.some(({ document }) => this.#deferredDocuments.has(document))) return write;
      this.#defer(write);
    }
    return undefined;
  }

  #defer(write: PendingWrite): void {
    this.#deferred.push(write);
    for (const { document } of write.updates) this.#deferredDocuments.add(document);
  }

  #trim(): void {
    this.#waiting = this.#waiting.slice(this.#taken);
    this.#taken = 0;
  }
}

function bytesOf(write: PendingWrite): number {
  return write.updates.reduce((sum, { update }) => sum + update.length, 0);
}
