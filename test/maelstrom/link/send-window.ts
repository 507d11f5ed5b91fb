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
  lastSentMs: number;
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
  /** When something was acknowledged last. */
  #acknowledgedMs = Number.NEGATIVE_INFINITY;

  /** Bytes pushed and not acknowledged. */
  get bufferedBytes(): number {
    return this.#bufferedBytes;
  }

  /** Since when segments are in flight and none was acknowledged; undefined when none is in flight. */
  get waitingSinceMs(): number | undefined {
    const oldest = this.#inFlight.values().next().value;
    return oldest && Math.max(oldest.firstSentMs, this.#acknowledgedMs);
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
      entry.lastSentMs = nowMs;
      entry.resendAtMs = nowMs + this.#estimate.timeoutMs(entry.timesSent);
      due.push(entry.segment);
    }
    while (this.#hasRoom()) {
      const segment = this.#waiting.shift();
      if (segment === undefined) break;
      const resendAtMs = nowMs + this.#estimate.timeoutMs(1);
      this.#inFlight.set(segment.seq, { segment, firstSentMs: nowMs, timesSent: 1, lastSentMs: nowMs, resendAtMs });
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
    this.#acknowledgedMs = nowMs;
    // The answer to a segment sent twice may be that to the first (Karn's rule).
    if (entry.timesSent === 1) this.#estimate.sample(nowMs - entry.firstSentMs);
    this.#suspectBefore(entry.lastSentMs);
  }

  /** What was sent before a segment that has arrived is soon due again: it is late by now, or lost (as in RACK, RFC 8985). */
  #suspectBefore(sentMs: number): void {
    for (const entry of this.#inFlight.values()) {
      if (entry.lastSentMs >= sentMs) continue;
      entry.resendAtMs = Math.min(entry.resendAtMs, entry.lastSentMs + this.#estimate.lateMs);
    }
  }

  #hasRoom(): boolean {
    const next = this.#waiting[0];
    return next !== undefined && next.seq < this.#oldestSeq + SendWindow.inFlightMax;
  }
}
