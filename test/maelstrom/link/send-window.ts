// The sending half of a connection: frames cut into segments, which are in flight until they are acknowledged.
//
//   push --> waiting --window has room--> in flight --acknowledged--> gone
//                                          |     ^
//                                          +-----+ not acknowledged in time: sent again
//
// Invariant 1: segments are numbered in the order of their frames, from 0, without gaps.
// Invariant 2: at most `inFlightMax` seqs lie between the oldest one not acknowledged and the newest one sent.

import type { Segment } from './packet.ts';
import { RoundTripEstimate } from './round-trip-estimate.ts';

interface InFlight {
  readonly segment: Segment;
  readonly firstSentMs: number;
  timesSent: number;
  resendAtMs: number;
}

export class SendWindow {
  static readonly segmentBytesMax: number = 16 << 10;
  static readonly inFlightMax = 64;

  readonly #waiting: Segment[] = [];
  readonly #inFlight = new Map<number, InFlight>();
  readonly #estimate = new RoundTripEstimate();
  #nextSeq = 0;
  /** The oldest seq not acknowledged. */
  #oldestSeq = 0;
  #bufferedBytes = 0;

  /** Bytes pushed and not acknowledged. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** When the oldest segment in flight was sent first; undefined when none is. */
  get waitingSinceMs(): number | undefined {
    return this.#inFlight.values().next().value?.firstSentMs;
  }

  /** When {@link take} has something to send again; undefined when an acknowledgement must come first. */
  get dueMs(): number | undefined {
    if (this.#hasRoom()) return Number.NEGATIVE_INFINITY;
    let dueMs: number | undefined;
    for (const { resendAtMs } of this.#inFlight.values()) dueMs = Math.min(dueMs ?? resendAtMs, resendAtMs);
    return dueMs;
  }

  /** Takes a frame of at least one byte. */
  push(frame: Uint8Array): void {
    for (let at = 0; at < frame.length; at += SendWindow.segmentBytesMax) {
      const bytes = frame.slice(at, at + SendWindow.segmentBytesMax);
      this.#waiting.push({ seq: this.#nextSeq++, bytes, isLast: at + bytes.length === frame.length });
    }
    this.#bufferedBytes += frame.length;
  }

  /** What is to be sent now: what was not acknowledged in time, then what the window has room for. */
  take(nowMs: number): Segment[] {
    const due: Segment[] = [];
    for (const entry of this.#inFlight.values()) {
      if (entry.resendAtMs > nowMs) continue;
      entry.timesSent += 1;
      entry.resendAtMs = nowMs + this.#estimate.timeoutMs(entry.timesSent);
      due.push(entry.segment);
    }
    while (this.#hasRoom()) {
      const segment = this.#waiting.shift();
      if (segment === undefined) break;
      this.#inFlight.set(segment.seq, { segment, firstSentMs: nowMs, timesSent: 1, resendAtMs: nowMs + this.#estimate.timeoutMs(1) });
      due.push(segment);
    }
    return due;
  }

  /** The peer has everything below `next`, and the seqs in `held`. */
  acknowledge(next: number, held: readonly number[], nowMs: number): void {
    for (; this.#oldestSeq < Math.min(next, this.#nextSeq); this.#oldestSeq++) this.#settle(this.#oldestSeq, nowMs);
    for (const seq of held) this.#settle(seq, nowMs);
  }

  #settle(seq: number, nowMs: number): void {
    const entry = this.#inFlight.get(seq);
    if (entry === undefined) return;
    this.#inFlight.delete(seq);
    this.#bufferedBytes -= entry.segment.bytes.length;
    // The answer to a segment sent twice may be that to the first (Karn's rule).
    if (entry.timesSent === 1) this.#estimate.sample(nowMs - entry.firstSentMs);
  }

  #hasRoom(): boolean {
    const next = this.#waiting[0];
    return next !== undefined && next.seq < this.#oldestSeq + SendWindow.inFlightMax;
  }
}
