// Looks for damage that no read meets: every record of the store is looked at again and again, a little at a time, so that what has
// rotted is known, and comes back from the peers (log-repair.ts), while they still hold it.

import { type Clock, isAnabranchError, type Logger, type Timer } from '@anabranch/base';
import type { OpLog } from './op-log.ts';

export interface ScrubParts {
  readonly clock: Clock;
  readonly log: OpLog;
  readonly logger: Logger;
}

export class Scrub {
  /** How often some records are looked at: with {@link stepBytes}, 10 GB take three hours. */
  static readonly stepMs = 1_000;
  /** About so many bytes of them, which takes a few milliseconds. */
  static readonly stepBytes: number = 1 << 20;
  /** How long after the last record the first one is looked at again. */
  static readonly pauseMs = 3_600_000;

  readonly #parts: ScrubParts;
  #after: Uint8Array | undefined;
  #timer: Timer;
  #isStopped = false;

  constructor(parts: ScrubParts) {
    this.#parts = parts;
    this.#timer = parts.clock.setTimer(Scrub.stepMs, () => this.#step());
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer.cancel();
  }

  #step(): void {
    const { clock, log } = this.#parts;
    if (this.#isStopped || log.hasFailed) return;
    this.#after = this.#scrubbed();
    this.#timer = clock.setTimer(this.#after === undefined ? Scrub.pauseMs : Scrub.stepMs, () => this.#step());
  }

  /** Where to go on; a medium that cannot be read there is begun with anew, later. */
  #scrubbed(): Uint8Array | undefined {
    try {
      return this.#parts.log.scrub(this.#after, Scrub.stepBytes);
    } catch (error) {
      if (!isAnabranchError(error)) throw error;
      this.#parts.logger.error('store.not_scrubbed', { code: error.code, reason: error.message });
      return undefined;
    }
  }
}
