// The receiving half of a connection: segments in any order become frames in the order they were sent.
//
// Invariant 1: each segment is used once, and none before those with a lower seq.
// Invariant 2: at most `aheadMax` segments wait for an earlier one; later ones are dropped, for the peer to send again.

import { concatBytes } from '@anabranch/base';
import { frameBytesMax } from '@anabranch/protocol';
import type { Segment } from './packet.ts';

export class ReceiveWindow {
  /** As far as a sender goes ahead of its oldest unacknowledged segment. */
  static readonly aheadMax = 64;

  readonly #ahead = new Map<number, Segment>();
  #parts: Uint8Array[] = [];
  #partsBytes = 0;
  #next = 0;

  /** Everything below it was received. */
  get next(): number {
    return this.#next;
  }

  /** What was received beyond `next`. */
  get held(): number[] {
    return [...this.#ahead.keys()];
  }

  /** The frames that a segment completes. @throws Error for a frame beyond the limit of links. */
  receive(segment: Segment): Uint8Array[] {
    const { seq } = segment;
    if (seq < this.#next || seq >= this.#next + ReceiveWindow.aheadMax) return [];
    this.#ahead.set(seq, segment);
    const frames: Uint8Array[] = [];
    for (let next = this.#ahead.get(this.#next); next !== undefined; next = this.#ahead.get(this.#next)) {
      this.#ahead.delete(this.#next++);
      const frame = this.#append(next);
      if (frame !== undefined) frames.push(frame);
    }
    return frames;
  }

  #append({ bytes, isLast }: Segment): Uint8Array | undefined {
    this.#parts.push(bytes);
    this.#partsBytes += bytes.length;
    if (this.#partsBytes > frameBytesMax) throw new Error(`a frame has more than ${frameBytesMax} bytes`);
    if (!isLast) return undefined;
    const frame = concatBytes(this.#parts);
    this.#parts = [];
    this.#partsBytes = 0;
    return frame;
  }
}
