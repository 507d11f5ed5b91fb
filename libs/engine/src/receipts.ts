// The clock side of ops that other regions wrote: their stamps move ours on, and how long they took to get here is measured.

import type { Clock, Logger, Metrics } from '@anabranch/base';
import { compareHlc, type Hlc, type HlcClock, hlcZero, type OriginId, type RegionId, regionOf } from '@anabranch/causality';
import type { Op } from '@anabranch/protocol';
import type { StoreOpening } from './replica-store.ts';

export interface ReceiptsParts {
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly logger: Logger;
  readonly hlc: HlcClock;
  /** A region's wall clock minus ours, where a link measures it. */
  readonly offsetMs: (region: RegionId) => number | undefined;
}

export class Receipts {
  readonly #parts: ReceiptsParts;

  constructor(parts: ReceiptsParts) {
    this.#parts = parts;
  }

  /** An op of another replica became visible here. */
  note(op: Op, origin: OriginId): void {
    const { clock, metrics, logger, hlc, offsetMs } = this.#parts;
    if (!hlc.observe(op.hlc)) {
      metrics.count('anabranch_hlc_drift_total');
      logger.debug('hlc.too_far_ahead', { origin, ms: op.hlc.ms });
    }
    const from = regionOf(origin);
    const writtenMs = op.hlc.ms - (offsetMs(from) ?? 0);
    metrics.observe('anabranch_commit_to_visible_seconds', Math.max(0, clock.wallMs() - writtenMs) / 1000, { from });
    metrics.count('anabranch_ops_received_total', { from });
  }
}

/** Stamps go on from the newest this region has issued, whatever the wall clock says. */
export function newestOwnStamp(opening: StoreOpening, region: RegionId): Hlc {
  const own = opening.heads.filter((head) => regionOf(head.origin) === region).map((head) => head.hlc);
  return own.reduce((newest, hlc) => (compareHlc(hlc, newest) > 0 ? hlc : newest), hlcZero);
}
