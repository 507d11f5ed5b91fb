import { AnabranchError, type Random } from '@anabranch/base';
import { firstTakenPort } from '../start-options.mjs';

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
