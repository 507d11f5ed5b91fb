// One attempt to open a WebSocket to a peer, with a deadline.

import type { Clock } from '@anabranch/base';
import type { LinkConnection } from '@anabranch/engine';
import { type ClientOptions, WebSocket } from 'ws';
import { linkPath, linkSocketOptions, linkSubprotocol } from './link-socket-options.ts';
import { WebSocketLinkConnection } from './web-socket-link-connection.ts';

/** Opens a connection to a peer's base URL. Rejects when that fails, takes too long, or is aborted. */
export type LinkDial = (url: string, signal: AbortSignal) => Promise<LinkConnection>;

/** TCP, TLS and upgrade together; then the attempt is given up. */
const connectMsMax = 5_000;

/** Dials over WebSocket: `http(s)` URLs are taken as `ws(s)`, the path of links is appended unless it is there. */
export function webSocketDial(clock: Clock): LinkDial {
  return (url, signal) =>
    new Promise((resolve, reject) => {
      const options: ClientOptions = { ...linkSocketOptions, followRedirects: false };
      const socket = new WebSocket(linkUrlOf(url), [linkSubprotocol], options);
      const giveUp = (error: Error): void => {
        deadline.cancel();
        signal.removeEventListener('abort', abort);
        reject(error);
        socket.terminate();
      };
      const abort = (): void => giveUp(new Error('the dial was aborted'));
      const deadline = clock.setTimer(connectMsMax, () => giveUp(new Error(`no connection in ${connectMsMax} ms`)));
      signal.addEventListener('abort', abort);
      // Terminating a socket that is still connecting is reported as an error event too: the listener stays.
      socket.on('error', giveUp);
      socket.once('open', () => {
        deadline.cancel();
        signal.removeEventListener('abort', abort);
        socket.off('error', giveUp);
        resolve(new WebSocketLinkConnection(socket, new URL(url).host));
      });
      if (signal.aborted) abort();
    });
}

/** The WebSocket URL of a peer's link door. @throws TypeError when `url` is not one. */
export function linkUrlOf(url: string): string {
  const parsed = new URL(url);
  parsed.protocol = parsed.protocol === 'https:' || parsed.protocol === 'wss:' ? 'wss:' : 'ws:';
  // What lies before it is the way through a proxy that several regions share.
  const path = parsed.pathname.replace(/\/+$/, '');
  parsed.pathname = path.endsWith(linkPath) ? path : `${path}${linkPath}`;
  parsed.hash = '';
  return parsed.href;
}
