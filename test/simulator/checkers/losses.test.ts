import { expect, test } from 'vitest';
import type { RegionEvent } from '../history.ts';
import { Losses } from './losses.ts';

const origin = 'berlin.000000000001';
const setback: RegionEvent = { timeMs: 100, region: 'berlin', kind: 'rollback', held: { [origin]: 9 }, left: { [origin]: 3 } };
const seen = { [origin]: 8, 'tokyo.000000000001': 2 };

test('[SIM20] a name above what its disk was left with is doubtful before that, and not afterwards', () => {
  const losses = new Losses([setback]);
  expect(losses.lastingPart(seen, 50)).toEqual({ ...seen, [origin]: 3 });
  expect(losses.lastingPart(seen, 101)).toBe(seen);
  expect(losses.lastingPart({ [origin]: 3 }, 50)).toEqual({ [origin]: 3 });
});

test('[SIM20] an op that was there before and is at the end proves the names below it, and no others', () => {
  const losses = new Losses([setback]);
  losses.prove({ origin, seq: 6 }, 50);
  expect(losses.lastingPart(seen, 40)).toEqual({ ...seen, [origin]: 6 });
  losses.prove({ origin, seq: 8 }, 150);
  expect(losses.lastingPart(seen, 40)).toEqual({ ...seen, [origin]: 6 });
  losses.prove({ origin, seq: 8 }, 60);
  expect(losses.lastingPart(seen, 40)).toBe(seen);
});
