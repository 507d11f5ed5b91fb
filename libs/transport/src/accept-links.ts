// The door for links that peers dial: decides over upgrade requests for `/v1/link` before anything is allocated for them.
//
// Invariant 1: a request that is no WebSocket upgrade, or does not name the link subprotocol, is answered over HTTP and its
//              socket closed; the replica never sees it.
// Invariant 2: at most `linksMax` links are open, and at most `newLinksMax` of them younger than `newLinkMs`, the time in
//              which a stranger who proves nothing is thrown out by the handshake's own deadline. Strangers can therefore
//              use up the places for newcomers, for a while, but never those of links that work.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import type { Clock, ErrorCode, Logger, Timer } from '@anabranch/base';
import { errorCodes } from '@anabranch/base';
import type { PeerLinkHandle } from '@anabranch/engine';
import { type ServerOptions, type WebSocket, WebSocketServer } from 'ws';
import type { LinkHost } from './dial-peers.ts';
import { linkSocketOptions, linkSubprotocol } from './link-socket-options.ts';
import { WebSocketLinkConnection } from './web-socket-link-connection.ts';

/** Links open at once. Beyond: 503. */
const linksMax = 256;
/** Links open at once that are younger than {@link newLinkMs}. Beyond: 503. */
export const newLinksMax = 32;
/** The age at which a link no longer counts as new; longer than the handshake may take. */
export const newLinkMs = 6_000;

export interface AcceptOptions {
  readonly replica: LinkHost;
  readonly clock: Clock;
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
  readonly #links = new Set<PeerLinkHandle>();
  readonly #newLinkTimers = new Map<PeerLinkHandle, Timer>();
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
    for (const link of this.#links) link.close();
    await Promise.all([...this.#links].map((link) => link.whenClosed));
    this.#server.close();
  }

  #refusalOf(request: IncomingMessage): ErrorCode | undefined {
    if (this.#isStopping) return 'not_ready';
    if (!namesLinkSubprotocol(request)) return 'protocol_version_unsupported';
    const isFull = this.#links.size >= linksMax || this.#newLinkTimers.size >= newLinksMax;
    return isFull ? 'overloaded' : undefined;
  }

  #attach(webSocket: WebSocket, remoteAddress: string): void {
    const { replica, clock, logger } = this.#options;
    const link = replica.attachLink(new WebSocketLinkConnection(webSocket, remoteAddress), 'acceptor');
    this.#links.add(link);
    const noLongerNew = clock.setTimer(newLinkMs, () => this.#newLinkTimers.delete(link));
    this.#newLinkTimers.set(link, noLongerNew);
    void link.whenClosed.then(({ code, reason, wasEstablished }) => {
      this.#links.delete(link);
      this.#newLinkTimers.delete(link);
      noLongerNew.cancel();
      logger.debug('link.accepted_ended', { remoteAddress, code, reason, wasEstablished });
    });
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
