// Ports of this machine for who did not choose any.
//
//   20000         20008         20016                   32000
//     | c 1 2 3 4   | c 1 2 3 4   | c ...                 |      c: listened on by who holds the claim
//
// Invariant 1: two claims that are held have no port in common, whatever processes they are of and whether their ports are in use
//              just then: a region that is down for a while finds its port free again.

import { createServer, type Server } from 'node:net';
import { AnabranchError, assert, type Random } from '@anabranch/base';
import { firstTakenPort } from '../start-options.mjs';

// Below the range from which kernels take the ports of outgoing connections.
const claimedPortMin = 20_000;
const claimedPortMax = 32_000;
const portsPerClaim = 8;
const claimsMax = (claimedPortMax - claimedPortMin) / portsPerClaim;
const attemptsMax = 200;

export class PortClaim {
  /** The first of the claimed ports; the others follow it. */
  readonly first: number;
  readonly #holder: Server;

  private constructor(first: number, holder: Server) {
    this.first = first;
    this.#holder = holder;
  }

  /** Claims `count` consecutive ports, 7 at most, that are free now. @throws AnabranchError `port_taken` when none are found. */
  static async take(count: number, random: Random): Promise<PortClaim> {
    assert(count < portsPerClaim, 'a claim has no room for so many ports');
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const port = claimedPortMin + portsPerClaim * (random.u32() % claimsMax);
      const holder = await listenOn(port);
      if (holder === undefined) continue;
      const claim = new PortClaim(port + 1, holder);
      if ((await firstTakenPort(claim.first, count)) === undefined) return claim;
      await claim.release();
    }
    throw new AnabranchError('port_taken', `no ${count} free ports in a row between ${claimedPortMin} and ${claimedPortMax}`);
  }

  async release(): Promise<void> {
    await new Promise<void>((resolve) => this.#holder.close(() => resolve()));
  }
}

function listenOn(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy()).unref();
    server.once('error', () => resolve(undefined));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => resolve(server));
  });
}
