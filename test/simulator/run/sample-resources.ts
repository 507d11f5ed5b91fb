// How full what is bounded is, as seen from outside of the replicas.

import { deviceDocuments } from '../device/application.ts';
import type { ResourceSample } from '../history.ts';
import type { SimulatedWorld } from '../world/simulated-world.ts';

/** What a link may have given to the network and not sent: the shipper pauses at 1 MiB, beyond that are the frames begun. */
const bufferedBytesMax = 3 << 20;
/** Connections of a pair at one time: both may dial, and what ended on one side may not have on the other. */
const connectionsMax = 12;

export function sampleResources(world: SimulatedWorld): ResourceSample[] {
  const timeMs = world.clock.monotonicMs();
  const documents = world.hosts.flatMap(({ region, running }): ResourceSample[] => {
    if (running === undefined) return [];
    const { documentsLoaded, sessions } = running.replica.status();
    // Those with ops on their way to the disk, at most one of each client and all of a device, or with sessions stay, until the
    // next is opened.
    const { documentsLoadedMax, clients, devices } = world.plan;
    const bound = documentsLoadedMax + clients.length + devices.length * deviceDocuments.length + sessions + 1;
    return [
      { timeMs, region, resource: 'documentsLoaded', value: documentsLoaded, bound },
      { timeMs, region, resource: 'sessions', value: running.sync.sessionCount, bound: world.plan.sessionsMax },
    ];
  });
  const links = world.wire.pairs().flatMap(([a, b]): ResourceSample[] => {
    const connections = world.wire.connections(a, b);
    const buffered = connections.flat().map(({ region, bufferedBytes }) => {
      return { timeMs, region, resource: 'bufferedBytes', value: bufferedBytes, bound: bufferedBytesMax };
    });
    return [...buffered, { timeMs, region: a, resource: `connections to ${b}`, value: connections.length, bound: connectionsMax }];
  });
  return [...documents, ...links];
}
