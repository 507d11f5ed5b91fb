// What befalls the disk of a region.

import type { SeededRandom } from '../seeded-random.ts';
import type { RegionHost } from '../world/region-host.ts';
import type { SimulatedWorld } from '../world/simulated-world.ts';
import type { FaultEvent, FaultHolder } from './fault-event.ts';

export function disturbDisk(host: RegionHost, fault: FaultEvent, random: SeededRandom, holder: FaultHolder): boolean {
  const { disk } = host;
  switch (fault.kind) {
    case 'slow_disk': {
      const slowMs = random.pick([30, 200, 1_000]);
      const delayMs = (): number => slowMs * (0.5 + random.u32() / 2 ** 32);
      disk.delays.add(delayMs);
      holder.hold(() => void disk.delays.delete(delayMs), fault.durationMs);
      return true;
    }
    case 'sync_error':
      disk.faultsInjected += 1;
      disk.failingSyncs = random.pick([1, 1, 2]);
      return true;
    case 'disk_full':
      disk.faultsInjected += 1;
      disk.sectorsMax = disk.sectorsUsed + random.below(40);
      holder.hold(() => {
        disk.sectorsMax = Number.POSITIVE_INFINITY;
      }, fault.durationMs);
      return true;
    default:
      throw new Error(`${fault.kind} is no fault of the disk`);
  }
}

/** 'l' and 's': ops and snapshots (store-key.ts). */
const rottingSpaces: ReadonlySet<number> = new Set([0x6c, 0x73]);

/**
 * Where a bit may rot: in a record that every other region can do without this one's copy of. An op rots only when all
 * regions are beyond it, so that nobody will ask for it here; a snapshot is this region's own work.
 */
export class RotSites {
  readonly #world: SimulatedWorld;

  constructor(world: SimulatedWorld) {
    this.#world = world;
  }

  rot(host: RegionHost, random: SeededRandom): boolean {
    const { hosts } = this.#world;
    const replicas = hosts.flatMap(({ running }) => (running === undefined ? [] : [running.replica]));
    if (host.running === undefined || replicas.length < hosts.length) return false;
    const vectors = replicas.map((replica) => replica.status().version);
    const isDispensable = (key: Uint8Array): boolean => {
      if (!rottingSpaces.has(key[0] ?? 0)) return false;
      if (key[0] !== 0x6c) return true;
      const text = Buffer.from(key).toString('latin1', 1, key.length - 8);
      const seq = Buffer.from(key).readUIntBE(key.length - 6, 6);
      return vectors.every((vector) => vector.entries().some(([origin, held]) => origin === text && held > seq));
    };
    const sites = [...host.running.kv.valuePlaces()].filter(({ key, length }) => length > 0 && isDispensable(key));
    if (sites.length === 0) return false;
    const { at, length } = random.pick(sites);
    host.disk.faultsInjected += 1;
    return host.disk.rot(at + random.below(length), random.below(8));
  }
}
