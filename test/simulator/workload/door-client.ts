// One client of a region's Yjs door: it speaks the y-websocket protocol over a simulated socket to the real door, session and
// room. The protocol acknowledges nothing, so what it promises is that all copies end alike.
//
//   away --upgrade--> open: both tell what they have (step 1) and send what the other lacks (step 2), then every edit

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { BoundedReader, ByteWriter } from '@anabranch/protocol';
import { SimulatedSocket } from '../network/simulated-socket.ts';
import { clientFrame, type ServerFrame, ServerFrames } from '../network/web-socket-bytes.ts';
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
  readonly socket: SimulatedSocket;
  readonly frames: ServerFrames;
  readonly forget: () => void;
  isOpen: boolean;
  hasExchanged: boolean;
}

const [syncMessage, step1, step2, updateStep] = [0, 0, 1, 2];
const thinkMs = 4_000;
const reconnectMsMax = 3_000;
const stayMs = 30_000;
/** After its last edit a client that is connected has been heard for certain. */
const settleMs = 2_000;

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
    const { enter } = running.process;
    const client = {
      receive: (bytes: Uint8Array): void => this.#receive(connection, bytes),
      gone: (): void => this.#leave(connection),
    };
    const socket = new SimulatedSocket({ clock, random: this.#random, enter, client });
    const forget = host.onEnded(() => socket.cut());
    const connection: Connection = { socket, frames: new ServerFrames(), forget, isOpen: true, hasExchanged: false };
    this.#connection = connection;
    sometimes.hit('door_opened');
    trace.note(`${name} opens ${document} at the door of ${host.region}`);
    enter(() => running.sync.upgrades.get('/v1/sync/yjs/')?.(upgradeOf(`/v1/sync/yjs/${document}`), socket, Buffer.alloc(0)));
    clock.setTimer(1_000 + this.#random.below(2 * stayMs), () => {
      if (connection.isOpen && !this.#isOver) socket.cut();
    });
    this.#send(step1, this.#parts.copy.stateVector());
  }

  #leave(connection: Connection): void {
    if (!connection.isOpen) return;
    connection.isOpen = false;
    connection.forget();
    this.#connection = undefined;
    this.#connectLater();
  }

  #receive(connection: Connection, bytes: Uint8Array): void {
    if (!connection.isOpen) return;
    const frames = connection.frames.take(bytes);
    if (frames === undefined) return connection.socket.cut();
    for (const frame of frames) this.#receiveFrame(connection, frame);
  }

  #receiveFrame(connection: Connection, frame: ServerFrame): void {
    if (frame.type === 'ping') connection.socket.sendToServer(clientFrame('pong', frame.payload));
    if (frame.type === 'close') {
      this.#parts.sometimes.hit('door_closed');
      connection.socket.cut();
    }
    if (frame.type !== 'binary') return;
    const reader = new BoundedReader(frame.payload);
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
    this.#connection.socket.sendToServer(clientFrame('binary', message));
  }
}

/** The request that a WebSocket client sends first. */
function upgradeOf(url: string): IncomingMessage {
  const request = new IncomingMessage(new Socket());
  request.method = 'GET';
  request.url = url;
  request.headers = {
    connection: 'Upgrade',
    upgrade: 'websocket',
    'sec-websocket-version': '13',
    'sec-websocket-key': 'c2ltdWxhdGVkIGNsaWVudA==',
  };
  return request;
}
