import { encodeUtf8, fromBase64url, isAnabranchError, toBase64url } from '@anabranch/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decodeSessionToken, encodeSessionToken, type OriginId, tokenLengthMax, tokenOriginsMax, VersionVector } from './index.ts';
import { vector } from './testing/arbitrary-vector.ts';

/** The token of raw bytes: numbers as they are, texts with their length. */
function tokenOf(...parts: Array<number | string>): string {
  return toBase64url(Uint8Array.from(parts.flatMap((part) => (typeof part === 'string' ? [part.length, ...encodeUtf8(part)] : [part]))));
}

function bytesOf(token: string): Uint8Array {
  return fromBase64url(token) ?? new Uint8Array();
}

/** Decodes; undefined when refused as a token must be. Any other failure passes through. */
function tryDecode(token: string): VersionVector | undefined {
  try {
    return decodeSessionToken(token);
  } catch (error) {
    if (isAnabranchError(error, 'session_token_invalid')) return undefined;
    throw error;
  }
}

function vectorOf(origins: number, seq: number): VersionVector {
  const region = `r${'x'.repeat(31)}`;
  return VersionVector.of(
    Array.from({ length: origins }, (_, index) => [`${region}.${index.toString(16).padStart(12, '0')}` as OriginId, seq] as const),
  );
}

const berlin = 'berlin.000000000001';
const tokyo = 'tokyo.000000000002';
/** Bytes that go on for longer than any number does. */
const padding = new Array<number>(150).fill(0x80);

describe('[ORDER4] a version vector has exactly one token', () => {
  test('which is read back equal', () => {
    fc.assert(
      fc.property(vector, (value) => {
        const token = encodeSessionToken(value);
        expect(token).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(decodeSessionToken(token).equals(value)).toBe(true);
        expect(encodeSessionToken(VersionVector.of(value.entries().reverse()))).toBe(token);
      }),
    );
  });

  test('and the form of it stays: clients keep tokens over upgrades', () => {
    const value = VersionVector.of([
      [tokyo as OriginId, 300],
      [berlin as OriginId, 1],
    ]);
    expect(encodeSessionToken(VersionVector.empty)).toBe('AQA');
    expect(encodeSessionToken(value)).toBe('AQITYmVybGluLjAwMDAwMDAwMDAwMQESdG9reW8uMDAwMDAwMDAwMDAyrAI');
  });

  test('[GUARD7] random texts and random bytes are refused with the code, or are the very token of what they say', () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc.uint8Array({ maxLength: 40 }).map((rest) => Uint8Array.from([1, ...rest])),
    );
    const text = fc.oneof(fc.string({ unit: 'binary', maxLength: 30 }), fc.base64String({ maxLength: 40 }), bytes.map(toBase64url));
    fc.assert(
      fc.property(text, (token) => {
        const value = tryDecode(token);
        if (value !== undefined) expect(encodeSessionToken(value)).toBe(token);
      }),
      { numRuns: 1_000 },
    );
  });

  test('[GUARD7] so are tokens with one byte changed, removed or added', () => {
    const change = fc.record({ at: fc.nat(), remove: fc.nat(1), insert: fc.uint8Array({ maxLength: 1 }) });
    fc.assert(
      fc.property(vector, change, (value, { at, remove, insert }) => {
        const bytes = bytesOf(encodeSessionToken(value));
        const index = at % bytes.length;
        const token = toBase64url(Uint8Array.from([...bytes.slice(0, index), ...insert, ...bytes.slice(index + remove)]));
        const read = tryDecode(token);
        if (read !== undefined) expect(encodeSessionToken(read)).toBe(token);
      }),
      { numRuns: 1_000 },
    );
  });

  test('every cut and every further byte is refused', () => {
    const bytes = bytesOf(
      encodeSessionToken(
        VersionVector.of([
          [berlin as OriginId, 200],
          [tokyo as OriginId, 2 ** 40],
        ]),
      ),
    );
    for (let length = 0; length < bytes.length; length++) expect(tryDecode(toBase64url(bytes.subarray(0, length)))).toBeUndefined();
    for (const extra of [0, 1, 0x7f, 0x80]) expect(tryDecode(toBase64url(Uint8Array.from([...bytes, extra])))).toBeUndefined();
  });
});

