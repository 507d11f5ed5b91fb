// The client's end of a WebSocket to a sync door of a region, over a simulated socket: it asks for the upgrade, answers pings,
// and tells what came.
//
//   connecting --101--> open --close frame, refusal, loss--> closed
//
// Invariant: `closed` is called once, and nothing after it; after `cut` by its owner nothing is called.

import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { RegionHost, RunningReplica } from '../world/region-host.ts';
import { SimulatedSocket } from './simulated-socket.ts';
import { clientFrame, ServerFrames } from './web-socket-bytes.ts';

export interface ClientWebSocketListener {
  opened?(): void;
  received(message: Uint8Array): void;
  /** With the code and reason of the region's close frame; 1006 when there was none. */
  closed(code: number, reason: string): void;
}

export interface ClientWebSocketParts {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly host: RegionHost;
  readonly running: RunningReplica;
  /** The door, as it is registered, and the whole path. */
  readonly door: string;
  readonly path: string;
  readonly listener: ClientWebSocketListener;
}

const lost = 1006;

export class ClientWebSocket {
  readonly #socket: SimulatedSocket;
  readonly #listener: ClientWebSocketListener;
  readonly #frames = new ServerFrames();
  readonly #forget: () => void;
  #isOpen = false;
  #isClosed = false;
  /** Nothing passes any more in either direction, and nobody is told. */
  #isSilent = false;

  constructor({ clock, random, host, running, door, path, listener }: ClientWebSocketParts) {
    this.#listener = listener;
    const { enter } = running.process;
    const client = { receive: (bytes: Uint8Array): void => this.#receive(bytes), gone: (): void => this.#close(lost, '') };
    this.#socket = new SimulatedSocket({ clock, random, enter, client });
    this.#forget = host.onEnded(() => this.#socket.cut());
    enter(() => running.sync.upgrades.get(door)?.(upgradeOf(path), this.#socket, Buffer.alloc(0)));
  }

  send(message: Uint8Array): void {
    if (!this.#isClosed && !this.#isSilent) this.#socket.sendToServer(clientFrame('binary', message));
  }

  /** The connection breaks, or its owner leaves it; the owner is told in the first case only. */
  cut({ isTold }: { readonly isTold: boolean }): void {
    if (!isTold) this.#end();
    this.#socket.cut();
  }

  goSilent(): void {
    this.#isSilent = true;
  }

  /** The other end of a silent connection knows nothing of it any more, and says so. */
  breakSilence(): void {
    if (!this.#isSilent) return;
    this.#isSilent = false;
    // It may have ended in silence.
    this.#close(lost, '');
  }

  #receive(bytes: Uint8Array): void {
    if (this.#isClosed || this.#isSilent) return;
    const frames = this.#frames.take(bytes);
    if (frames === undefined) return this.#socket.cut();
    if (!this.#isOpen && this.#frames.hasUpgraded) {
      this.#isOpen = true;
      this.#listener.opened?.();
    }
    for (const frame of frames) {
      if (this.#isClosed) return;
      if (frame.type === 'close') this.#close(frame.code, frame.reason);
      else if (frame.type === 'ping') this.#socket.sendToServer(clientFrame('pong', frame.payload));
      else this.#listener.received(frame.payload);
    }
  }

  #close(code: number, reason: string): void {
    if (this.#isClosed || this.#isSilent) return;
    this.#end();
    this.#socket.cut();
    this.#listener.closed(code, reason);
  }

  #end(): void {
    this.#isClosed = true;
    this.#forget();
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
