// The changes of bounded counters that this region refused, for those who ask why an order was turned down. Kept in memory: a
// refusal changes nothing that would have to survive.
//
// Invariant: of more than entriesMax the oldest is dropped, and counted.

import type { RightsKind } from '@anabranch/crdt';
import type { DocumentId } from '@anabranch/protocol';

export interface RefusedBound {
  /** Wall time in ms. */
  readonly timeMs: number;
  readonly document: DocumentId;
  /** A JSON pointer. */
  readonly path: string;
  readonly kind: RightsKind;
  readonly needed: number;
  /** What this region held, or could take over. */
  readonly held: number;
  /** What all regions held together, as far as was known here. */
  readonly total: number;
}

export class RefusedBounds {
  static readonly entriesMax = 1_000;

  readonly #entries: RefusedBound[] = [];
  /** Refusals since the process began that are no longer kept. */
  droppedCount = 0;

  note(refused: RefusedBound): void {
    this.#entries.push(refused);
    if (this.#entries.length <= RefusedBounds.entriesMax) return;
    this.#entries.shift();
    this.droppedCount += 1;
  }

  /** Newest first. */
  of(document: DocumentId): readonly RefusedBound[] {
    return this.#entries.filter((entry) => entry.document === document).reverse();
  }
}
