import { Buffer } from 'node:buffer';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bytesEqual, concatBytes, decodeUtf8, encodeUtf8, fromBase64url, fromHex, toBase64url, toHex } from './index.ts';

const bytes = fc.uint8Array({ maxLength: 64 });

describe('hex', () => {
  test('writes what Node writes, and reads it back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toHex(value)).toBe(Buffer.from(value).toString('hex'));
        expect(fromHex(toHex(value))).toEqual(value);
      }),
    );
  });

  test.each(['0', 'AB', '0g', ' 00', '00 ', '0x00', '00\n', '\u0660\u0660'])('refuses %j', (text) => {
    expect(fromHex(text)).toBeUndefined();
  });
});

describe('base64url', () => {
  test('writes what Node writes, and reads it back', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toBase64url(value)).toBe(Buffer.from(value).toString('base64url'));
        expect(fromBase64url(toBase64url(value))).toEqual(value);
      }),
    );
  });

  test('gives a value one text: what it reads, it writes again', () => {
    const nearBase64 = fc.string({ unit: fc.constantFrom(...'AQgwBCZaz09-_=+/ \u00e9'), maxLength: 12 });
    fc.assert(
      fc.property(nearBase64, (text) => {
        const read = fromBase64url(text);
        if (read !== undefined) expect(toBase64url(read)).toBe(text);
      }),
      { numRuns: 1_000 },
    );
  });

  test.each([
    ['a lone character', 'A'],
    ['padding', 'AA=='],
    ['the other alphabet', '+/+/'],
    ['loose bits after one byte', 'AB'],
    ['loose bits after two bytes', 'AAB'],
    ['white space', 'AA A'],
    ['a character outside the basic plane', 'AA\u{1f600}'],
  ])('refuses %s', (_, text) => {
    expect(fromBase64url(text)).toBeUndefined();
  });
});

describe('UTF-8', () => {
  test('reads back every well-formed text unchanged', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 12 }), (text) => {
        expect(decodeUtf8(encodeUtf8(text))).toBe(text);
      }),
    );
  });

  test('keeps a byte order mark: it is a character of the text like any other', () => {
    expect(decodeUtf8(Uint8Array.of(0xef, 0xbb, 0xbf, 0x61))).toBe('\ufeffa');
  });

  test.each([
    ['a cut sequence', [0xc3]],
    ['a lone continuation', [0x80]],
    ['an overlong slash', [0xc0, 0xaf]],
    ['an encoded surrogate', [0xed, 0xa0, 0x80]],
    ['a code point beyond the last', [0xf4, 0x90, 0x80, 0x80]],
  ])('refuses %s', (_, value) => {
    expect(() => decodeUtf8(Uint8Array.from(value))).toThrow(TypeError);
  });
});

test('bytesEqual and concatBytes agree with Node', () => {
  fc.assert(
    fc.property(fc.array(bytes, { maxLength: 4 }), bytes, (parts, other) => {
      const whole = concatBytes(parts);
      expect(whole).toEqual(new Uint8Array(Buffer.concat(parts)));
      expect(bytesEqual(whole, whole.slice())).toBe(true);
      expect(bytesEqual(whole, other)).toBe(Buffer.compare(whole, other) === 0);
    }),
  );
});
