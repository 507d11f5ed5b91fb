import type { Clock } from '@anabranch/base';
import { expect, test } from 'vitest';
import { credentialMsMax, credentialOf } from './credential.ts';

/** A clock whose timers are run by hand. */
function handClock(): { readonly clock: Clock; readonly timers: Map<() => void, number> } {
  const timers = new Map<() => void, number>();
  const setTimer: Clock['setTimer'] = (afterMs, callback) => {
    timers.set(callback, afterMs);
    return { cancel: () => timers.delete(callback) };
  };
  return { clock: { wallMs: () => 0, monotonicMs: () => 0, setTimer }, timers };
}

test('[CLIENT17] a credential that never comes is given up, one that comes leaves no timer', async () => {
  const { clock, timers } = handClock();
  expect(await credentialOf(undefined, clock)).toBe('');
  expect(await credentialOf(async () => 'secret', clock)).toBe('secret');
  expect(timers.size).toBe(0);
  const waiting = credentialOf(() => new Promise(() => {}), clock);
  expect([...timers.values()]).toEqual([credentialMsMax]);
  for (const callback of timers.keys()) callback();
  await expect(waiting).rejects.toMatchObject({ code: 'region_unreachable' });
  await expect(credentialOf(() => Promise.reject(new Error('no')), clock)).rejects.toThrow('no');
});

test.each([[null], [undefined], [7], [{ token: 'secret' }], ['x'.repeat(8_193)]])(
  '[CLIENT17] what is no credential is said to be none, and no session is opened with it: %j',
  async (given) => {
    const { clock, timers } = handClock();
    const refused = { code: 'config_invalid', message: expect.stringContaining('credential') };
    await expect(credentialOf(async () => given as string, clock)).rejects.toMatchObject(refused);
    expect(timers.size).toBe(0);
  },
);