describe('[ORDER4] a forged token is refused with session_token_invalid', () => {
  test('the forge itself works', () => {
    expect(tryDecode(tokenOf(1, 2, berlin, 1, tokyo, 1))?.toJSON()).toEqual({ [berlin]: 1, [tokyo]: 1 });
  });

  test.each<[string, string]>([
    ['nothing', ''],
    ['padding characters', 'AQA='],
    ['characters of another alphabet', 'AQ+/'],
    ['loose bits', 'AQB'],
    ['another format version', tokenOf(2, 0)],
    ['a seq of 0', tokenOf(1, 1, berlin, 0)],
    ['origins out of order', tokenOf(1, 2, tokyo, 1, berlin, 1)],
    ['an origin twice', tokenOf(1, 2, berlin, 1, berlin, 1)],
    ['an origin in capitals', tokenOf(1, 1, berlin.toUpperCase(), 1)],
    ['a region for an origin', tokenOf(1, 1, 'berlin', 1)],
    ['an origin behind a byte order mark', tokenOf(1, 1, 3 + berlin.length, 0xef, 0xbb, 0xbf, ...encodeUtf8(berlin), 1)],
    ['an origin of no bytes', tokenOf(1, 1, 0, 1)],
    ['a seq in a longer form', tokenOf(1, 1, berlin, 0x81, 0)],
    ['a count in a longer form', tokenOf(1, 0x80, 0)],
    ['a version in a longer form', tokenOf(0x81, 0, 0)],
    ['a count of origins that are not there', tokenOf(1, 3, berlin, 1)],
    ['a length beyond the end', tokenOf(1, 1, 45, 0x61)],
    ['a seq of 2^53', tokenOf(1, 1, berlin, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x10)],
    ['a count padded until it is no number', tokenOf(1, ...padding, 1)],
    ['a seq padded until it is no number', tokenOf(1, 1, berlin, ...padding, 1)],
    ['a number that does not end', tokenOf(1, ...padding)],
  ])('%s', (_, token) => {
    expect(() => decodeSessionToken(token)).toThrow(expect.objectContaining({ code: 'session_token_invalid' }));
  });

  test('the greatest seq is taken', () => {
    const token = tokenOf(1, 1, berlin, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f);
    expect(decodeSessionToken(token).get(berlin as OriginId)).toBe(Number.MAX_SAFE_INTEGER);
  });
});

describe('[WIRE4] the limits of a token', () => {
  test('as many origins as the limit, with the longest names and seqs, fit its length; one more is refused', () => {
    const most = vectorOf(tokenOriginsMax, Number.MAX_SAFE_INTEGER);
    const token = encodeSessionToken(most);
    expect(token.length).toBe(tokenLengthMax);
    expect(decodeSessionToken(token).equals(most)).toBe(true);
    expect(() => encodeSessionToken(most.with('z.000000000000' as OriginId, 1))).toThrow('more origins than a token takes');
    const names = Array.from({ length: tokenOriginsMax + 1 }, (_, index) => `a.${index.toString(16).padStart(12, '0')}`);
    const forged = tokenOf(1, ((tokenOriginsMax + 1) & 0x7f) | 0x80, (tokenOriginsMax + 1) >> 7, ...names.flatMap((name) => [name, 1]));
    expect(() => decodeSessionToken(forged)).toThrow('it names too many origins');
  });

  test('a token beyond the length is refused unread', () => {
    expect(() => decodeSessionToken('A'.repeat(tokenLengthMax + 1))).toThrow('it is too long');
    expect(() => decodeSessionToken('A'.repeat(tokenLengthMax))).toThrow('its format version is unknown');
  });
});
