import type { DocumentView, Replica } from '@anabranch/engine';
import type { ReadSample } from '../history.ts';
import type { SeededRandom } from '../seeded-random.ts';
import type { RegionHost } from '../world/region-host.ts';

/** To read what a disk holds takes as long as a good many operations. While something is on its way to it there is more to see. */
const sampledShare = 0.01;
const sampledShareWhileSyncing = 0.5;

/** Looks at some reads, in the moment of the answer, whether the disk of their region holds what they show. */
export class ReadSampler {
  readonly samples: ReadSample[] = [];
  readonly #random: SeededRandom;
  readonly #nowMs: () => number;

  constructor(random: SeededRandom, nowMs: () => number) {
    this.#random = random;
    this.#nowMs = nowMs;
  }

  /** Called in the process that answers; one that has ended answers nobody. */
  look(host: RegionHost, replica: Replica, document: string, { version }: DocumentView): void {
    const share = host.disk.syncing > 0 ? sampledShareWhileSyncing : sampledShare;
    if (!this.#random.chance(share) || host.running?.replica !== replica) return;
    const sample = { timeMs: this.#nowMs(), region: host.region, document, version: version.toJSON() };
    void host.durableVector().then((durable) => void this.samples.push({ ...sample, durable }));
  }
}
