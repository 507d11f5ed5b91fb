// Hybrid logical clocks (Kulkarni et al., "Logical Physical Clocks", 2014): wall time when clocks behave, a counter when
// they do not. Stamps order concurrent register writes and history; nothing that must be safe depends on them.
//
// Invariant 1: stamps issued by one clock rise strictly, also over restarts (restore the last logged stamp).
// Invariant 2: a stamp issued after observing another is greater, unless that one is further ahead of our wall clock
//              than `driftMsMax`: then it is not followed, so one region with a wrong clock cannot drag the mesh along.

import { assert, type Clock } from '@anabranch/base';

export interface Hlc {
  /** Milliseconds since 1970. */
  readonly ms: number;
  /** Orders stamps of one millisecond, 0 to 65,535. */
  readonly counter: number;
}

export const hlcCounterMax = 0xffff;
export const hlcMsMax: number = 2 ** 48 - 1;
export const hlcZero: Hlc = { ms: 0, counter: 0 };

export function compareHlc(a: Hlc, b: Hlc): number {
  return a.ms - b.ms || a.counter - b.counter;
}

/** 16 hex digits that sort as the stamps do. */
export function formatHlc(hlc: Hlc): string {
  return hlc.ms.toString(16).padStart(12, '0') + hlc.counter.toString(16).padStart(4, '0');
}

/** Reads what {@link formatHlc} wrote; undefined for anything else. */
export function parseHlc(text: string): Hlc | undefined {
  if (!/^[0-9a-f]{16}$/.test(text)) return undefined;
  return { ms: Number.parseInt(text.slice(0, 12), 16), counter: Number.parseInt(text.slice(12), 16) };
}

export class HlcClock {
  /** How far ahead of the wall clock a remote stamp may be and still be followed: one minute. */
  static readonly driftMsMax = 60_000;

  readonly #clock: Clock;
  #last: Hlc;

  constructor(clock: Clock, last: Hlc = hlcZero) {
    this.#clock = clock;
    this.#last = last;
  }

  get last(): Hlc {
    return this.#last;
  }

  /** The next stamp: greater than all issued or followed before. */
  next(): Hlc {
    const wallMs = Math.min(Math.max(0, Math.floor(this.#clock.wallMs())), hlcMsMax);
    this.#last = wallMs > this.#last.ms ? { ms: wallMs, counter: 0 } : successor(this.#last);
    return this.#last;
  }

  /** Follows a stamp seen in another replica's op. False when it is too far ahead and was not followed. */
  observe(remote: Hlc): boolean {
    if (compareHlc(remote, this.#last) <= 0) return true;
    if (remote.ms > this.#clock.wallMs() + HlcClock.driftMsMax) return false;
    this.#last = remote;
    return true;
  }
}

function successor(hlc: Hlc): Hlc {
  if (hlc.counter < hlcCounterMax) return { ms: hlc.ms, counter: hlc.counter + 1 };
  assert(hlc.ms < hlcMsMax, 'the hybrid logical clock has no stamps left');
  return { ms: hlc.ms + 1, counter: 0 };
}
