// The door for links that peers dial: decides over upgrade requests for `/v1/link` before anything is allocated for them.
//
// Invariant 1: a request that is no WebSocket upgrade, or does not name the link subprotocol, is answered over HTTP and its
//              socket closed; the replica never sees it.
// Invariant 2: at most `linksMax` links are open, and at most `unprovenLinksMax` of them without a peer that has proven itself. For a
//              newcomer beyond that the oldest of these gives way. Strangers can therefore never use up the places of links
//              that work, nor keep a peer out that proves itself in less time than they need for so many connections.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { ErrorCode, Logger } from '@anabranch/base';
import { errorCodes } from '@anabranch/base';
import type { PeerLinkHandle } from '@anabranch/engine';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { LinkHost } from './dial-peers.ts';
import { linkSocketOptions, linkSubprotocol } from './link-socket-options.ts';
import { WebSocketLinkConnection } from './web-socket-link-connection.ts';

/** Links open at once. Beyond: 503. */
const linksMax = 256;
/** Links open at once whose peers have not proven themselves. Beyond: the oldest of them is cut. */
export const unprovenLinksMax = 32;

export interface AcceptOptions {
  readonly replica: LinkHost;
  readonly logger: Logger;
}

export interface LinkAcceptor {
  /** Takes an upgrade request whose path is the link path. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Refuses newcomers, closes all links, resolves when they have ended. */
  stop(): Promise<void>;
}

export function acceptLinks(options: AcceptOptions): LinkAcceptor {
  return new WebSocketLinkAcceptor(options);
}

class WebSocketLinkAcceptor implements LinkAcceptor {
  readonly #options: AcceptOptions;
  readonly #server: WebSocketServer;
  /** Oldest first, each with the socket that it runs on. */
  readonly #links = new Map<PeerLinkHandle, WebSocket>();
  #isStopping = false;

  constructor(options: AcceptOptions) {
    this.#options = options;
    const settings: ServerOptions = { ...linkSocketOptions, noServer: true, clientTracking: false };
    this.#server = new WebSocketServer({ ...settings, handleProtocols: () => linkSubprotocol });
  }

  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const refusal = this.#refusalOf(request);
    if (refusal !== undefined) {
      refuse(socket, refusal);
      return;
    }
    const remoteAddress = `${request.socket.remoteAddress ?? '?'}:${request.socket.remotePort ?? '?'}`;
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#attach(webSocket, remoteAddress));
  }

  async stop(): Promise<void> {
    this.#isStopping = true;
    const links = [...this.#links.keys()];
    for (const link of links) link.close();
    await Promise.all(links.map((link) => link.whenClosed));
    this.#server.close();
  }

  #refusalOf(request: IncomingMessage): ErrorCode | undefined {
    if (this.#isStopping) return 'not_ready';
    if (!namesLinkSubprotocol(request)) return 'protocol_version_unsupported';
    return this.#links.size >= linksMax ? 'overloaded' : undefined;
  }

  #attach(webSocket: WebSocket, remoteAddress: string): void {
    this.#makeRoom();
    const { replica, logger } = this.#options;
    const link = replica.attachLink(new WebSocketLinkConnection(webSocket, remoteAddress), 'acceptor');
    this.#links.set(link, webSocket);
    void link.whenClosed.then(({ code, reason, wasEstablished }) => {
      this.#links.delete(link);
      logger.debug('link.accepted_ended', { remoteAddress, code, reason, wasEstablished });
    });
  }

  #makeRoom(): void {
    const unproven = [...this.#links].filter(([link]) => !link.isEstablished);
    const [oldest] = unproven;
    if (oldest === undefined || unproven.length < unprovenLinksMax) return;
    const [link, webSocket] = oldest;
    // At once: a stranger need not answer a close handshake, and would hold the place until its end.
    this.#links.delete(link);
    webSocket.terminate();
  }
}

function namesLinkSubprotocol(request: IncomingMessage): boolean {
  const offered = request.headers['sec-websocket-protocol'] ?? '';
  return offered.split(',').some((name) => name.trim() === linkSubprotocol);
}

/** Answers an upgrade with a problem over HTTP (RFC 9457) and closes the socket. */
function refuse(socket: Duplex, code: ErrorCode): void {
  const { status, title, retryable } = errorCodes[code];
  const body = JSON.stringify({ type: `urn:anabranch:error:${code}`, title, status, code });
  const lines = [
    `HTTP/1.1 ${status} ${title}`,
    'Connection: close',
    'Content-Type: application/problem+json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(retryable ? ['Retry-After: 1'] : []),
  ];
  // The peer may be gone already; that is its business.
  socket.on('error', () => socket.destroy());
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}
