// One client of a region's Yjs door: it speaks the y-websocket protocol over a simulated socket to the real door, session and
// room. The protocol acknowledges nothing, so what it promises is that all copies end alike.
//
//   away --upgrade--> open: both tell what they have (step 1) and send what the other lacks (step 2), then every edit

import { BoundedReader, ByteWriter } from '@anabranch/protocol';
import { ClientWebSocket } from '../network/client-web-socket.ts';
import type { Sometimes } from '../run/sometimes.ts';
import type { Trace } from '../run/trace.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { RegionHost } from '../world/region-host.ts';
import type { YjsCopy } from './client-copy.ts';

export interface DoorClientParts {
  readonly name: string;
  readonly document: string;
  readonly copy: YjsCopy;
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly hosts: readonly RegionHost[];
  readonly trace: Trace;
  readonly sometimes: Sometimes;
}

interface Connection {
  readonly socket: ClientWebSocket;
  isOpen: boolean;
  hasExchanged: boolean;
}

const [syncMessage, step1, step2, updateStep] = [0, 0, 1, 2];
const thinkMs = 4_000;
const reconnectMsMax = 3_000;
const stayMs = 30_000;
/** After its last edit a client that is connected has been heard for certain. */
const settleMs = 2_000;
/** The close code of a connection that broke. */
const connectionLost = 1006;

export class DoorClient {
  readonly #parts: DoorClientParts;
  readonly #random: SeededRandom;
  #connection: Connection | undefined;
  #isOver = false;
  #sentMs = 0;

  constructor(parts: DoorClientParts) {
    this.#parts = parts;
    this.#random = parts.random;
    this.#connectLater();
    this.#editLater();
  }

  end(): void {
    this.#isOver = true;
  }

  get isSettled(): boolean {
    return this.#connection?.hasExchanged === true && this.#parts.clock.monotonicMs() - this.#sentMs >= settleMs;
  }

  get document(): string {
    return this.#parts.document;
  }

  json(): unknown {
    return this.#parts.copy.json();
  }

  #editLater(): void {
    this.#parts.clock.setTimer(-Math.log(1 - this.#random.u32() / 2 ** 32) * thinkMs, () => {
      if (this.#isOver) return;
      this.#send(updateStep, this.#parts.copy.edit(this.#random));
      this.#editLater();
    });
  }

  #connectLater(): void {
    this.#parts.clock.setTimer(this.#random.below(reconnectMsMax), () => this.#connect(this.#random.pick(this.#parts.hosts)));
  }

  #connect(host: RegionHost): void {
    const { running } = host;
    if (running === undefined || running.process.isPaused) return this.#connectLater();
    const { clock, document, name, sometimes, trace } = this.#parts;
    const listener = {
      received: (message: Uint8Array): void => this.#receive(connection, message),
      closed: (code: number): void => this.#leave(connection, code),
    };
    const path = `/v1/sync/yjs/${document}`;
    const socket = new ClientWebSocket({ clock, random: this.#random, host, running, door: '/v1/sync/yjs/', path, listener });
    const connection: Connection = { socket, isOpen: true, hasExchanged: false };
    this.#connection = connection;
    sometimes.hit('door_opened');
    trace.note(`${name} opens ${document} at the door of ${host.region}`);
    clock.setTimer(1_000 + this.#random.below(2 * stayMs), () => {
      if (connection.isOpen && !this.#isOver) socket.cut({ isTold: true });
    });
    this.#send(step1, this.#parts.copy.stateVector());
  }

  #leave(connection: Connection, code: number): void {
    if (!connection.isOpen) return;
    connection.isOpen = false;
    if (code !== connectionLost) this.#parts.sometimes.hit('door_closed');
    this.#connection = undefined;
    this.#connectLater();
  }

  #receive(connection: Connection, message: Uint8Array): void {
    const reader = new BoundedReader(message);
    if (reader.uint() !== syncMessage) return;
    const step = reader.uint();
    const content = reader.sizedBytes(reader.remaining);
    if (step === step1) {
      this.#send(step2, this.#parts.copy.since(content));
      return;
    }
    this.#parts.copy.merge(content);
    if (step === step2) connection.hasExchanged = true;
  }

  #send(step: number, content: Uint8Array): void {
    if (this.#connection === undefined) return;
    this.#sentMs = this.#parts.clock.monotonicMs();
    const message = new ByteWriter().uint(syncMessage).uint(step).sizedBytes(content).finish();
    this.#connection.socket.send(message);
  }
}
