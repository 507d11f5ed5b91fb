// How far the regions are: asks each of them from time to time whether it takes writes, and measures the answer; and what time
// it is there.
//
//   round: each region is asked `asksPerRound` times, one after the other --> the shortest answer is how far it is
//
//   first round: one has answered all --> wait for those that may be nearer, `waitMsMax` at most --> begin with the nearest
//
// Invariant 1: a client that may choose opens its first session once the nearest is known, or has been waited for as long as the
//              first region took to answer all: the one that is done first may only have been quicker to connect with.
// Invariant 2: one round is under way at a time; rounds come `roundMs` apart, give or take a quarter.
// Invariant 3: how long a connection takes to open, or this program to get going, is not how far a region is: the first answer
//              of a round counts only when no later one is shorter.
// Invariant 4: a region is in reach when it answered once in a round, and never that it takes no writes.

import type { Timer } from '@anabranch/base';
import type { Platform } from '../ports.ts';
import type { RegionChoice } from './region-choice.ts';
import type { WallOffset } from './wall-offset.ts';

/** What one region has answered in a round. */
interface Asked {
  readonly name: string;
  answerCount: number;
  shortestMs: number | undefined;
  isDone: boolean;
}

export class Probes {
  static readonly roundMs = 20_000;
  static readonly answerMsMax = 4_000;
  static readonly asksPerRound = 3;
  /** A region that left so many asks of a round without an answer is asked no more in it. */
  static readonly silencesMax = 2;
  /** How long those are waited for that may be nearer than the first region that has answered all. */
  static readonly waitMsMax = 300;

  readonly #platform: Platform;
  readonly #choice: RegionChoice;
  readonly #offset: WallOffset;
  readonly #probed: () => void;
  #timer: Timer | undefined;
  #round: readonly Asked[] = [];
  #roundStartMs = 0;
  /** Until when those are waited for that may be nearer. */
  #wait: Timer | undefined;
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
    const { clock, random } = this.#platform;
    const { addresses } = this.#choice;
    this.#roundStartMs = clock.monotonicMs();
    this.#round = addresses.map(({ name }) => ({ name, answerCount: 0, shortestMs: undefined, isDone: false }));
    void Promise.all(this.#round.map((asked, at) => this.#askOne(asked, addresses[at]?.url ?? ''))).then(() => {
      this.#isAsking = false;
      if (this.#isStopped) return;
      this.#hasAnswer = true;
      const afterMs = Probes.roundMs * (0.75 + random.u32() / 2 ** 33);
      this.#timer = clock.setTimer(afterMs, () => this.ask());
      this.#probed();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#timer?.cancel();
    this.#wait?.cancel();
  }

  async #askOne(asked: Asked, url: string): Promise<void> {
    let silences = 0;
    for (let asks = 0; asks < Probes.asksPerRound && silences < Probes.silencesMax && !this.#isStopped; asks++) {
      const answer = await this.#measure(asked.name, url);
      if (answer === 'unready') {
        asked.shortestMs = undefined;
        break;
      }
      if (answer === 'silence') {
        silences += 1;
      } else {
        asked.answerCount += 1;
        asked.shortestMs = Math.min(answer, asked.shortestMs ?? answer);
      }
      this.#look();
    }
    if (this.#isStopped) return;
    asked.isDone = true;
    this.#choice.probed(asked.name, asked.shortestMs);
    this.#look();
  }

  /** Whether it is known where to begin. */
  #look(): void {
    if (this.#hasAnswer || this.#isStopped) return;
    const { clock } = this.#platform;
    const found = this.#round.flatMap(({ isDone, shortestMs }) => (isDone && shortestMs !== undefined ? [shortestMs] : []));
    if (found.length === 0) return;
    const tookMs = clock.monotonicMs() - this.#roundStartMs;
    this.#wait ??= clock.setTimer(Math.min(tookMs, Probes.waitMsMax), () => this.#begin());
    if (!this.#round.some((asked) => mayBeNearer(asked, Math.min(...found)))) this.#begin();
  }

  /** Chooses by what is known now. */
  #begin(): void {
    if (this.#hasAnswer) return;
    this.#hasAnswer = true;
    this.#wait?.cancel();
    for (const { name, shortestMs, isDone } of this.#round) if (!isDone && shortestMs !== undefined) this.#choice.probed(name, shortestMs);
    this.#probed();
  }

  /** How long the region took to answer that it takes writes. */
  async #measure(name: string, url: string): Promise<number | 'unready' | 'silence'> {
    const { clock, sendHttp } = this.#platform;
    const startMs = clock.monotonicMs();
    const target = `${url.replace(/\/$/, '')}/readyz`;
    const answer = await sendHttp({ method: 'GET', url: target, headers: {}, timeoutMs: Probes.answerMsMax }).catch(() => undefined);
    if (answer === undefined) return 'silence';
    if (answer.wallMs !== undefined) this.#offset.probed(name, answer.wallMs - clock.wallMs());
    return answer.status === 200 ? clock.monotonicMs() - startMs : 'unready';
  }
}

/** Before the second answer nothing is known but how long it took to connect. */
function mayBeNearer({ isDone, answerCount, shortestMs }: Asked, thanMs: number): boolean {
  return !isDone && (answerCount < 2 || shortestMs === undefined || shortestMs < thanMs);
}
