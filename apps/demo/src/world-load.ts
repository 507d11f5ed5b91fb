// Writes carts in every region, so that there is something to look at. It goes on until somebody ends it or its time is up,
// whoever looks meanwhile.
//
// Invariant 1: at most `opsPerSecondMax` writes begin in a second, for `secondsMax` at most.
// Invariant 2: at most `underWayMax` writes of a region wait for an answer. Beyond: a write is left out, and counts as failed.

import { AnabranchError, type Clock, type Timer } from '@anabranch/base';
import type { RegionClient } from './region-client.ts';

const opsPerSecondMax = 60;
const secondsMax = 600;
const underWayMax = 100;
/** Carts, and articles in each, that are written in turn. */
const cartCount = 20;
const articleCount = 5;

export interface LoadPlan {
  /** Of all regions together. */
  readonly opsPerSecond: number;
  readonly seconds: number;
}

/** A region that is written to. */
export interface LoadedRegion {
  readonly name: string;
  readonly client: Pick<RegionClient, 'edit'>;
}

export interface LoadView {
  readonly isRunning: boolean;
  readonly opsPerSecond: number;
  /** Until it ends by itself; 0 when it does not run. */
  readonly leftMs: number;
  /** Since it was started the last time. */
  readonly written: number;
  /** Refused, without an answer, or left out. */
  readonly failed: number;
}

interface Run {
  readonly plan: LoadPlan;
  readonly startedAtMs: number;
  /** Writes that were begun or left out. */
  attempts: number;
  written: number;
  failed: number;
}

export class WorldLoad {
  readonly #regions: readonly LoadedRegion[];
  readonly #clock: Clock;
  readonly #underWay = new Map<string, number>();
  /** The last one, also when it has ended. */
  #run: Run | undefined;
  #timer: Timer | undefined;

  constructor(regions: readonly LoadedRegion[], clock: Clock) {
    this.#regions = regions;
    this.#clock = clock;
  }

  get view(): LoadView {
    const run = this.#run;
    const leftMs = run === undefined || this.#timer === undefined ? 0 : run.plan.seconds * 1_000 - this.#elapsedMs(run);
    return {
      isRunning: this.#timer !== undefined,
      opsPerSecond: run?.plan.opsPerSecond ?? 0,
      leftMs: Math.max(0, Math.round(leftMs)),
      written: run?.written ?? 0,
      failed: run?.failed ?? 0,
    };
  }

  /** Ends the one that runs, and counts anew. */
  start(plan: LoadPlan): void {
    this.stop();
    this.#run = { plan, startedAtMs: this.#clock.monotonicMs(), attempts: 0, written: 0, failed: 0 };
    this.#writeNext(this.#run);
  }

  /** What is under way is still answered. */
  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #writeNext(run: Run): void {
    const { opsPerSecond, seconds } = run.plan;
    if (this.#elapsedMs(run) >= seconds * 1_000) return this.stop();
    this.#timer = this.#clock.setTimer(1_000 / opsPerSecond, () => {
      this.#write(run);
      this.#writeNext(run);
    });
  }

  #write(run: Run): void {
    const at = run.attempts;
    run.attempts += 1;
    const region = this.#regions[at % this.#regions.length];
    if (region === undefined) return;
    const underWay = this.#underWay.get(region.name) ?? 0;
    if (underWay >= underWayMax) {
      run.failed += 1;
      return;
    }
    this.#underWay.set(region.name, underWay + 1);
    const ops = [{ op: 'increment', path: `/items/article-${at % articleCount}/qty`, by: 1 }];
    region.client
      .edit('carts', `load-${at % cartCount}`, ops)
      .then(
        () => {
          run.written += 1;
        },
        () => {
          run.failed += 1;
        },
      )
      .finally(() => this.#underWay.set(region.name, (this.#underWay.get(region.name) ?? 1) - 1));
  }

  #elapsedMs({ startedAtMs }: Run): number {
    return this.#clock.monotonicMs() - startedAtMs;
  }
}

/** The plan that a PUT asks for. @throws AnabranchError `value_invalid` naming the member that is unknown or out of range. */
export function parseLoadPlan(body: unknown): LoadPlan {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) throw invalid('body', 'is a JSON object');
  const { opsPerSecond, seconds, ...others } = body as Readonly<Record<string, unknown>>;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) throw invalid(unknown, 'is not one of opsPerSecond, seconds');
  return { opsPerSecond: within('opsPerSecond', opsPerSecond, opsPerSecondMax), seconds: within('seconds', seconds, secondsMax) };
}

function within(member: string, value: unknown, max: number): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= max) return value;
  throw invalid(member, `is an integer from 1 to ${max}`);
}

function invalid(member: string, rule: string): AnabranchError {
  return new AnabranchError('value_invalid', `${member} ${rule}`, { member });
}
