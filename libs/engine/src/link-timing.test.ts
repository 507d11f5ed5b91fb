import type { HeadsFrame } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { LinkTiming } from './link-timing.ts';

const heads = (members: Partial<HeadsFrame>): HeadsFrame => ({
  type: 'heads',
  sentAtMs: 0,
  wallMs: 0,
  echoMs: 0,
  echoHeldMs: 0,
  origins: [],
  ...members,
});

test('[LAG3] the round trip is what an echo took, less the time it was held', () => {
  const timing = new LinkTiming();
  expect(timing.echo(5)).toEqual({ echoMs: 0, echoHeldMs: 0 });
  timing.hear(heads({ sentAtMs: 900 }), 1_000);
  expect(timing.roundTripMs).toBeUndefined();
  expect(timing.echo(1_100)).toEqual({ echoMs: 900, echoHeldMs: 100 });
  timing.hear(heads({ sentAtMs: 70, echoMs: 1_000, echoHeldMs: 50, wallMs: 10_000 }), 1_230);
  expect(timing.roundTripMs).toBe(180);
  expect(timing.clockOffsetMs(1_230, 9_000)).toBe(1_090);
  expect([timing.whenMs(10_000), timing.whenMs(9_000)]).toEqual([1_140, 140]);
});

test('[PULL6] a path that was held up does not make the round trip longer, one that is longer does in time', () => {
  const timing = new LinkTiming();
  const hear = (atMs: number, roundTripMs: number): void => timing.hear(heads({ echoMs: atMs - roundTripMs }), atMs);
  hear(1_000, 170);
  // Held up for three seconds, then all at once.
  for (let i = 0; i < 20; i++) hear(5_000, 3_200 - 150 * i);
  expect(timing.roundTripMs).toBe(170);
  for (let atMs = 5_100; atMs <= 16_000; atMs += 100) hear(atMs, 300);
  expect(timing.roundTripMs).toBe(300);
});
