import { expect, test } from 'vitest';
import { QuietPlatform } from './testing/quiet-platform.ts';
import { becomesSo } from './waiting.ts';

test('a waiting that has ended, in time or not, leaves neither a listener nor a timer', async () => {
  const platform = new QuietPlatform();
  expect(await becomesSo(() => true, { clock: platform.clock, listeners: new Set(), timeMs: 1 })).toBe(true);
  for (const isInTime of [true, false]) {
    const listeners = new Set<() => void>();
    let isSo = false;
    const waiting = becomesSo(() => isSo, { clock: platform.clock, listeners, timeMs: 1_000 });
    for (const listener of [...listeners]) listener();
    expect([listeners.size, platform.timers]).toEqual([1, 1]);
    isSo = isInTime;
    if (isInTime) for (const listener of [...listeners]) listener();
    else platform.runTimers();
    expect(await waiting).toBe(isInTime);
    expect([listeners.size, platform.timers]).toEqual([0, 0]);
  }
});
