import { silentLogger } from '@anabranch/base';
import { KvReplicaStore } from '@anabranch/storage';
import { SectorKv } from '../disk/sector-kv.ts';
import { type DiskImage, SimulatedDisk } from '../disk/simulated-disk.ts';
import type { Vector } from '../history.ts';
import { SeededRandom } from '../seeded-random.ts';

/** What a replica that starts on this disk would hold; read at once, on a disk that takes no time. */
export async function vectorOf(image: DiskImage): Promise<Vector> {
  if (image.size === 0) return {};
  const disk = new SimulatedDisk(undefined, new SeededRandom(0), image);
  const kv = await SectorKv.open({ disk, enter: (callback) => callback(), compactBytesMin: Number.MAX_SAFE_INTEGER, note: () => {} });
  const store = await KvReplicaStore.open(kv, silentLogger);
  return Object.fromEntries(store.opening().heads.map(({ origin, seq }) => [origin, seq]));
}
