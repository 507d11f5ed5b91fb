// Virtual time: one heap of timers, ordered by time and then by a seeded tie-break. Nothing happens between events; after
// each one all microtasks run before the next: Node runs them, down to the last one that they queue, between two immediates
// of the same turn, so each event is an immediate, and a turn of the event loop has many.

import type { Clock, Random, Timer } from '@anabranch/base';
import { realSetImmediate } from './traps/global-traps.ts';

/** Events per turn of the event loop: what a turn costs besides is shared by so many. */
const stepsPerTurn = 64;

interface Entry {
  readonly atMs: number;
  readonly tieBreak: number;
  readonly callback: () => void;
  isCancelled: boolean;
}

export class VirtualClock implements Clock {
  readonly #random: Random;
  readonly #heap: Entry[] = [];
  #nowMs = 0;
  /** Events run so far. */
  events = 0;
  /** What the wall clock shows at virtual time 0. */
  wallStartMs = 1_700_000_000_000;

  constructor(random: Random) {
    this.#random = random;
  }

  wallMs(): number {
    return this.wallStartMs + this.#nowMs;
  }

  monotonicMs(): number {
    return this.#nowMs;
  }

  setTimer(afterMs: number, callback: () => void): Timer {
    const entry: Entry = {
      atMs: this.#nowMs + Math.max(0, afterMs),
      tieBreak: this.#random.u32(),
      callback,
      isCancelled: false,
    };
    this.#push(entry);
    return {
      cancel: () => {
        entry.isCancelled = true;
      },
    };
  }

  /** Runs all events of the next `ms` of virtual time, with their microtasks. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await this.#runUntil(() => {
      const next = this.#next();
      return next === undefined || next.atMs > untilMs;
    });
    this.#nowMs = untilMs;
  }

  /** Advances until `condition` holds. @throws Error when it does not within `ms` of virtual time. */
  async until(condition: () => boolean, ms: number, what: string): Promise<void> {
    const deadlineMs = this.#nowMs + ms;
    await this.advance(0);
    while (!condition()) {
      if (this.#nowMs >= deadlineMs) throw new Error(`not within ${ms} virtual ms: ${what}`);
      await this.advance(Math.min(5, deadlineMs - this.#nowMs));
    }
  }

  /** Runs events until `isDone` holds between two of them. */
  #runUntil(isDone: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      let hasEnded = false;
      const step = (): void => {
        if (hasEnded) return;
        try {
          hasEnded = isDone();
          if (hasEnded) resolve();
          else this.#runNext();
        } catch (error) {
          hasEnded = true;
          reject(error);
        }
      };
      const batch = (): void => {
        for (let at = 1; at < stepsPerTurn; at++) realSetImmediate(step);
        realSetImmediate(() => {
          step();
          if (!hasEnded) batch();
        });
      };
      batch();
    });
  }

  /** The next event that will happen. */
  #next(): Entry | undefined {
    let next = this.#heap[0];
    while (next?.isCancelled) {
      this.#pop();
      next = this.#heap[0];
    }
    return next;
  }

  #runNext(): void {
    const next = this.#next();
    if (next === undefined) return;
    this.#pop();
    this.#nowMs = Math.max(this.#nowMs, next.atMs);
    this.events += 1;
    next.callback();
  }

  #push(entry: Entry): void {
    const heap = this.#heap;
    let at = heap.push(entry) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent];
      if (above === undefined || isBefore(above, entry)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = entry;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      const left = heap[2 * at + 1];
      const right = heap[2 * at + 2];
      const isRightFirst = left !== undefined && right !== undefined && isBefore(right, left);
      const child = isRightFirst ? right : left;
      if (child === undefined || isBefore(last, child)) break;
      heap[at] = child;
      at = 2 * at + (isRightFirst ? 2 : 1);
    }
    heap[at] = last;
  }
}

function isBefore(a: Entry, b: Entry): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.tieBreak <= b.tieBreak);
}
