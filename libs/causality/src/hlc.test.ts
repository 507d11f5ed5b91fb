import type { Clock } from '@anabranch/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareHlc, formatHlc, type Hlc, HlcClock, hlcCounterMax, hlcMsMax, hlcZero, parseHlc } from './index.ts';

/** A wall clock that says what it is told to. */
class WallClock implements Clock {
  ms = 0;
  wallMs(): number {
    return this.ms;
  }
  monotonicMs(): number {
    return 0;
  }
  setTimer(): { cancel(): void } {
    throw new Error('an HLC sets no timers');
  }
}

const hlc: fc.Arbitrary<Hlc> = fc.record({
  ms: fc.oneof(fc.nat(3), fc.integer({ min: 0, max: hlcMsMax })),
  counter: fc.oneof(fc.constantFrom(0, 1, hlcCounterMax), fc.integer({ min: 0, max: hlcCounterMax })),
});

/** Readings of a wall clock that stands still, jumps back and forth, and is sometimes no number at all. */
const wallMs = fc.oneof(
  fc.constantFrom(-1, 0, 1_000, 1_000.5, Number.NaN, Number.POSITIVE_INFINITY, hlcMsMax - 10),
  fc.integer({ min: 900, max: 1_100 }),
);

function isLess(a: Hlc, b: Hlc): boolean {
  return compareHlc(a, b) < 0;
}

describe('[ORDER2] stamps of one replica rise strictly', () => {
  test('whatever the wall clock says, whatever is observed, over restarts', () => {
    const wall = fc.record({ step: fc.constant('wall'), ms: wallMs });
    const observe = fc.record({
      step: fc.constant('observe'),
      ahead: fc.integer({ min: -200, max: 200_000 }),
      counter: fc.nat(hlcCounterMax),
    });
    const others = fc.constantFrom({ step: 'next' }, { step: 'restart' });
    type Step = { step: string; ms?: number; ahead?: number; counter?: number };
    fc.assert(
      fc.property(fc.array(fc.oneof<fc.Arbitrary<Step>[]>(wall, observe, others), { maxLength: 60 }), (steps) => {
        const clock = new WallClock();
        let stamps = new HlcClock(clock);
        let logged = hlcZero;
        for (const { step, ms = 0, ahead = 0, counter = 0 } of steps) {
          if (step === 'wall') clock.ms = ms;
          // What a restart knows is the newest stamp in the log; what was only observed may be forgotten.
          if (step === 'restart') stamps = new HlcClock(clock, logged);
          if (step === 'observe') stamps.observe({ ms: Math.max(0, Math.min(1_000 + ahead, hlcMsMax)), counter });
          const stamp = stamps.next();
          expect(isLess(logged, stamp)).toBe(true);
          expect(parseHlc(formatHlc(stamp))).toEqual(stamp);
          logged = stamp;
        }
      }),
      { numRuns: 500 },
    );
  });

  test('a clock that stands still counts, and borrows a millisecond when the counter is full', () => {
    const clock = new WallClock();
    clock.ms = 5;
    const stamps = new HlcClock(clock, { ms: 5, counter: hlcCounterMax - 1 });
    expect(stamps.next()).toEqual({ ms: 5, counter: hlcCounterMax });
    expect(stamps.next()).toEqual({ ms: 6, counter: 0 });
    expect(stamps.last).toEqual({ ms: 6, counter: 0 });
  });

  test('a clock that went back counts on from the newest stamp, and follows the wall again when it has caught up', () => {
    const clock = new WallClock();
    clock.ms = 100;
    const stamps = new HlcClock(clock);
    expect(stamps.next()).toEqual({ ms: 100, counter: 0 });
    clock.ms = 7;
    expect(stamps.next()).toEqual({ ms: 100, counter: 1 });
    clock.ms = 101.9;
    expect(stamps.next()).toEqual({ ms: 101, counter: 0 });
  });

  test('the last stamp of all is an assertion, not a repetition', () => {
    const stamps = new HlcClock(new WallClock(), { ms: hlcMsMax, counter: hlcCounterMax - 1 });
    expect(stamps.next()).toEqual({ ms: hlcMsMax, counter: hlcCounterMax });
    expect(() => stamps.next()).toThrow('no stamps left');
  });
});

describe('[ORDER3] a stamp issued after observing another is greater', () => {
  test('unless that one is more than a minute ahead of the wall clock: then it is not followed', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2 ** 41 }),
        fc.integer({ min: -90_000, max: 90_000 }),
        fc.nat(hlcCounterMax),
        (now, ahead, counter) => {
          const clock = new WallClock();
          clock.ms = now;
          const stamps = new HlcClock(clock, { ms: Math.max(0, now - 10), counter: 0 });
          const remote = { ms: Math.max(0, now + ahead), counter };
          const isFollowed = stamps.observe(remote);
          expect(isFollowed).toBe(ahead <= HlcClock.driftMsMax);
          const next = stamps.next();
          expect(isLess(remote, next)).toBe(isFollowed);
          expect(next.ms).toBeLessThanOrEqual(now + HlcClock.driftMsMax + 1);
        },
      ),
    );
  });

  test('the bound itself is followed, one millisecond more is not', () => {
    const clock = new WallClock();
    clock.ms = 1_000;
    const stamps = new HlcClock(clock);
    expect(stamps.observe({ ms: 61_001, counter: 0 })).toBe(false);
    expect(stamps.last).toEqual(hlcZero);
    expect(stamps.observe({ ms: 61_000, counter: 9 })).toBe(true);
    expect(stamps.next()).toEqual({ ms: 61_000, counter: 10 });
  });

  test('what is older than our own stamps changes nothing', () => {
    const clock = new WallClock();
    clock.ms = 50;
    const stamps = new HlcClock(clock);
    const last = stamps.next();
    expect(stamps.observe({ ms: 49, counter: hlcCounterMax })).toBe(true);
    expect(stamps.observe(last)).toBe(true);
    expect(stamps.last).toEqual(last);
  });
});

describe('the text of a stamp', () => {
  test('is read back, and sorts as the stamps do', () => {
    fc.assert(
      fc.property(hlc, hlc, (a, b) => {
        expect(parseHlc(formatHlc(a))).toEqual(a);
        const [textA, textB] = [formatHlc(a), formatHlc(b)];
        expect(Math.sign(compareHlc(a, b))).toBe(textA < textB ? -1 : textA > textB ? 1 : 0);
      }),
    );
  });

  test.each([
    '',
    '0',
    '000000000000000',
    '00000000000000000',
    '000000000000000G',
    '00000000000000AB',
    '0000000000000000\n',
    '0x00000000000000',
  ])('refuses %j', (text) => {
    expect(parseHlc(text)).toBeUndefined();
  });
});
