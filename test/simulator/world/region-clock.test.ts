import { expect, test } from 'vitest';
import { SeededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { RegionClock } from './region-clock.ts';
import { SimulatedProcess } from './simulated-process.ts';

test('[SIM7] a wall clock steps, drifts, stands still and is corrected; the monotonic clock and timers never notice', async () => {
  const clock = new VirtualClock(new SeededRandom(1));
  const region = new RegionClock(clock);
  const ports = region.of(new SimulatedProcess(1, () => {}));
  const startMs = ports.wallMs();
  const fired: number[] = [];
  ports.setTimer(40_000, () => fired.push(clock.monotonicMs()));
  region.step(-3_600_000);
  expect(ports.wallMs()).toBe(startMs - 3_600_000);
  region.setPace(1.5);
  await clock.advance(10_000);
  expect(ports.wallMs()).toBe(startMs - 3_600_000 + 15_000);
  region.setPace(0);
  await clock.advance(10_000);
  expect(ports.wallMs()).toBe(startMs - 3_600_000 + 15_000);
  expect(ports.monotonicMs()).toBe(20_000);
  region.correct();
  await clock.advance(30_000);
  expect(ports.wallMs()).toBe(startMs + 50_000);
  expect(fired).toEqual([40_000]);
});

test('[SIM7] a paused process hears everything late and in order; an ended one hears nothing', async () => {
  const clock = new VirtualClock(new SeededRandom(1));
  const process = new SimulatedProcess(1, () => {});
  const ports = new RegionClock(clock).of(process);
  const heard: string[] = [];
  for (const ms of [10, 20, 30]) ports.setTimer(ms, () => heard.push(`${ms} at ${clock.monotonicMs()}`));
  const cancelled = ports.setTimer(15, () => heard.push('cancelled'));
  process.pause();
  await clock.advance(25);
  cancelled.cancel();
  expect(heard).toEqual([]);
  process.resume();
  await clock.advance(2);
  expect(heard).toEqual(['10 at 25', '20 at 25']);
  process.end();
  await clock.advance(100);
  expect(heard.length).toBe(2);
});

test('[SIM7] what a process throws is reported, and what was to happen after so many events happens then', () => {
  const thrown: unknown[] = [];
  const process = new SimulatedProcess(1, (error) => thrown.push(error));
  let acted = 0;
  process.afterEntries(2, () => {
    acted = process.entered;
  });
  process.enter(() => {
    throw new Error('a defect');
  });
  process.enter(() => {});
  process.enter(() => {});
  expect(thrown).toEqual([new Error('a defect')]);
  expect(acted).toBe(2);
});
