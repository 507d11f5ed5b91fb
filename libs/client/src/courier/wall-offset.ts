// How far the clocks of regions are ahead of the device's: what the device adds to its own clock before it stamps a write. A device
// whose clock is wrong must not win every register, and neither must one that has met a region whose clock is.
//
//   welcome of a session: to the millisecond --+
//                                              +--> offset
//   answers to probes, of all regions: +-1 s --+
//
// Invariant 1: of the device and the regions that were heard, no single clock decides, once two regions were: the region of the
//              session counts if it is within `agreeMs` of the median (of two middle ones the earlier), else the median does.
// Invariant 2: of a region that nobody bears out, at most `aheadMsMax` ahead of the device are believed: a stamp of the far future
//              stays in a document for good, one of the past loses to others.

import { HlcClock } from '@anabranch/causality';

export class WallOffset {
  /** A day. */
  static readonly aheadMsMax = 86_400_000;
  static readonly agreeMs: number = HlcClock.driftMsMax;

  readonly #heardMs = new Map<string, number>();
  #welcomed: { readonly region: string; readonly offsetMs: number } | undefined;

  /** Of the session, by its welcome. */
  welcomed(region: string, offsetMs: number): void {
    this.#welcomed = { region, offsetMs };
  }

  /** By the answer to a probe. */
  probed(region: string, offsetMs: number): void {
    this.#heardMs.set(region, offsetMs);
  }

  get ms(): number {
    const welcomed = this.#welcomed;
    if (welcomed === undefined) return 0;
    const regions = new Map(this.#heardMs).set(welcomed.region, welcomed.offsetMs);
    if (regions.size === 1) return welcomed.offsetMs <= WallOffset.aheadMsMax ? welcomed.offsetMs : 0;
    const sorted = [0, ...regions.values()].sort((a, b) => a - b);
    const median = sorted[(sorted.length - 1) >> 1] ?? 0;
    return Math.abs(welcomed.offsetMs - median) <= WallOffset.agreeMs ? welcomed.offsetMs : median;
  }
}
