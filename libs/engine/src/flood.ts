// Messages that are flooded over the mesh: every region passes each one on, and takes it once.

import type { OriginId } from '@anabranch/causality';
import { vectorOriginsMax } from '@anabranch/protocol';

export interface FloodedMessage {
  readonly origin: OriginId;
  /** Rises with each message of the origin's process, and from one process to the next. */
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
}
