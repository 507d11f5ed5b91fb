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
// Invariant 3: a clock that is set while a session lasts, the device's or the region's, shows in the next probe, which then counts: a
//              session lasts for days. What a probe bears out is told more exactly by the welcome.

import { HlcClock } from '@anabranch/causality';

export class WallOffset {
  /** A day. */
  static readonly aheadMsMax = 86_400_000;
  static readonly agreeMs: number = HlcClock.driftMsMax;

  readonly #heardMs = new Map<string, number>();
  /** The region of the newest session. */
  #region: string | undefined;

  /** Of the session, by its welcome. */
  welcomed(region: string, offsetMs: number): void {
    this.#region = region;
    this.#heardMs.set(region, offsetMs);
  }

  /** By the answer to a probe. */
  probed(region: string, offsetMs: number): void {
    const knownMs = region === this.#region ? this.#heardMs.get(region) : undefined;
    if (knownMs === undefined || Math.abs(offsetMs - knownMs) > WallOffset.agreeMs) this.#heardMs.set(region, offsetMs);
  }

  get ms(): number {
    const sessionMs = this.#region === undefined ? undefined : this.#heardMs.get(this.#region);
    if (sessionMs === undefined) return 0;
    if (this.#heardMs.size === 1) return sessionMs <= WallOffset.aheadMsMax ? sessionMs : 0;
    const sorted = [0, ...this.#heardMs.values()].sort((a, b) => a - b);
    const median = sorted[(sorted.length - 1) >> 1] ?? 0;
    return Math.abs(sessionMs - median) <= WallOffset.agreeMs ? sessionMs : median;
  }
}
