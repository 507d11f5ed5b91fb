// The server's end of a client's TCP connection: a stream without I/O, so that the sync doors run on it with the WebSocket
// library that they run on everywhere.
//
// Invariant 1: bytes travel in order in each direction; those to the server arrive in its process, those to the client
//              outside of it.
// Invariant 2: when the process ends, the client hears of it, and nothing more of what was on its way.

import { Duplex } from 'node:stream';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { Enter } from './simulated-connection.ts';

export interface SocketClient {
  receive(bytes: Uint8Array): void;
  /** The connection is gone. */
  gone(): void;
}

export interface SimulatedSocketParts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly enter: Enter;
  readonly client: SocketClient;
}

export class SimulatedSocket extends Duplex {
  readonly #parts: SimulatedSocketParts;
  #toServerMs = 0;
  #toClientMs = 0;
  #isGone = false;

  constructor(parts: SimulatedSocketParts) {
    super();
    this.#parts = parts;
    this.on('error', () => {});
  }

  /** The client sends. */
  sendToServer(bytes: Uint8Array): void {
    this.#toServerMs = this.#arrival(this.#toServerMs);
    this.#later(this.#toServerMs, () => {
      if (!this.#isGone) this.#parts.enter(() => this.push(bytes));
    });
  }

  /** The connection breaks for the client at once, and for the server when it hears of it. */
  cut(): void {
    if (this.#isGone) return;
    this.#isGone = true;
    this.#later(this.#arrival(this.#toServerMs), () => this.#parts.enter(() => this.destroy()));
    this.#parts.client.gone();
  }

  override _read(): void {}

  override _write(chunk: Buffer, _encoding: BufferEncoding, done: () => void): void {
    const bytes = Buffer.from(chunk);
    this.#tellClient(() => this.#parts.client.receive(bytes));
    done();
  }

  override _final(done: () => void): void {
    done();
    this.#tellClient(() => this.cut());
  }

  override _destroy(_error: Error | null, done: () => void): void {
    done();
    this.#tellClient(() => this.cut());
  }

  #tellClient(tell: () => void): void {
    this.#toClientMs = this.#arrival(this.#toClientMs);
    this.#later(this.#toClientMs, () => {
      if (!this.#isGone) tell();
    });
  }

  #arrival(newestMs: number): number {
    // Of two events at one time either may come first.
    return Math.max(newestMs + 1e-6, this.#parts.clock.monotonicMs() + 0.5 + (this.#parts.random.u32() / 2 ** 32) * 5);
  }

  #later(atMs: number, act: () => void): void {
    this.#parts.clock.setTimer(atMs - this.#parts.clock.monotonicMs(), act);
  }
}
