import type { OriginId, RegionId } from '@anabranch/causality';
import { expect, test } from 'vitest';
import { Freshness } from './freshness.ts';

const tokyo = 'tokyo.000000000001' as OriginId;
const report = (seq: number) => ({ origin: tokyo, seq, oldestSeq: 1, logBytes: 100 * seq });

test('[LAG1] what is missing is counted in ops and bytes against the most that anyone reported', () => {
  const freshness = new Freshness();
  expect(freshness.missing(tokyo, { seq: 0, logBytes: 0 })).toEqual({ ops: 0, bytes: 0 });
  freshness.report(report(7), 3, { completeMs: 1_000 });
  freshness.report(report(5), 3, { completeMs: 900 });
  expect(freshness.missing(tokyo, { seq: 3, logBytes: 300 })).toEqual({ ops: 4, bytes: 400 });
  expect(freshness.missing(tokyo, { seq: 9, logBytes: 900 })).toEqual({ ops: 0, bytes: 0 });
});

test('[RC1] what the region that reported the most has lost is lacking no more, unless another one has it', () => {
  const freshness = new Freshness();
  const [berlin, paris] = ['berlin', 'paris'] as [RegionId, RegionId];
  freshness.report(report(7), 3, { by: berlin });
  freshness.report(report(3), 3, { by: paris });
  expect(freshness.isLacking(tokyo, 3)).toBe(true);
  freshness.report(report(3), 3, { by: berlin });
  expect(freshness.isLacking(tokyo, 3)).toBe(false);
  freshness.report(report(5), 3, { by: paris });
  expect([freshness.isLacking(tokyo, 3), freshness.isLacking(tokyo, 5)]).toEqual([true, false]);
  // Of several that had it, those that are not heard any more may have it still.
  freshness.report(report(7), 5, { by: paris });
  freshness.report(report(7), 5, { by: berlin });
  freshness.report(report(3), 5, { by: berlin });
  expect(freshness.isLacking(tokyo, 5)).toBe(true);
  freshness.report(report(5), 5, { by: paris });
  expect(freshness.isLacking(tokyo, 5)).toBe(false);
  // What was there once counts for who must know all of it.
  expect(freshness.missing(tokyo, { seq: 3, logBytes: 300 }).ops).toBe(4);
});

test('[LAG2] completeness waits for the ops it was claimed with', () => {
  const freshness = new Freshness();
  freshness.report(report(3), 3, { completeMs: 1_000 });
  expect(freshness.completeMs(tokyo)).toBe(1_000);
  freshness.report(report(5), 3, { completeMs: 2_000 });
  expect(freshness.completeMs(tokyo)).toBe(1_000);
  freshness.reach(tokyo, 4);
  expect(freshness.completeMs(tokyo)).toBe(1_000);
  freshness.reach(tokyo, 5);
  expect(freshness.completeMs(tokyo)).toBe(2_000);
});

test('[LAG2] of which nobody has told a time is not known to be complete', () => {
  const freshness = new Freshness();
  freshness.report(report(3), 3);
  freshness.report(report(5), 3);
  freshness.reach(tokyo, 5);
  expect(freshness.completeMs(tokyo)).toBeUndefined();
});

test('[LAG2] who is always half a second behind shows about that, not the time since it was last complete', () => {
  const freshness = new Freshness();
  for (let nowMs = 1_000; nowMs <= 60_000; nowMs += 50) {
    const heldSeq = nowMs - 500;
    freshness.reach(tokyo, heldSeq);
    if (nowMs % 150 === 0) freshness.report(report(nowMs), heldSeq, { completeMs: nowMs });
    if (nowMs > 3_000) expect(nowMs - (freshness.completeMs(tokyo) ?? 0)).toBeLessThanOrEqual(1_200);
  }
});
