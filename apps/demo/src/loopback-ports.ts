import { createServer } from 'node:net';
import { AnabranchError, type Random } from '@anabranch/base';

// Below the range from which kernels take the ports of outgoing connections: a region that is down for a while finds its
// port free again.
const freePortMin = 20_000;
const freePortMax = 32_000;
const attemptsMax = 200;

/** The first of `count` consecutive free ports. @throws AnabranchError `port_taken` when none are found. */
export async function findFreePorts(count: number, random: Random): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const first = freePortMin + (random.u32() % (freePortMax - freePortMin - count));
    if ((await firstTakenPort(first, count)) === undefined) return first;
  }
  throw new AnabranchError('port_taken', `no ${count} free ports in a row between ${freePortMin} and ${freePortMax}`);
}

/** The first port of `count` from `first` on that another process uses; undefined when all are free. */
export async function firstTakenPort(first: number, count: number): Promise<number | undefined> {
  for (let port = first; port < first + count; port++) if (!(await isPortFree(port))) return port;
  return undefined;
}

/** Whether 127.0.0.1:`port` can be listened on now. */
function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ port, host: '127.0.0.1', exclusive: true }, () => server.close(() => resolve(true)));
  });
}
