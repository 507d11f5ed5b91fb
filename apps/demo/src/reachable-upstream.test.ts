import { describe, expect, test } from 'vitest';
import { reachableUpstream } from '../web/upstream.js';

const lag = { upstream: 'tokyo' };
const link = (a: string, b: string, state: 'up' | 'cut' | 'one-way') => ({ a, b, state });

describe('the upstream that the page shows', () => {
  test('is the one the region names, from either end of the link', () => {
    expect(reachableUpstream('berlin', lag, [link('berlin', 'tokyo', 'up')])).toBe('tokyo');
    expect(reachableUpstream('berlin', lag, [link('tokyo', 'berlin', 'up')])).toBe('tokyo');
  });

  test.each(['cut', 'one-way'] as const)('is none while the link is %s, whatever other links do', (state) => {
    expect(reachableUpstream('berlin', lag, [link('new-york', 'tokyo', 'up'), link('berlin', 'tokyo', state)])).toBeUndefined();
  });

  test('is none when the region names none', () => {
    expect(reachableUpstream('berlin', { upstream: null }, [link('berlin', 'tokyo', 'up')])).toBeUndefined();
    expect(reachableUpstream('berlin', undefined, [link('berlin', 'tokyo', 'up')])).toBeUndefined();
  });
});
