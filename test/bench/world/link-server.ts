// The server side of links, as the region process has it, and nothing else: accepts on a free port of the loopback.

import { createServer } from 'node:http';
import { type AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { parseRegionId } from '@anabranch/causality';
import type { Replica } from '@anabranch/engine';
import { acceptLinks, dialPeers } from '@anabranch/transport';
import { benchPorts } from './bench-replica.ts';

export interface LinkServer {
  readonly url: string;
  /** The sockets of the links accepted so far, oldest first. */
  readonly sockets: readonly Socket[];
  stop(): Promise<void>;
}

export async function serveLinks(replica: Replica): Promise<LinkServer> {
  const { logger } = benchPorts;
  const acceptor = acceptLinks({ replica, logger });
  const sockets: Socket[] = [];
  const server = createServer();
  server.on('upgrade', (request, socket: Duplex, head: Buffer) => {
    if (socket instanceof Socket) sockets.push(socket);
    acceptor.handleUpgrade(request, socket, head);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    sockets,
    stop: async () => {
      await acceptor.stop();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

export function dialRegion(replica: Replica, region: string, url: string): { stop(): Promise<void> } {
  return dialPeers({ ...benchPorts, replica, peers: [{ region: parseRegionId(region), url }] });
}
