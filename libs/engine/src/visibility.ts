// Waiting for the region to have what a reader has already seen. A read or write that presents a version vector goes on
// once the durable vector covers it, or fails with what is missing when its time is up: a forged or foreign vector costs
// its holder a wait, and nobody else anything.

import { AnabranchError, type Clock } from '@anabranch/base';
import type { VersionVector } from '@anabranch/causality';

interface Waiter {
  readonly version: VersionVector;
  readonly resolve: () => void;
}

export class Visibility {
  /** Waits at one time. Beyond: `overloaded`. */
  static readonly waitersMax = 10_000;

  readonly #clock: Clock;
  readonly #durable: () => VersionVector;
  readonly #waiters = new Set<Waiter>();

  constructor(clock: Clock, durable: () => VersionVector) {
    this.#clock = clock;
    this.#durable = durable;
  }

  /** @throws AnabranchError `not_yet_visible` after `waitMs`, `overloaded`. */
  async whenCovers(version: VersionVector, waitMs: number): Promise<void> {
    if (this.#durable().covers(version)) return;
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

  #notYet(version: VersionVector): AnabranchError {
    const durable = this.#durable();
    const missing = version
      .entries()
      .filter(([origin, seq]) => seq > durable.get(origin))
      .map(([origin, seq]) => ({ origin, needed: seq, held: durable.get(origin) }));
    return new AnabranchError('not_yet_visible', 'the region has not yet received what the session has seen', { missing });
  }
}
