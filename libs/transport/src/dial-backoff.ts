// How long to wait before dialling a peer again: exponential with full jitter (Brooker, "Exponential Backoff And Jitter",
// AWS 2015), so that regions that lost each other at the same moment do not come back at the same moment.
//
// A region that is restarted while its old link is still heard is refused as its own duplicate, and admitted a moment later; one
// with a twin that runs is refused for as long as both do. The first refusal does not tell which, so the wait after it is short,
// and grows with each further one.

import type { Random } from '@anabranch/base';
import type { LinkClose } from './close-codes.ts';

/** After these the next dial would most likely end the same way until somebody changes something. */
const uselessToHurry: ReadonlySet<LinkClose['code']> = new Set(['mesh_key_mismatch', 'protocol_version_unsupported']);

/** Ends of links that worked, and would again. Others are faults of one of the two, and what it sends first may be what the other refuses. */
const orderly: ReadonlySet<LinkClose['code']> = new Set(['normal', 'lost', 'not_ready', 'link_silent']);

export class DialBackoff {
  /** The shortest wait. */
  static readonly waitMsMin = 100;
  /** The longest wait for a peer that cannot be reached. */
  static readonly waitMsMax = 3_000;
  /** The longest wait for a peer that refuses us for a reason that will not go away by itself. */
  static readonly refusedWaitMsMax = 15_000;
  /** The shortest wait after the first refusal as a duplicate: longer than a link is taken for alive after its last frame. */
  static readonly duplicateWaitMsMin = 500;

  readonly #random: Random;
  #failures = 0;
  /** Refusals as a duplicate since a link worked. */
  #duplicates = 0;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Milliseconds to wait after an attempt that ended with `code`. */
  nextWaitMs(code: LinkClose['code'], wasEstablished: boolean): number {
    const { waitMsMin, waitMsMax, refusedWaitMsMax } = DialBackoff;
    if (uselessToHurry.has(code)) return this.#between(refusedWaitMsMax / 2, refusedWaitMsMax);
    if (code === 'region_duplicate') return this.#duplicateWaitMs();
    // A refused duplicate has seen the handshake succeed too, but not end in this way.
    if (wasEstablished) this.#duplicates = 0;
    // The two regions have a link that the other one dialled: look again now and then, for the day it ends.
    if (code === 'link_duplicate') return this.#between(waitMsMax / 2, waitMsMax);
    this.#failures = wasEstablished && orderly.has(code) ? 0 : this.#failures + 1;
    return this.#between(waitMsMin, Math.min(waitMsMax, waitMsMin * 2 ** Math.max(1, this.#failures)));
  }

  #duplicateWaitMs(): number {
    const { duplicateWaitMsMin, refusedWaitMsMax } = DialBackoff;
    const waitMs = Math.min(refusedWaitMsMax / 2, duplicateWaitMsMin * 2 ** this.#duplicates);
    this.#duplicates += 1;
    return this.#between(waitMs, waitMs * 2);
  }

  #between(minMs: number, maxMs: number): number {
    return minMs + (this.#random.u32() / 2 ** 32) * (maxMs - minMs);
  }
}
