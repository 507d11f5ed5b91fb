// How long to wait before dialling a peer again: exponential with full jitter (Brooker, "Exponential Backoff And Jitter",
// AWS 2015), so that regions that lost each other at the same moment do not come back at the same moment.

import type { Random } from '@anabranch/base';
import type { LinkClose } from './close-codes.ts';

/** After these the next dial would most likely end the same way until somebody changes something. */
const uselessToHurry: ReadonlySet<LinkClose['code']> = new Set(['region_duplicate', 'mesh_key_mismatch', 'protocol_version_unsupported']);

export class DialBackoff {
  /** The shortest wait. */
  static readonly waitMsMin = 100;
  /** The longest wait for a peer that cannot be reached. */
  static readonly waitMsMax = 3_000;
  /** The longest wait for a peer that refuses us for a reason that will not go away by itself. */
  static readonly refusedWaitMsMax = 15_000;

  readonly #random: Random;
  #failures = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Milliseconds to wait after an attempt that ended with `code`. */
  nextWaitMs(code: LinkClose['code'], wasEstablished: boolean): number {
    const { waitMsMin, waitMsMax, refusedWaitMsMax } = DialBackoff;
    if (uselessToHurry.has(code)) return this.#between(refusedWaitMsMax / 2, refusedWaitMsMax);
    // The two regions have a link that the other one dialled: look again now and then, for the day it ends.
    if (code === 'link_duplicate') return this.#between(waitMsMax / 2, waitMsMax);
    this.#failures = wasEstablished ? 0 : this.#failures + 1;
    return this.#between(waitMsMin, Math.min(waitMsMax, waitMsMin * 2 ** Math.max(1, this.#failures)));
  }

  #between(minMs: number, maxMs: number): number {
    return minMs + (this.#random.u32() / 2 ** 32) * (maxMs - minMs);
  }
}
