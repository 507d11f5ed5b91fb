// Tells an embedded client in how many regions its writes are, while there are some that not all regions have.
//
// Invariant: a session that waits for nothing has no timer.

import type { Clock, Timer } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import type { ReplicaDoor, Replicated } from '@anabranch/engine';
import { encodeSessionFrame } from '@anabranch/protocol';
import type { SyncLimits } from './sync-limits.ts';

export interface ReplicatedNewsParts {
  readonly clock: Clock;
  readonly limits: SyncLimits;
  readonly replica: ReplicaDoor;
  readonly send: (frame: Uint8Array) => void;
}

export class ReplicatedNews {
  readonly #parts: ReplicatedNewsParts;
  /** What all regions are to have. */
  #awaited = VersionVector.empty;
  #told: Replicated | undefined;
  #timer: Timer | undefined;
  #waitMs: number;
  #isClosed = false;

  constructor(parts: ReplicatedNewsParts) {
    this.#parts = parts;
    this.#waitMs = parts.limits.replicatedMsMin;
  }

  /** The client waits for this to be everywhere. */
  watch(covered: VersionVector): void {
    this.#awaited = this.#awaited.merge(covered);
    this.#waitMs = this.#parts.limits.replicatedMsMin;
    this.#timer?.cancel();
    this.#wait();
  }

  close(): void {
    this.#isClosed = true;
    this.#timer?.cancel();
  }

  #wait(): void {
    if (this.#isClosed) return;
    this.#timer = this.#parts.clock.setTimer(this.#waitMs, () => this.#look());
  }

  #look(): void {
    const { replica, limits, send } = this.#parts;
    const replicated = replica.writeConcerns.replicated();
    if (replicated === this.#told) {
      this.#waitMs = Math.min(2 * this.#waitMs, limits.replicatedMsMax);
    } else {
      this.#told = replicated;
      this.#waitMs = limits.replicatedMsMin;
      send(encodeSessionFrame({ type: 'replicated', majority: replicated.majority.entries(), all: replicated.all.entries() }));
    }
    if (!replicated.all.covers(this.#awaited)) this.#wait();
  }
}
