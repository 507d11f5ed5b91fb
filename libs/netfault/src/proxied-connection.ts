// One connection through the proxy: the socket of the dialling side a, the socket to the target b, and a lane each way.
//
//   waiting (a is accepted, but a way of the link is cut: a lost SYN) --both ways up--> dialling --> open
//   any --both sockets closed, or a closed and b never dialled--> over
//
//  1. b is dialled only while both ways are up, because a TCP handshake needs both.
//  2. What happens to one socket (bytes, end, death) reaches the other only through a lane, in order, delayed, and not
//     across a cut.
//  3. whenOver is called once, when no socket of the connection is left.

import { connect, type Socket } from 'node:net';
import { Lane, type LaneOptions } from './lane.ts';
import type { OneWay } from './link-conditions.ts';
import type { OneWayPath } from './one-way-path.ts';

export interface ConnectionOptions extends Omit<LaneOptions, 'path'> {
  readonly target: { readonly host: string; readonly port: number };
  readonly paths: Readonly<Record<OneWay, OneWayPath>>;
  readonly whenOver: () => void;
}

export class ProxiedConnection {
  readonly #options: ConnectionOptions;
  readonly #a: Socket;
  readonly #aToB: Lane;
  #b: Socket | undefined;
  #bToA: Lane | undefined;

  constructor(a: Socket, options: ConnectionOptions) {
    this.#options = options;
    this.#a = a;
    this.#aToB = new Lane(a, { ...options, path: options.paths['a-to-b'] });
    a.setNoDelay(true);
    // An error is always followed by 'close', which says all that matters here.
    a.on('error', () => {});
    a.on('close', (hadError) => this.#aClosed(hadError));
    this.conditionsChanged();
  }

  heldBytes(way: OneWay): number {
    return (way === 'a-to-b' ? this.#aToB : this.#bToA)?.heldBytes ?? 0;
  }

  conditionsChanged(): void {
    const { paths } = this.#options;
    if (this.#b === undefined && !this.#a.destroyed && paths['a-to-b'].isUp && paths['b-to-a'].isUp) this.#dial();
    this.#aToB.pump();
    this.#bToA?.pump();
  }

  /** Both ends see a reset, whatever the link's conditions are. */
  reset(): void {
    this.#aToB.discard();
    this.#bToA?.discard();
    resetSocket(this.#a);
    if (this.#b !== undefined) resetSocket(this.#b);
  }

  #dial(): void {
    const { target, paths } = this.#options;
    const b = connect({ ...target, allowHalfOpen: true, noDelay: true });
    const bToA = new Lane(b, { ...this.#options, path: paths['b-to-a'] });
    this.#b = b;
    this.#bToA = bToA;
    bToA.attach(this.#a);
    b.on('error', () => {});
    b.on('connect', () => this.#aToB.attach(b));
    b.on('close', (hadError) => this.#bClosed(hadError));
  }

  /** What a sent still travels, what was on the way to it is lost. */
  #aClosed(hadError: boolean): void {
    this.#bToA?.discard();
    if (hadError) this.#aToB.enterReset();
    if (this.#b === undefined || this.#b.closed) this.#over();
    else if (this.#b.connecting) this.#b.destroy();
  }

  #bClosed(hadError: boolean): void {
    this.#aToB.discard();
    if (hadError) this.#bToA?.enterReset();
    if (this.#a.closed) this.#over();
  }

  #over(): void {
    this.#aToB.discard();
    this.#bToA?.discard();
    this.#options.whenOver();
  }
}

function resetSocket(socket: Socket): void {
  // A socket that is still connecting would be reset only once it has connected.
  if (socket.connecting) socket.destroy();
  else socket.resetAndDestroy();
}
