// A copy of a region's machine that runs beside it under the same name, as when a data folder is copied and started a second
// time: a client of its own writes there, and nobody else knows of it.
//
//   copied --peers hear the region------------> refused; after a while under an epoch of its own: it writes
//          --all peers have lost the region---> confirmed under the epoch of the region: it is ended before it writes
//
// Two that write under one epoch contradict each other: what comes of that is another run (test/scenarios/copies.sim.test.ts).
// Here the region must go on as if there were no copy, and take what the copy had written when a peer let it in.

import { isAnabranchError } from '@anabranch/base';
import { parseDocumentId } from '@anabranch/protocol';
import type { SeededRandom } from '../seeded-random.ts';
import { typedCollections } from '../world/collections.ts';
import type { RegionHost } from '../world/region-host.ts';
import type { SimulatedWorld } from '../world/simulated-world.ts';
import type { FaultEvent, FaultHolder } from './fault-event.ts';

const thinkMsMax = 3_000;
/** After so long without a fault nothing of the last one is in force. */
const settledMs = 5_000;

/** @returns false when there is nothing to copy, or a copy already, or one that would find nobody */
export function runCopy(world: SimulatedWorld, host: RegionHost, fault: FaultEvent, draws: CopyDraws): boolean {
  const { random, holder } = draws;
  const { running } = host;
  if (running === undefined || !host.hasPeers || [...world.copies].some(({ region }) => region === host.region)) return false;
  const { origin } = running.replica;
  const [isCalm, { disturbances }] = [holder.calmMs >= settledMs && isHeardByAll(world, host), holder];
  const onWritable = (): void => {
    if (copy.running?.replica.origin !== origin) return write();
    world.sometimes.hit('copy_confirmed');
    if (isCalm && holder.disturbances === disturbances)
      world.onDefect(`a copy of ${host.region} was confirmed under ${origin} while every peer heard the region`);
    end();
  };
  const copy = world.copy(host, onWritable);
  const end = holder.hold(() => {
    copy.downs += 1;
    copy.kill();
    world.copies.delete(copy);
  }, fault.durationMs);
  const write = (): void => {
    world.clock.setTimer(random.below(thinkMsMax), () => {
      const at = copy.running;
      if (at === undefined) return;
      at.process.enter(() => void writeOnce(world, copy, random));
      write();
    });
  };
  copy.start();
  return true;
}

/** Every region that it is linked with has a link to it. */
function isHeardByAll({ hosts, wire }: SimulatedWorld, { region }: RegionHost): boolean {
  const isLinked = ({ running }: RegionHost): boolean =>
    running?.replica.status().peers.some((peer) => peer.region === region && peer.linkState === 'connected') === true;
  return hosts.every((host) => wire.lane(host.region, region) === undefined || isLinked(host));
}

export interface CopyDraws {
  readonly random: SeededRandom;
  readonly holder: FaultHolder;
}

async function writeOnce({ sometimes, onDefect }: SimulatedWorld, { running }: RegionHost, random: SeededRandom): Promise<void> {
  const document = parseDocumentId(`${random.pick(typedCollections)}/d0`);
  const by = 1 + random.below(5);
  try {
    await running?.replica.edit({ document, plan: () => [{ op: 'increment', path: '/stock', by }] });
    sometimes.hit('copy_wrote');
  } catch (error) {
    if (!isAnabranchError(error)) onDefect(`a copy refused a write: ${error instanceof Error ? error.stack : String(error)}`);
  }
}
