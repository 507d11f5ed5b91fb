// One way of one proxied connection. It stands between the socket that bytes come from (source) and the one they leave
// by (sink):
//
//   source --data, end, reset--> [ item, item, item ] --when due, up and writable--> sink
//
//  1. Items leave in the order they came. The end of a stream and a reset are items too: they never overtake bytes, and
//     a cut holds them back like bytes.
//  2. No byte of a live stream is dropped. At the limit of held bytes (or chunks) the source is paused, so its kernel
//     stops the sender; it is resumed below half of the limit.
//  3. At most one timer is pending, for the first item. Every change (new item, drain, heal, other delay) calls pump().
//  4. After discard() the lane holds nothing and does nothing.

import type { Socket } from 'node:net';
import type { Clock, Random, Timer } from '@anabranch/base';
import type { OneWayPath } from './one-way-path.ts';

/** Chunks held per lane, so that a stream of tiny chunks cannot outgrow the limit of bytes by its bookkeeping. */
const heldChunksMax = 16_384;

interface Item {
  readonly kind: 'bytes' | 'end' | 'reset';
  readonly bytes: Buffer;
  readonly enteredMs: number;
  readonly jitter: number;
}

const noBytes = Buffer.alloc(0);

export interface LaneOptions {
  readonly path: OneWayPath;
  readonly clock: Clock;
  readonly random: Random;
  /** At this many held bytes the source is paused. */
  readonly heldBytesMax: number;
}

export class Lane {
  readonly #options: LaneOptions;
  readonly #source: Socket;
  readonly #items: Item[] = [];
  #sink: Socket | undefined;
  #isSinkFull = false;
  #heldBytes = 0;
  #timer: Timer | undefined;
  #isDiscarded = false;

  /** Starts reading `source` at once; what it sends is held until a sink is attached. */
  constructor(source: Socket, options: LaneOptions) {
    this.#source = source;
    this.#options = options;
    source.on('data', (chunk: Buffer) => this.#enter('bytes', chunk));
    source.on('end', () => this.#enter('end'));
  }

  get heldBytes(): number {
    return this.#heldBytes;
  }

  attach(sink: Socket): void {
    this.#sink = sink;
    sink.on('drain', () => {
      this.#isSinkFull = false;
      this.pump();
    });
    this.pump();
  }

  /** The source died: after everything it sent, the sink is reset. */
  enterReset(): void {
    this.#enter('reset');
  }

  /** Moves what may move now, and arms the timer for what may move later. */
  pump(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
    const { path, clock } = this.#options;
    while (this.#sink !== undefined && !this.#isSinkFull && path.isUp) {
      const item = this.#items[0];
      if (item === undefined) break;
      const dueMs = Math.max(path.dueMs(item.enteredMs, item.jitter), item.kind === 'bytes' ? path.sendAllowedAtMs : 0);
      const waitMs = dueMs - clock.monotonicMs();
      if (waitMs > 0) {
        this.#timer = clock.setTimer(waitMs, () => this.pump());
        break;
      }
      this.#leave(item, this.#sink);
    }
    this.#balanceSource();
  }

  /** The sink is gone or the connection is over: nothing more leaves. Reading goes on, to notice the source's end. */
  discard(): void {
    this.#isDiscarded = true;
    this.#timer?.cancel();
    this.#timer = undefined;
    this.#items.length = 0;
    this.#heldBytes = 0;
    this.#source.resume();
  }

  #enter(kind: Item['kind'], bytes: Buffer = noBytes): void {
    if (this.#isDiscarded) return;
    const { clock, random } = this.#options;
    this.#items.push({ kind, bytes, enteredMs: clock.monotonicMs(), jitter: random.u32() / 2 ** 32 });
    this.#heldBytes += bytes.length;
    // The first item decides when the lane moves (Invariant 1), so a pending timer stands.
    if (this.#items.length === 1) this.pump();
    else this.#balanceSource();
  }

  #leave(item: Item, sink: Socket): void {
    if (item.kind === 'end') {
      this.#items.shift();
      sink.end();
      return;
    }
    if (item.kind === 'reset') {
      this.discard();
      sink.resetAndDestroy();
      return;
    }
    const slice = this.#options.path.takeSlice(item.bytes.length);
    if (slice === item.bytes.length) this.#items.shift();
    else this.#items[0] = { ...item, bytes: item.bytes.subarray(slice) };
    this.#heldBytes -= slice;
    this.#isSinkFull = !sink.write(item.bytes.subarray(0, slice));
  }

  #balanceSource(): void {
    const isFull = this.#heldBytes >= this.#options.heldBytesMax || this.#items.length >= heldChunksMax;
    const isRoomy = this.#heldBytes <= this.#options.heldBytesMax / 2 && this.#items.length <= heldChunksMax / 2;
    if (isFull) this.#source.pause();
    else if (isRoomy && this.#source.isPaused()) this.#source.resume();
  }
}
