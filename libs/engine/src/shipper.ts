// The sending half of a link: what the peer subscribed to, read from the log and sent while the peer's credit and the
// connection's buffer last. Nothing is queued in memory: a slow peer makes the reading pause.
//
// Invariant 1: only durable ops are sent (reads of the log see no others).
// Invariant 2: per origin, ops leave in order without gaps from the subscribed seq on.
// Invariant 3: the bytes sent never pass the credit granted by more than one frame.

import { bytesEqual, type Clock, isAnabranchError, type Timer } from '@anabranch/base';
import type { OriginId } from '@anabranch/causality';
import {
  type Denial,
  frameBytesTarget,
  frameInvalid,
  frameOpsMax,
  type LinkFrame,
  type SubscribeFrame,
  vectorOriginsMax,
} from '@anabranch/protocol';
import type { OpLog } from './op-log.ts';
import type { LoggedOp } from './replica-store.ts';

/** Where the frames go. */
export interface ShipperOutlet {
  readonly bufferedBytes: number;
  send(frame: LinkFrame): void;
  /** There is more to send than the peer granted. */
  creditExhausted(): void;
}

export class Shipper {
  /** Bytes buffered in the connection at which reading pauses until it has drained. */
  static readonly bufferedBytesMax: number = 1 << 20;
  /** Ops that become durable within this time share a frame; an idle link sends the first one at once. */
  static readonly gatherMs = 4;

  readonly #log: OpLog;
  readonly #clock: Clock;
  readonly #outlet: ShipperOutlet;
  /** Per origin the last seq sent. */
  readonly #cursors = new Map<OriginId, number>();
  #creditBytes = 0;
  #isExhausted = false;
  #lastSentMs = Number.NEGATIVE_INFINITY;
  #timer: Timer | undefined;
  #isStopped = false;

  constructor(options: { log: OpLog; clock: Clock; outlet: ShipperOutlet }) {
    this.#log = options.log;
    this.#clock = options.clock;
    this.#outlet = options.outlet;
  }

  /**
   * Starts a stream, or denies it when our log does not continue the peer's.
   * @throws AnabranchError `frame_invalid` when the peer has more streams than there can be origins.
   */
  subscribe(frame: SubscribeFrame): Denial | undefined {
    if (this.#cursors.size >= vectorOriginsMax && !this.#cursors.has(frame.origin)) throw frameInvalid('it subscribes to too many origins');
    const reason = this.#denialOf(frame);
    if (reason === undefined) {
      this.#cursors.set(frame.origin, frame.afterSeq);
      this.pump();
    } else {
      this.#deny(frame.origin, reason);
    }
    return reason;
  }

  unsubscribe(origin: OriginId): void {
    this.#cursors.delete(origin);
  }

  grant(bytes: number): void {
    this.#creditBytes += bytes;
    this.#isExhausted &&= this.#creditBytes <= 0;
    this.pump();
  }

  /** Ops became durable: send them, gathering what comes in quick succession. */
  wake(): void {
    if (this.#timer !== undefined || this.#isStopped) return;
    const waitMs = this.#lastSentMs + Shipper.gatherMs - this.#clock.monotonicMs();
    if (waitMs <= 0) {
      this.pump();
      return;
    }
    this.#timer = this.#clock.setTimer(waitMs, () => {
      this.#timer = undefined;
      this.pump();
    });
  }

  /** Sends what may be sent now, one frame per origin in turn. */
  pump(): void {
    let hasSent = true;
    while (hasSent) {
      hasSent = false;
      for (const [origin, cursor] of this.#cursors) {
        if (this.#isStopped || this.#outlet.bufferedBytes >= Shipper.bufferedBytesMax) return;
        if (cursor >= this.#log.durableHead(origin).seq) continue;
        if (this.#creditBytes <= 0) return this.#noteExhausted();
        if (this.#sendNext(origin, cursor)) hasSent = true;
      }
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#cursors.clear();
  }

  #noteExhausted(): void {
    if (this.#isExhausted) return;
    this.#isExhausted = true;
    this.#outlet.creditExhausted();
  }

  #sendNext(origin: OriginId, cursor: number): boolean {
    const logged = this.#read(origin, cursor);
    const last = logged?.at(-1);
    if (logged === undefined || last === undefined) return false;
    const ops = logged.map((op) => op.bytes);
    this.#outlet.send({ type: 'ops', origin, firstSeq: cursor + 1, ops, lastChainHash: last.chainHash });
    for (const op of ops) this.#creditBytes -= op.length;
    this.#cursors.set(origin, last.seq);
    this.#lastSentMs = this.#clock.monotonicMs();
    return true;
  }

  /** The next ops, or undefined after ending a stream whose records are damaged: other origins' streams go on. */
  #read(origin: OriginId, cursor: number): readonly LoggedOp[] | undefined {
    try {
      return this.#log.read(origin, cursor, frameBytesTarget).slice(0, frameOpsMax);
    } catch (error) {
      if (!isAnabranchError(error, 'record_damaged')) throw error;
      this.#deny(origin, 'damaged');
      return undefined;
    }
  }

  #denialOf(frame: SubscribeFrame): Denial | undefined {
    const head = this.#log.durableHead(frame.origin);
    if (frame.afterSeq > head.seq) return undefined;
    if (frame.afterSeq + 1 < head.oldestSeq) return 'pruned';
    try {
      const ours = this.#log.chainHashAt(frame.origin, frame.afterSeq);
      if (ours === undefined) return 'pruned';
      return bytesEqual(ours, frame.chainHash) ? undefined : 'equivocation';
    } catch (error) {
      if (isAnabranchError(error, 'record_damaged')) return 'damaged';
      throw error;
    }
  }

  #deny(origin: OriginId, reason: Denial): void {
    this.#cursors.delete(origin);
    this.#outlet.send({ type: 'denied', origin, reason });
  }
}
