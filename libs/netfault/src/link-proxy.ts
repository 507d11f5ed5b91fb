// A TCP proxy for the link between two regions: a dials it, it dials b. It is to the link what a network is: bytes are
// delayed, slowed and held back, each way on its own, and neither side is told.
//
//   region a --> listening port [ lane a-to-b ] --> target, region b
//            <--                [ lane b-to-a ] <--
//
//  1. A cut closes nothing. Open connections go silent; new ones are accepted and go nowhere until the heal.
//  2. After a heal every byte of a connection that still lives arrives, once and in order.
//  3. Held bytes are bounded per connection and way; at the bound the sender feels back-pressure.
//  4. After close() no socket, timer or port is left.

import { createServer, type Server } from 'node:net';
import { AnabranchError, assert, type Clock, type Random } from '@anabranch/base';
import { changeConditions, directConditions, type LinkConditions, type LinkDirection, type OneWay } from './link-conditions.ts';
import { OneWayPath } from './one-way-path.ts';
import { ProxiedConnection } from './proxied-connection.ts';

/** Connections at once; more are refused by closing them. A link uses one, flapping leaves a few dying ones. */
const connectionsMax = 1024;
/** Bytes held per connection and way before the sender is paused: a long fat path's worth. */
const heldBytesMaxDefault = 4 * 1024 * 1024;

export interface LinkProxyOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** The loopback port to listen on; 0 picks a free one. */
  readonly listenPort: number;
  readonly target: { readonly host: string; readonly port: number };
  /** Conditions of both ways at the start; the rest is a direct path. */
  readonly conditions?: Partial<LinkConditions>;
  readonly heldBytesMax?: number;
}

export class LinkProxy {
  readonly #paths: Readonly<Record<OneWay, OneWayPath>>;
  readonly #server: Server;
  readonly #connections = new Set<ProxiedConnection>();
  #acceptedCount = 0;
  #whenEmpty: (() => void) | undefined;

  private constructor(options: LinkProxyOptions) {
    const conditions = changeConditions(directConditions, options.conditions ?? {});
    const path = (): OneWayPath => new OneWayPath(options.clock, conditions);
    this.#paths = { 'a-to-b': path(), 'b-to-a': path() };
    this.#server = createServer({ allowHalfOpen: true }, (socket) => {
      const connection: ProxiedConnection = new ProxiedConnection(socket, {
        clock: options.clock,
        random: options.random,
        target: options.target,
        paths: this.#paths,
        heldBytesMax: options.heldBytesMax ?? heldBytesMaxDefault,
        whenOver: () => {
          this.#connections.delete(connection);
          if (this.#connections.size === 0) this.#whenEmpty?.();
        },
      });
      this.#acceptedCount += 1;
      this.#connections.add(connection);
    });
    this.#server.maxConnections = connectionsMax;
  }

  /**
   * Listens on 127.0.0.1.
   * @throws AnabranchError `value_invalid` for impossible conditions, `port_taken` when the port is in use.
   */
  static async listen(options: LinkProxyOptions): Promise<LinkProxy> {
    const proxy = new LinkProxy(options);
    await new Promise<void>((resolve, reject) => {
      proxy.#server.once('error', (error: NodeJS.ErrnoException) => reject(listenFailure(error, options.listenPort)));
      proxy.#server.listen(options.listenPort, '127.0.0.1', resolve);
    });
    return proxy;
  }

  get port(): number {
    const address = this.#server.address();
    assert(address !== null && typeof address === 'object', 'a closed proxy has no port');
    return address.port;
  }

  /** Connections that are open or dying. */
  get connectionCount(): number {
    return this.#connections.size;
  }

  /** Connections accepted since the start: it grows when the dialling side reconnects. */
  get acceptedCount(): number {
    return this.#acceptedCount;
  }

  conditions(way: OneWay): LinkConditions {
    return this.#paths[way].conditions;
  }

  /** Bytes on the way, or held by a cut. */
  heldBytes(way: OneWay): number {
    let sum = 0;
    for (const connection of this.#connections) sum += connection.heldBytes(way);
    return sum;
  }

  deliveredBytes(way: OneWay): number {
    return this.#paths[way].deliveredBytes;
  }

  /**
   * Changes the named conditions, from this moment on and for the bytes already on the way.
   * @throws AnabranchError `value_invalid`; nothing has changed then.
   */
  change(direction: LinkDirection, change: Partial<LinkConditions>): void {
    const ways: readonly OneWay[] = direction === 'both' ? ['a-to-b', 'b-to-a'] : [direction];
    for (const way of ways) changeConditions(this.#paths[way].conditions, change);
    for (const way of ways) this.#paths[way].change(change);
    for (const connection of [...this.#connections]) connection.conditionsChanged();
  }

  cut(direction: LinkDirection = 'both'): void {
    this.change(direction, { state: 'cut' });
  }

  heal(direction: LinkDirection = 'both'): void {
    this.change(direction, { state: 'up' });
  }

  /** Resets (RST) every connection at both ends at once; held bytes are lost, as after a crash of a middle box. */
  reset(): void {
    for (const connection of [...this.#connections]) connection.reset();
  }

  /** Stops listening and resets what is open. Resolves when nothing is left. */
  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    const emptied = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    if (this.#connections.size > 0) {
      this.reset();
      await emptied;
    }
    await closed;
  }
}

function listenFailure(error: NodeJS.ErrnoException, port: number): Error {
  if (error.code !== 'EADDRINUSE') return error;
  return new AnabranchError('port_taken', `port ${port} on 127.0.0.1 is in use`, { port });
}
