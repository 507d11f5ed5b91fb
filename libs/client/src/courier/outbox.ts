// The writes of the device on their way to a region, in the order in which they were kept.
//
//   add --> waiting --next--> in flight --settle, refuse--> gone
//              ^------ended------'
//
// Invariant 1: writes are sent in their order, and again in their order after a session has ended: what builds on another
//              write of the device comes after it.
// Invariant 2: at most `inFlightMax` writes and about `inFlightBytesMax` are on their way. Beyond: they wait.

import type { PushFrame } from '@anabranch/protocol';
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
  #nextPushId = 1;
  #lastN = 0;

  get count(): number {
    return this.#waiting.length - this.#taken + this.#inFlight.size;
  }

  /** The place of the newest write that was added. */
  get lastN(): number {
    return this.#lastN;
  }

  /** Adds a write that comes after all others. */
  add(write: PendingWrite): void {
    if (write.n <= this.#lastN) return;
    this.#lastN = write.n;
    this.#waiting.push(write);
  }

  /** The next push, if one may be sent. */
  next(): PushFrame | undefined {
    const write = this.#waiting[this.#taken];
    const isFull = this.#inFlight.size >= Outbox.inFlightMax || this.#inFlightBytes >= Outbox.inFlightBytesMax;
    if (write === undefined || isFull) return undefined;
    this.#taken += 1;
    if (this.#taken > 1_024 && this.#taken * 2 > this.#waiting.length) this.#trim();
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

  /** The session has ended: what was not answered is to be sent again, whatever became of it. */
  ended(): void {
    this.#waiting = [...this.#inFlight.values(), ...this.#waiting.slice(this.#taken)];
    this.#taken = 0;
    this.#inFlight.clear();
    this.#inFlightBytes = 0;
    this.#nextPushId = 1;
  }

  #trim(): void {
    this.#waiting = this.#waiting.slice(this.#taken);
    this.#taken = 0;
  }
}

function bytesOf(write: PendingWrite): number {
  return write.updates.reduce((sum, { update }) => sum + update.length, 0);
}
