// Real sockets on the loopback interface for the tests of this package.

import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Clock } from '@anabranch/base';
import type { LinkConnection, LinkEnd, LinkRole, PeerLinkHandle } from '@anabranch/engine';
import type { LinkHost } from '../dial-peers.ts';

/** The clock of the process. */
export const realClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
  setTimer: (afterMs, callback) => {
    const handle = setTimeout(callback, afterMs);
    return { cancel: () => clearTimeout(handle) };
  },
};

export interface LoopbackServer {
  readonly url: string;
  readonly port: number;
  /** The raw sockets the server has open. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

export async function startServer(configure: (server: Server) => void): Promise<LoopbackServer> {
  const server = createServer((_request, response) => {
    response.statusCode = 404;
    response.end();
  });
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  configure(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      for (const socket of sockets) socket.destroy();
      server.close(() => resolve());
    });
  return { url: `http://127.0.0.1:${port}`, port, sockets, close };
}

/** Takes every connection and does with it what the test says; the handle ends when the connection does. */
export class ConnectionCollector implements LinkHost {
  readonly connections: LinkConnection[] = [];
  readonly ends: LinkEnd[] = [];
  /** Of each connection, by its place in the order of arrival. */
  isEstablished: (at: number) => boolean = () => true;
  readonly #attach: (connection: LinkConnection) => { wasEstablished: boolean };
  readonly #waiting = new Set<() => void>();

  constructor(attach: (connection: LinkConnection) => { wasEstablished: boolean } = () => ({ wasEstablished: true })) {
    this.#attach = attach;
  }

  attachLink(connection: LinkConnection, _role: LinkRole): PeerLinkHandle {
    const { wasEstablished } = this.#attach(connection);
    const whenClosed = new Promise<LinkEnd>((resolve) => {
      connection.listen({
        receiveFrame: () => {},
        drained: () => {},
        closed: (code, reason) => {
          const end: LinkEnd = { code, reason, wasEstablished };
          this.ends.push(end);
          resolve(end);
          this.#notify();
        },
      });
    });
    const at = this.connections.push(connection) - 1;
    this.#notify();
    const isEstablished = (): boolean => this.isEstablished(at);
    return {
      whenClosed,
      get isEstablished() {
        return isEstablished();
      },
      close: () => connection.close('normal', 'the region is stopping'),
    };
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await new Promise<void>((resolve) => this.#waiting.add(resolve));
  }

  #notify(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}
