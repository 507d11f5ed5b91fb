import { expect, test } from 'vitest';
import { WallOffset } from './wall-offset.ts';

const hourMs = 3_600_000;
const yearMs = 8_766 * hourMs;

/** The offset when a session with the first region was welcomed and the others answered probes. */
function offsetOf(welcomedMs: number, ...probedMs: number[]): number {
  const offset = new WallOffset();
  offset.welcomed('berlin', welcomedMs);
  for (const [at, ms] of probedMs.entries()) offset.probed(`region-${at}`, ms);
  return offset.ms;
}

test('[CLIENT43] a device whose clock is wrong follows its region, exactly', () => {
  expect(offsetOf(-3 * yearMs)).toBe(-3 * yearMs);
  expect(offsetOf(7 * hourMs + 12)).toBe(7 * hourMs + 12);
  expect(offsetOf(50 * yearMs + 12, 50 * yearMs)).toBe(50 * yearMs + 12);
  expect(offsetOf(50 * yearMs + 12, 50 * yearMs, 50 * yearMs + 900)).toBe(50 * yearMs + 12);
  expect(new WallOffset().ms).toBe(0);
});

test('[CLIENT43] a region whose clock is wrong is followed by nobody who has heard another one', () => {
  expect(offsetOf(10 * yearMs, 40)).toBe(40);
  expect(offsetOf(-10 * yearMs, 40)).toBe(0);
  expect(offsetOf(2 * hourMs, 0, 500)).toBe(0);
  expect(offsetOf(120, 10 * yearMs, 500)).toBe(120);
  expect(offsetOf(120, -10 * yearMs, -10 * yearMs)).toBe(-10 * yearMs);
});

test('[CLIENT43] a region that nobody bears out is not followed more than a day ahead', () => {
  expect(offsetOf(WallOffset.aheadMsMax + 1)).toBe(0);
  expect(offsetOf(WallOffset.aheadMsMax)).toBe(WallOffset.aheadMsMax);
});

test("[CLIENT43] a clock that is set right while a session lasts is seen by the next probe, the device's and the region's", () => {
  // A device that began with the time of its last shutdown, with one region; then it hears the time of the network.
  const offset = new WallOffset();
  offset.probed('berlin', 10 * hourMs);
  offset.welcomed('berlin', 10 * hourMs + 12);
  expect(offset.ms).toBe(10 * hourMs + 12);
  offset.probed('berlin', 700);
  expect(offset.ms).toBe(700);
  // The next session tells it to the millisecond, whatever was heard before.
  offset.welcomed('berlin', -31);
  expect(offset.ms).toBe(-31);
  // Probes are too coarse to mend what they bear out.
  offset.probed('berlin', 900);
  expect(offset.ms).toBe(-31);
});

test('[CLIENT43] a region whose clock jumps while a session lasts is left, when others are known', () => {
  const offset = new WallOffset();
  offset.welcomed('berlin', 12);
  offset.probed('tokyo', 300);
  offset.probed('berlin', 10 * yearMs);
  expect(offset.ms).toBe(300);
});
