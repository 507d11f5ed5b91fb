import { describe, expect, test } from 'vitest';
import { parseLinkChange } from './link-request.ts';

describe('parseLinkChange', () => {
  test('[DEMO2] takes a state, a delay, or both, for one way or both', () => {
    expect(parseLinkChange({ state: 'cut' })).toEqual({ direction: 'both', conditions: { state: 'cut' } });
    expect(parseLinkChange({ delayMs: 7, direction: 'b-to-a' })).toEqual({ direction: 'b-to-a', conditions: { delayMs: 7 } });
    expect(parseLinkChange({ state: 'up', direction: 'a-to-b', delayMs: 0 })).toEqual({
      direction: 'a-to-b',
      conditions: { state: 'up', delayMs: 0 },
    });
  });

  test.each([
    [undefined, 'body'],
    [null, 'body'],
    [[], 'body'],
    ['cut', 'body'],
    [{}, 'state'],
    [{ direction: 'both' }, 'state'],
    [{ state: 'down' }, 'state'],
    [{ state: null }, 'state'],
    [{ state: 'cut', direction: 'sideways' }, 'direction'],
    [{ delayMs: '40' }, 'delayMs'],
    [{ delayMs: null }, 'delayMs'],
    [{ state: 'cut', jitterMs: 5 }, 'jitterMs'],
    [JSON.parse('{"state":"cut","__proto__":{}}'), '__proto__'],
  ])('[DEMO2] refuses %j, naming %s', (body, member) => {
    expect(() => parseLinkChange(body)).toThrow(expect.objectContaining({ code: 'value_invalid', details: { member } }));
  });
});
