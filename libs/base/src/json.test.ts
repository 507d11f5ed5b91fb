import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, compareStrings, forbiddenKeys, type JsonValue } from './index.ts';

function isJsonObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The same value with the members of every object in another order. */
function reordered(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(reordered);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, member]) => [key, reordered(member)]),
  );
}

describe('canonicalJson', () => {
  test('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value as JsonValue))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(reordered(value) as JsonValue)).toBe(canonicalJson(value as JsonValue));
      }),
    );
  });

  test('sorts the keys of RFC 8785, section 3.2.3, by UTF-16 code units', () => {
    const keys = { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 };
    expect(Object.values(JSON.parse(canonicalJson(keys)))).toHaveLength(7);
    expect(canonicalJson(keys)).toBe('{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}');
  });

  test('writes the numbers of RFC 8785, section 3.2.2', () => {
    const numbers = [JSON.parse('333333333.33333329'), 1e30, 4.5, 2e-3, 0.000000000000000000000000001, -0];
    expect(canonicalJson(numbers)).toBe('[333333333.3333333,1e+30,4.5,0.002,1e-27,0]');
  });

  test('keeps a member named __proto__ a member', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
  });

  test('keeps lone surrogates apart', () => {
    expect(canonicalJson('\ud800')).not.toBe(canonicalJson('\ud801'));
  });
});

test('compareStrings orders by code units, not by locale', () => {
  expect(['b', 'a', 'B', '\u00e4', '\ufb33', '\ud83d\ude00'].sort(compareStrings)).toEqual([
    'B',
    'a',
    'b',
    '\u00e4',
    '\ud83d\ude00',
    '\ufb33',
  ]);
  expect(compareStrings('a', 'a')).toBe(0);
});

test('the keys that careless consumers trip over are listed', () => {
  expect([...forbiddenKeys].sort()).toEqual(['__proto__', 'constructor', 'prototype']);
});
