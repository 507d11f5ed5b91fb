// Messages that are flooded over the mesh: every region passes each one on, and takes it once.
//
// A process begins to count by its clock, which may have been set back since the one before: what was taken of a region is
// forgotten when it is heard of in another process (Holdings).

import { type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import { vectorOriginsMax } from '@anabranch/protocol';

export interface FloodedMessage {
  readonly origin: OriginId;
  /** Rises with each message of the origin's process, and from one process to the next unless the clock was set back. */
  readonly counter: number;
}

export class Flood {
  /** The counter of the newest message taken of each origin. */
  readonly #seen = new Map<OriginId, number>();
  readonly #own: () => OriginId;

  constructor(own: () => OriginId) {
    this.#own = own;
  }

  /** Whether the message is new here. Of more origins than a vector holds none is taken. */
  take({ origin, counter }: FloodedMessage): boolean {
    const seen = this.#seen.get(origin) ?? 0;
    if (origin === this.#own() || counter <= seen) return false;
    if (seen === 0 && this.#seen.size >= vectorOriginsMax) return false;
    this.#seen.set(origin, counter);
    return true;
  }

  /** The region runs in another process. */
  restarted(region: RegionId): void {
    for (const origin of this.#seen.keys()) if (regionOf(origin) === region) this.#seen.delete(origin);
  }
}
