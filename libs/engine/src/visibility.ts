// Waiting for the region to have what a reader has already seen. A read or write that presents a version vector goes on
// once the durable vector covers it, or fails with what is missing when its time is up: a forged or foreign vector costs
// its holder a wait, and nobody else anything.

import { AnabranchError, type Clock } from '@anabranch/base';
import type { OriginId, RegionId, VersionVector } from '@anabranch/causality';
import { notReady } from './refusals.ts';

interface Waiter {
  readonly version: VersionVector;
  readonly resolve: () => void;
  readonly reject: (error: AnabranchError) => void;
}

export class Visibility {
  /** Waits at one time. Beyond: `overloaded`. */
  static readonly waitersMax = 10_000;
  /** Origins that a refusal names; of more, those after are left out. */
  static readonly missingMax = 32;

  readonly #clock: Clock;
  readonly #durable: () => VersionVector;
  readonly #heldBy: (origin: OriginId, seq: number) => readonly RegionId[];
  readonly #waiters = new Set<Waiter>();
  #closedReason: string | undefined;

  /** `heldBy` names the other regions that have told that they hold an op. */
  constructor(clock: Clock, durable: () => VersionVector, heldBy: (origin: OriginId, seq: number) => readonly RegionId[]) {
    this.#clock = clock;
    this.#durable = durable;
    this.#heldBy = heldBy;
  }

  /** @throws AnabranchError `not_yet_visible` after `waitMs`, `overloaded`, `not_ready`. */
  async whenCovers(version: VersionVector, waitMs: number): Promise<void> {
    if (this.#durable().covers(version)) return;
    if (this.#closedReason !== undefined) throw notReady(this.#closedReason);
    if (waitMs <= 0) throw this.#notYet(version);
    if (this.#waiters.size >= Visibility.waitersMax) throw new AnabranchError('overloaded', 'too many reads wait');
    await new Promise<void>((resolve, reject) => {
      const timer = this.#clock.setTimer(waitMs, () => {
        this.#waiters.delete(waiter);
        reject(this.#notYet(version));
      });
      const waiter: Waiter = {
        version,
        resolve: () => {
          timer.cancel();
          resolve();
        },
        reject: (error) => {
          timer.cancel();
          reject(error);
        },
      };
      this.#waiters.add(waiter);
    });
  }

  /** The durable vector has grown. */
  advance(): void {
    const durable = this.#durable();
    for (const waiter of this.#waiters) {
      if (!durable.covers(waiter.version)) continue;
      this.#waiters.delete(waiter);
      waiter.resolve();
    }
  }

  /** Nobody waits any more. */
  close(reason: string): void {
    this.#closedReason ??= reason;
    for (const waiter of this.#waiters) waiter.reject(notReady(this.#closedReason));
    this.#waiters.clear();
  }

  #notYet(version: VersionVector): AnabranchError {
    const durable = this.#durable();
    const missing = version
      .since(durable)
      .slice(0, Visibility.missingMax)
      .map(([origin, seq]) => ({ origin, needed: seq, held: durable.get(origin), heldBy: this.#heldBy(origin, seq) }));
    return new AnabranchError('not_yet_visible', 'the region has not yet received what the session has seen', { missing });
  }
}
