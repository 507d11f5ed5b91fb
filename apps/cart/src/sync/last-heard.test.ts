import { expect, test } from 'vitest';
import { asOfText, lastHeardAt, rememberHeard } from './last-heard.ts';

test('[SHOP5] what was heard of a region lately is told with its time, and with its date when that is not today', () => {
  const at = new Date(2026, 10, 5, 14, 3).getTime();
  expect(asOfText(at, at + 60_000)).toBe('as of 14:03');
  expect(asOfText(at, at + 86_400_000)).toBe('as of 5 Nov, 14:03');
});

test('[SHOP5] when a region was heard of is remembered; what was kept and is no time is none', () => {
  const kept = new Map<string, string>();
  const storage = { getItem: (key: string) => kept.get(key) ?? null, setItem: (key: string, value: string) => void kept.set(key, value) };
  expect(lastHeardAt(storage)).toBeUndefined();
  rememberHeard(storage, 1_700_000_000_000);
  expect(lastHeardAt(storage)).toBe(1_700_000_000_000);
  for (const key of kept.keys()) kept.set(key, 'yesterday');
  expect(lastHeardAt(storage)).toBeUndefined();
});
