// A link's connection over a network that loses, delays, reorders and repeats messages: between the engine's LinkConnection
// port, which is ordered and reliable while it lasts, and packets that may or may not arrive.
//
//   open --close, peer's close, nothing acknowledged for too long, too much to send--> ended
//
// Invariant 1: frames are delivered in order, each once, none before `listen` and none after our own `close`.
// Invariant 2: `closed` is called exactly once, whoever ended the connection, and no packet but one `close` is sent then.
// Invariant 3: what waits is bounded: `bufferedBytesMax` to send, and a window of segments received ahead.
// Invariant 4: `drained` follows when `bufferedBytes` had reached the low mark and is below it again.

import { assert, type Clock, type ErrorCode, type Timer } from '@anabranch/base';
import type { LinkConnection, LinkConnectionListener } from '@anabranch/engine';
import type { LinkEnding } from './link-code.ts';
import type { Packet } from './packet.ts';
import { ReceiveWindow } from './receive-window.ts';
import { SendWindow } from './send-window.ts';

export interface ReliableConnectionParts {
  readonly clock: Clock;
  /** Names the connection in its packets. */
  readonly id: string;
  /** The node at the other end. */
  readonly remoteAddress: string;
  /** Hands a packet to the network, which may lose it. */
  readonly transmit: (packet: Packet) => void;
  readonly onEnded: (ending: LinkEnding) => void;
}

export class ReliableConnection implements LinkConnection {
  /** Bytes not acknowledged below which a sender that had paused is woken. */
  static readonly bufferedBytesLow: number = 256 << 10;
  /** Bytes not acknowledged at which the connection is given up: far above where the engine pauses. */
  static readonly bufferedBytesMax: number = 32 << 20;
  /** When nothing of what is in flight is acknowledged for so long, the connection ends. */
  static readonly silenceMsMax = 5_000;
  /** Acknowledgements wait so long for data to travel with, unless something is out of order. */
  static readonly acknowledgeMs = 10;

  readonly #parts: ReliableConnectionParts;
  readonly #sending = new SendWindow();
  readonly #receiving = new ReceiveWindow();
  #listener: LinkConnectionListener | undefined;
  #ending: LinkEnding | undefined;
  #acknowledgeAtMs: number | undefined;
  #isAboveLowMark = false;
  #timer: Timer | undefined;

  constructor(parts: ReliableConnectionParts) {
    this.#parts = parts;
  }

  get id(): string {
    return this.#parts.id;
  }

  get remoteAddress(): string {
    return this.#parts.remoteAddress;
  }

  get bufferedBytes(): number {
    return this.#sending.bufferedBytes;
  }

  /** Why it ended; undefined while it lasts. */
  get ending(): LinkEnding | undefined {
    return this.#ending;
  }

  listen(listener: LinkConnectionListener): void {
    assert(this.#listener === undefined, 'a connection is listened to once');
    this.#listener = listener;
    if (this.#ending !== undefined) this.#announce(listener, this.#ending);
  }

  send(frame: Uint8Array): void {
    if (this.#ending !== undefined) return;
    this.#sending.push(frame);
    if (this.bufferedBytes >= ReliableConnection.bufferedBytesLow) this.#isAboveLowMark = true;
    if (this.bufferedBytes > ReliableConnection.bufferedBytesMax) this.#end('overloaded', 'too much waits to be acknowledged', true);
    else this.#pump();
  }

  close(code: ErrorCode | 'normal', reason: string): void {
    this.#end(code, reason, true);
  }

  /** Takes a packet of this connection, in whatever order and however often it arrives. */
  receive(packet: Packet): void {
    if (this.#ending !== undefined) return;
    const nowMs = this.#parts.clock.monotonicMs();
    switch (packet.kind) {
      case 'open':
        // The answer to the first one was lost, or is on its way.
        this.#acknowledgeAtMs = nowMs;
        break;
      case 'close':
        return this.#end(packet.code, packet.reason, false);
      case 'ack':
        this.#sending.acknowledge(packet.next, packet.held, nowMs);
        break;
      case 'data':
        this.#sending.acknowledge(packet.next, [], nowMs);
        this.#receiveData(packet, nowMs);
        break;
    }
    this.#pump();
    this.#announceDrained();
  }

  #receiveData({ segment }: Extract<Packet, { kind: 'data' }>, nowMs: number): void {
    // Until somebody listens nothing is taken: the peer sends it again.
    if (this.#listener === undefined) return;
    const isInOrder = segment.seq === this.#receiving.next;
    let frames: Uint8Array[];
    try {
      frames = this.#receiving.receive(segment);
    } catch (error) {
      return this.#end('frame_invalid', error instanceof Error ? error.message : String(error), true);
    }
    const acknowledgeAtMs = isInOrder ? nowMs + ReliableConnection.acknowledgeMs : nowMs;
    this.#acknowledgeAtMs = Math.min(this.#acknowledgeAtMs ?? acknowledgeAtMs, acknowledgeAtMs);
    for (const frame of frames) if (this.#ending === undefined) this.#listener.receiveFrame(frame);
  }

  /** Sends what is due, and sets the timer for what will be. */
  #pump(): void {
    if (this.#ending !== undefined) return;
    const { clock, transmit, id } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - (this.#sending.waitingSinceMs ?? nowMs) > ReliableConnection.silenceMsMax) {
      return this.#end('lost', 'nothing was acknowledged for too long', true);
    }
    for (const segment of this.#sending.take(nowMs)) {
      if (this.#receiving.held.length === 0) this.#acknowledgeAtMs = undefined;
      transmit({ kind: 'data', connection: id, segment, next: this.#receiving.next });
    }
    if (this.#acknowledgeAtMs !== undefined && this.#acknowledgeAtMs <= nowMs) {
      this.#acknowledgeAtMs = undefined;
      transmit({ kind: 'ack', connection: id, next: this.#receiving.next, held: this.#receiving.held });
    }
    const dueMs = Math.min(this.#sending.dueMs ?? Number.POSITIVE_INFINITY, this.#acknowledgeAtMs ?? Number.POSITIVE_INFINITY);
    this.#timer?.cancel();
    if (dueMs !== Number.POSITIVE_INFINITY) this.#timer = clock.setTimer(Math.max(0, dueMs - nowMs), () => this.#pump());
  }

  #announceDrained(): void {
    if (!this.#isAboveLowMark || this.bufferedBytes >= ReliableConnection.bufferedBytesLow) return;
    this.#isAboveLowMark = false;
    if (this.#ending === undefined) this.#listener?.drained();
  }

  #end(code: LinkEnding['code'], reason: string, tellsPeer: boolean): void {
    if (this.#ending !== undefined) return;
    this.#ending = { code, reason };
    this.#timer?.cancel();
    if (tellsPeer) this.#parts.transmit({ kind: 'close', connection: this.id, code, reason });
    this.#parts.onEnded(this.#ending);
    if (this.#listener !== undefined) this.#announce(this.#listener, this.#ending);
  }

  #announce(listener: LinkConnectionListener, { code, reason }: LinkEnding): void {
    listener.closed(code, reason);
  }
}
