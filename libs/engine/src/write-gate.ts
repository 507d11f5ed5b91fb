// Whether a local write may be taken now: between the doors of the replica and its log.
//
//   stopping, failed, foreign log --> refused
//   epoch not confirmed           --> waits for the epoch guard
//   keyed, own tail lost          --> waits for the tail: the key may be in it
//   otherwise                     --> taken
//
// Invariant 1: nothing is taken that could not be logged: a vector holds so many origins and no more.
// Invariant 2: whoever waits is answered, also when the replica stops or may never write again.

import { AnabranchError, type Clock, isAnabranchError } from '@anabranch/base';
import type { OriginId, VersionVector } from '@anabranch/causality';
import { vectorOriginsMax } from '@anabranch/protocol';
import type { EpochGuard } from './epoch-guard.ts';
import type { OpLog } from './op-log.ts';
import { notReady } from './refusals.ts';
import type { Visibility } from './visibility.ts';

export interface WriteGateParts {
  readonly clock: Clock;
  readonly log: OpLog;
  readonly guard: EpochGuard;
  readonly visibility: Visibility;
  readonly origin: () => OriginId;
  /** What peers hold of our own region's logs and we have lost. */
  readonly lostTail: () => VersionVector;
}

export class WriteGate {
  /** How long a keyed write waits for the lost tail of its region before it is refused as `not_ready`. */
  static readonly tailMsMax = 5_000;

  readonly #parts: WriteGateParts;
  readonly #whenClosed: Promise<void>;
  #resolveClosed: () => void = () => {};
  #closedReason: string | undefined;

  constructor(parts: WriteGateParts) {
    this.#parts = parts;
    this.#whenClosed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
  }

  /** From now on everything is refused, who waits too. */
  close(reason: string): void {
    this.#closedReason ??= reason;
    this.#resolveClosed();
  }

  /** @throws AnabranchError `overloaded`, `store_failed`, `not_ready` when it will not change. */
  isOpen(): boolean {
    const { log, guard, origin } = this.#parts;
    log.assertAccepting();
    if (this.#closedReason !== undefined) throw notReady(this.#closedReason);
    if (guard.state !== 'writable') return false;
    // Our own origin would be one more than a vector holds.
    if (log.originCount < vectorOriginsMax || log.head(origin()).seq > 0) return true;
    throw new AnabranchError('not_ready', `this region can write under no new epoch: the mesh has had ${vectorOriginsMax}`);
  }

  async whenOpen(): Promise<void> {
    const { log, guard } = this.#parts;
    if (!this.isOpen()) await Promise.race([guard.whenWritable(), log.whenFailed, this.#whenClosed]);
    if (!this.isOpen()) throw notReady('the region takes a new epoch');
  }

  /** Undefined when a keyed write may be taken now. */
  whenOpenToKeys(): Promise<void> | undefined {
    if (this.isOpen() && this.#parts.lostTail().size === 0) return undefined;
    return this.#awaitTail();
  }

  async #awaitTail(): Promise<void> {
    await this.whenOpen();
    const { clock, lostTail, visibility } = this.#parts;
    const deadlineMs = clock.monotonicMs() + WriteGate.tailMsMax;
    // While what one peer told of comes back, another one may tell of more.
    for (let lost = lostTail(); lost.size > 0; lost = lostTail()) {
      await visibility.whenCovers(lost, deadlineMs - clock.monotonicMs()).catch((error: unknown) => {
        if (!isAnabranchError(error, 'not_yet_visible')) throw error;
        // Who told of it may have lost it meanwhile.
        if (lostTail().size === 0) return;
        throw notReady('the newest writes of this region, lost here, have not come back from its peers yet');
      });
      await this.whenOpen();
    }
  }
}
