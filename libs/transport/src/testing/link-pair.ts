import { silentLogger } from '@anabranch/base';
import type { LinkConnection } from '@anabranch/engine';
import { acceptLinks } from '../accept-links.ts';
import { webSocketDial } from '../link-dial.ts';
import { realClock, startServer } from './loopback.ts';

/** The two ends of one connection; nobody listens to them yet. */
export interface LinkPair {
  readonly dialer: LinkConnection;
  readonly acceptor: LinkConnection;
  close(): Promise<void>;
}

/** Two ends over a real socket, made by the doors that product code uses. */
export async function openWebSocketPair(): Promise<LinkPair> {
  let takeAccepted: (connection: LinkConnection) => void = () => {};
  const whenAccepted = new Promise<LinkConnection>((resolve) => {
    takeAccepted = resolve;
  });
  const replica = {
    attachLink: (connection: LinkConnection) => {
      takeAccepted(connection);
      return { whenClosed: new Promise<never>(() => {}), isEstablished: true, close: () => {} };
    },
  };
  const acceptor = acceptLinks({ replica, logger: silentLogger });
  const server = await startServer((http) => http.on('upgrade', (...args) => acceptor.handleUpgrade(...args)));
  const dialer = await webSocketDial(realClock)(server.url, new AbortController().signal);
  return { dialer, acceptor: await whenAccepted, close: () => server.close() };
}
