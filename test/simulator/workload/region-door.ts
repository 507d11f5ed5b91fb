// How a client reaches a region: a request travels, is answered in the process that took it, and the answer travels back.
// What happens in between decides what the client knows.
//
//   no process there      --> refused: it did not happen
//   the process ends      --> lost: nobody knows
//   no answer in time     --> timeout: nobody knows

import { isAnabranchError } from '@anabranch/base';
import type { Replica } from '@anabranch/engine';
import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';
import type { RegionHost } from '../world/region-host.ts';

export type DoorAnswer<T> =
  /** `givenMs`: when the region gave it; the answer then had a way to go. */
  | { readonly type: 'ok'; readonly value: T; readonly givenMs: number }
  | {
      readonly type: 'fail' | 'info';
      readonly code: string;
      /** Rights of earlier epochs are frozen. */
      readonly isFrozen?: boolean;
      /** What was done before, when that is what it says. */
      readonly opId?: string;
    };

export interface DoorCall<T> {
  readonly host: RegionHost;
  readonly act: (replica: Replica) => Promise<T>;
  readonly timeoutMs: number;
}

/** What a region that runs may need for an answer: a client's token is waited for 2 s, a slow disk takes seconds for each sync. */
const answerMsMax = 20_000;

/** Errors after which a request may be found done, or is. */
const indeterminate: ReadonlySet<string> = new Set(['store_failed', 'store_full', 'internal_error', 'view_unavailable']);

export class RegionDoor {
  readonly #clock: VirtualClock;
  readonly #random: SeededRandom;
  readonly #onDefect: (message: string) => void;

  constructor(clock: VirtualClock, random: SeededRandom, onDefect: (message: string) => void) {
    this.#clock = clock;
    this.#random = random;
    this.#onDefect = onDefect;
  }

  call<T>({ host, act, timeoutMs }: DoorCall<T>): Promise<DoorAnswer<T>> {
    return new Promise((resolve) => {
      let isOver = false;
      const finish = (answer: DoorAnswer<T>): void => {
        if (isOver) return;
        isOver = true;
        timeout.cancel();
        resolve(answer);
      };
      const answer = (given: DoorAnswer<T>): void => void this.#clock.setTimer(this.#travelMs(), () => finish(given));
      const timeout = this.#clock.setTimer(timeoutMs, () => finish({ type: 'info', code: 'timeout' }));
      this.#clock.setTimer(this.#travelMs(), () => {
        const { running } = host;
        if (running === undefined) return answer({ type: 'fail', code: 'unreachable' });
        const { process } = running;
        let isWaiting = true;
        const forget = host.onEnded(() => settle({ type: 'info', code: 'crashed' }));
        const settle = (given: DoorAnswer<T>): void => {
          isWaiting = false;
          forget();
          answer(given);
        };
        process.enter(() => {
          const pauses = process.pauses;
          this.#clock.setTimer(answerMsMax, () => {
            const hasRun = process.isAlive && process.pauses === pauses && !process.isPaused;
            if (isWaiting && hasRun) this.#onDefect(`${host.region} did not answer a request for ${answerMsMax} ms`);
          });
          act(running.replica).then(
            (value) => settle({ type: 'ok', value, givenMs: this.#clock.monotonicMs() }),
            (error: unknown) => settle(this.#refused(error)),
          );
        });
      });
    });
  }

  #refused<T>(error: unknown): DoorAnswer<T> {
    const code = isAnabranchError(error) ? error.code : 'internal_error';
    if (code === 'internal_error') this.#onDefect(`a door answered with a defect: ${error instanceof Error ? error.stack : String(error)}`);
    const isFrozen = isAnabranchError(error) && error.details['unconfirmedBy'] !== undefined;
    const opId = isAnabranchError(error) && typeof error.details['opId'] === 'string' ? error.details['opId'] : undefined;
    return { type: indeterminate.has(code) ? 'info' : 'fail', code, ...(isFrozen && { isFrozen }), ...(opId && { opId }) };
  }

  #travelMs(): number {
    return 0.5 + (this.#random.u32() / 2 ** 32) * 3;
  }
}
