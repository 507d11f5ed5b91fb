// How far the regions are: asks each of them from time to time whether it takes writes, and measures the answer; and what time
// it is there.
//
//   round: each region is asked `asksPerRound` times, one after the other --> the shortest answer is how far it is
//
// Invariant 1: a client that may choose opens its first session when the first region has answered all: that is the nearest.
// Invariant 2: one round is under way at a time; rounds come `roundMs` apart, give or take a quarter.
// Invariant 3: how long a connection takes to open, or this program to get going, is not how far a region is: the first answer
//              of a round counts only when no later one is shorter.

import type { Timer } from '@anabranch/base';
import type { Platform } from '../ports.ts';
import type { RegionChoice } from './region-choice.ts';
import type { WallOffset } from './wall-offset.ts';

export class Probes {
  static readonly roundMs = 20_000;
  static readonly answerMsMax = 4_000;
  static readonly asksPerRound = 3;

  readonly #platform: Platform;
  readonly #choice: RegionChoice;
  readonly #offset: WallOffset;
  readonly #probed: () => void;
  #timer: Timer | undefined;
  #isAsking = false;
  #hasAnswer = false;
  #isStopped = false;

  constructor(platform: Platform, { choice, offset }: { readonly choice: RegionChoice; readonly offset: WallOffset }, probed: () => void) {
    this.#platform = platform;
    this.#choice = choice;
    this.#offset = offset;
    this.#probed = probed;
  }

  /** Whether there is no reason to wait any more before a session is opened. */
  get hasAnswer(): boolean {
    return this.#hasAnswer || !this.#choice.isFree;
  }

  /** False when every region is known not to answer. */
  get isAnyReachable(): boolean {
    return this.#choice.view().some(({ isReachable }) => isReachable !== false);
  }

  start(): void {
    this.ask();
  }

  /** Begins a round now, unless one is under way. */
  ask(): void {
    if (this.#isAsking || this.#isStopped) return;
    this.#isAsking = true;
    this.#timer?.cancel();
    void Promise.all(this.#choice.addresses.map(({ name, url }) => this.#askOne(name, url))).then(() => {
      this.#isAsking = false;
      if (this.#isStopped) return;
      this.#hasAnswer = true;
      const { clock, random } = this.#platform;
      const afterMs = Probes.roundMs * (0.75 + random.u32() / 2 ** 33);
      this.#timer = clock.setTimer(afterMs, () => this.ask());
      this.#probed();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
  }

  async #askOne(name: string, url: string): Promise<void> {
    let shortestMs: number | undefined;
    for (let asked = 0; asked < Probes.asksPerRound && !this.#isStopped; asked++) {
      const answerMs = await this.#measure(name, url);
      if (answerMs === undefined) {
        shortestMs = undefined;
        break;
      }
      shortestMs = Math.min(answerMs, shortestMs ?? answerMs);
    }
    if (this.#isStopped) return;
    this.#choice.probed(name, shortestMs);
    if (shortestMs !== undefined && !this.#hasAnswer) {
      this.#hasAnswer = true;
      this.#probed();
    }
  }

  /** How long the region took to answer; undefined when it takes no writes. */
  async #measure(name: string, url: string): Promise<number | undefined> {
    const { clock, sendHttp } = this.#platform;
    const startMs = clock.monotonicMs();
    const target = `${url.replace(/\/$/, '')}/readyz`;
    const isReady = await sendHttp({ method: 'GET', url: target, headers: {}, timeoutMs: Probes.answerMsMax }).then(
      (answer) => {
        if (answer.wallMs !== undefined) this.#offset.probed(name, answer.wallMs - clock.wallMs());
        return answer.status === 200;
      },
      () => false,
    );
    return isReady ? clock.monotonicMs() - startMs : undefined;
  }
}
