// One client's WebSocket: between the socket's events and a sync session. It counts what waits in either direction, closes
// with codes, and is looked after by the shared sweep instead of timers of its own.
//
//   open --close, client's close, loss, silence--> closed
//
// Invariant 1: only binary messages are delivered, in order, none after our own close.
// Invariant 2: what waits to be sent is bounded: `send` beyond the limit closes with `overloaded`.
// Invariant 3: while the client owes time (rates), or we owe it durability (ingest) or answers (held), its socket is not read.
// Invariant 4: `closed` is called exactly once.

import { type Clock, type ErrorCode, isAnabranchError, type Logger } from '@anabranch/base';
import { WebSocket } from 'ws';
import { RateBudget } from './rate-budget.ts';
import { closeCodeOf, closeGoingAway } from './session-close.ts';
import type { SyncLimits } from './sync-limits.ts';

export interface SessionSocketListener {
  /** @throws AnabranchError to close the socket with its code. */
  receive(message: Uint8Array): void;
  /** Nothing was sent for a while: send something that means nothing, or leave it. */
  keepAlive(): void;
  /** What waited to be sent is gone. */
  drained(): void;
  closed(): void;
}

export interface SessionSocketParts {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly limits: SyncLimits;
}

export class SessionSocket {
  readonly #socket: WebSocket;
  readonly #parts: SessionSocketParts;
  readonly #listener: SessionSocketListener;
  readonly #questionMs: RateBudget;
  readonly #awarenessBytes: RateBudget;
  readonly #holders = new Set<object>();
  #ingestBytes = 0;
  #answerBytes = 0;
  #lastHeardMs: number;
  #lastSentMs: number;
  #isClosing = false;

  constructor(socket: WebSocket, listener: SessionSocketListener, parts: SessionSocketParts) {
    const nowMs = parts.clock.monotonicMs();
    this.#socket = socket;
    this.#listener = listener;
    this.#parts = parts;
    this.#questionMs = new RateBudget(parts.limits.questionMsPerSecondMax, nowMs);
    this.#awarenessBytes = new RateBudget(parts.limits.awarenessBytesPerSecondMax, nowMs);
    this.#lastHeardMs = nowMs;
    this.#lastSentMs = nowMs;
    socket.on('message', (data, isBinary) => this.#receive(data, isBinary));
    socket.on('pong', () => this.#heard());
    // What went wrong is in the close event that follows.
    socket.on('error', () => {
      this.#isClosing = true;
    });
    socket.on('close', () => {
      this.#isClosing = true;
      listener.closed();
    });
  }

  get isOpen(): boolean {
    return !this.#isClosing && this.#socket.readyState === WebSocket.OPEN;
  }

  get bufferedBytes(): number {
    return this.#socket.bufferedAmount;
  }

  /** Sends a message of the region's own accord. */
  send(message: Uint8Array): void {
    if (!this.isOpen) return;
    if (this.bufferedBytes > this.#parts.limits.sendBufferBytesMax + this.#answerBytes) {
      this.close('overloaded', 'the client reads too slowly');
      return;
    }
    this.#lastSentMs = this.#parts.clock.monotonicMs();
    this.#socket.send(message, () => this.#sent());
  }

  /** Sends what the client asked for: however large, it does not count as reading too slowly. */
  answer(message: Uint8Array): void {
    this.#answerBytes = Math.max(this.#answerBytes, message.length);
    this.send(message);
  }

  /** Ends the session for a reason of the registry. */
  close(code: ErrorCode, detail: string): void {
    if (!this.isOpen) return;
    this.#parts.logger.info('session.closed', { code, detail });
    this.#end(closeCodeOf(code), code);
  }

  /** Ends the session because of what was thrown; what is not an expected failure is a defect, and logged as one. */
  fail(error: unknown): void {
    if (isAnabranchError(error)) {
      this.close(error.code, error.message);
    } else if (this.isOpen) {
      this.#parts.logger.error('session.failed', { cause: error instanceof Error ? error.stack : String(error) });
      this.close('internal_error', 'a defect');
    }
  }

  /** Ends the session because the region stops. */
  goAway(): void {
    if (this.isOpen) this.#end(closeGoingAway, 'the region stops');
  }

  /** Counts an update on its way to durability; reading pauses while there are too many. */
  beginIngest(bytes: number): void {
    this.#ingestBytes += bytes;
    this.#updateReading();
  }

  endIngest(bytes: number): void {
    this.#ingestBytes -= bytes;
    this.#updateReading();
  }

  /** The socket is not read while anyone holds it. */
  hold(holder: object, isHeld: boolean): void {
    if (this.#holders.has(holder) === isHeld) return;
    if (isHeld) this.#holders.add(holder);
    else this.#holders.delete(holder);
    this.#updateReading();
  }

  /** Works out an answer, and counts the time it took: who asks for too much is not read for a while. */
  working<Answer>(work: () => Answer): Answer {
    const { clock } = this.#parts;
    const startMs = clock.monotonicMs();
    try {
      return work();
    } finally {
      const endMs = clock.monotonicMs();
      this.#questionMs.take(endMs - startMs, endMs);
      this.#updateReading();
    }
  }

  chargeAwareness(bytes: number): void {
    this.#awarenessBytes.take(bytes, this.#parts.clock.monotonicMs());
    this.#updateReading();
  }

  /** The regular look: cut the silent, ping the quiet, keep alive, read again. */
  sweep(nowMs: number): void {
    if (!this.isOpen) return;
    const { silenceMsMax, pingAfterMs, keepAliveMs } = this.#parts.limits;
    const silentMs = nowMs - this.#lastHeardMs;
    if (!this.#socket.isPaused && silentMs >= silenceMsMax) {
      this.#socket.terminate();
      return;
    }
    if (silentMs >= pingAfterMs) this.#socket.ping();
    if (nowMs - this.#lastSentMs >= keepAliveMs) this.#listener.keepAlive();
    this.#updateReading();
  }

  #receive(data: WebSocket.RawData, isBinary: boolean): void {
    if (!this.isOpen) return;
    this.#heard();
    if (!isBinary || !Buffer.isBuffer(data)) {
      this.close('frame_invalid', 'a text message');
      return;
    }
    try {
      this.#listener.receive(data);
    } catch (error) {
      this.fail(error);
    }
  }

  #heard(): void {
    this.#lastHeardMs = this.#parts.clock.monotonicMs();
  }

  #sent(): void {
    if (this.bufferedBytes > 0) return;
    this.#answerBytes = 0;
    if (this.isOpen) this.#listener.drained();
  }

  #updateReading(): void {
    if (!this.isOpen) return;
    const nowMs = this.#parts.clock.monotonicMs();
    const isFull = this.#holders.size > 0 || this.#ingestBytes > this.#parts.limits.ingestBytesMax;
    const mustWait = isFull || this.#questionMs.isOverdrawn(nowMs) || this.#awarenessBytes.isOverdrawn(nowMs);
    if (mustWait && !this.#socket.isPaused) {
      this.#socket.pause();
    } else if (!mustWait && this.#socket.isPaused) {
      // What it said meanwhile was not read: its silence starts now.
      this.#heard();
      this.#socket.resume();
    }
  }

  #end(closeCode: number, reason: string): void {
    this.#isClosing = true;
    this.#socket.resume();
    this.#socket.close(closeCode, reason);
  }
}
