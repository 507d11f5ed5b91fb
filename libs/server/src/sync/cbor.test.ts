import { isAnabranchError } from '@anabranch/base';
import { Encoder, decode as oracleDecode } from 'cbor-x';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type CborInput, type CborValue, decodeCbor, encodeCbor } from './cbor.ts';

/** How automerge-repo configures the library it uses. */
const oracle = new Encoder({ tagUint8Array: false, useRecords: false });

const scalar: fc.Arbitrary<CborInput> = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  fc.maxSafeInteger(),
  fc.double({ noNaN: true }),
  fc.string({ unit: 'grapheme' }),
  fc.uint8Array({ maxLength: 300 }),
);
const key = fc.string({ minLength: 1 }).filter((text) => !['__proto__', 'constructor', 'prototype'].includes(text));
const value: fc.Arbitrary<CborInput> = fc.oneof(
  scalar,
  fc.array(scalar, { maxLength: 40 }),
  fc.dictionary(key, fc.oneof(scalar, fc.array(scalar, { maxLength: 5 })), { maxKeys: 30, noNullPrototype: true }),
);

/** Maps as objects, for comparing. */
function plain(decoded: CborValue): unknown {
  if (decoded instanceof Map) return Object.fromEntries([...decoded].map(([name, member]) => [name, plain(member)]));
  if (Array.isArray(decoded)) return decoded.map(plain);
  return decoded instanceof Uint8Array ? [...decoded] : decoded;
}

function bytesAsArrays(input: unknown): unknown {
  if (input instanceof Uint8Array) return [...input];
  if (Array.isArray(input)) return input.map(bytesAsArrays);
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(Object.entries(input).map(([name, member]) => [name, bytesAsArrays(member)]));
}

/** The library writes -0 as 0. */
function withoutNegativeZero(input: unknown): unknown {
  if (typeof input === 'number') return input + 0;
  if (Array.isArray(input)) return input.map(withoutNegativeZero);
  if (typeof input !== 'object' || input === null) return input;
  return Object.fromEntries(Object.entries(input).map(([name, member]) => [name, withoutNegativeZero(member)]));
}

describe('CBOR', () => {
  test('[WIRE1] what we write the library of automerge-repo reads, and the other way round', () => {
    fc.assert(
      fc.property(value, (input) => {
        expect(bytesAsArrays(oracleDecode(encodeCbor(input)))).toEqual(bytesAsArrays(input));
        expect(plain(decodeCbor(oracle.encode(input)))).toEqual(withoutNegativeZero(bytesAsArrays(input)));
        expect(plain(decodeCbor(encodeCbor(input)))).toEqual(bytesAsArrays(input));
      }),
      { examples: [[[-0]], [{ a: [-0, 0] }]] },
    );
  });

  test('[GUARD7] [WIRE2] random and truncated bytes give a value or frame_invalid', () => {
    const decodes = (bytes: Uint8Array): void => {
      try {
        decodeCbor(bytes);
      } catch (error) {
        expect(isAnabranchError(error, 'frame_invalid')).toBe(true);
      }
    };
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), decodes), { numRuns: 2_000 });
    fc.assert(
      fc.property(value, fc.nat(), (input, cut) => {
        const bytes = encodeCbor(input);
        const prefix = bytes.subarray(0, cut % bytes.length);
        expect(() => decodeCbor(prefix)).toThrow('the frame is not valid');
      }),
    );
  });

  const nested = (depth: number): Uint8Array => Uint8Array.from({ length: depth + 1 }, (_, i) => (i < depth ? 0x81 : 0x00));

  test.each([
    ['a key that is a trap', encodeCbor({ ['__proto__']: { polluted: 1 } })],
    ['a key twice', Uint8Array.of(0xa2, 0x61, 0x61, 0x01, 0x61, 0x61, 0x02)],
    ['a key that is no text', Uint8Array.of(0xa1, 0x01, 0x02)],
    ['a tag', Uint8Array.of(0xd8, 0x40, 0x41, 0x00)],
    ['a record of cbor-x', new Encoder({ useRecords: true }).encode({ a: 1 })],
    ['an array that claims 2^32 items', Uint8Array.of(0x9a, 0xff, 0xff, 0xff, 0xff)],
    ['a map that claims 2^53 members', Uint8Array.of(0xbb, 0x00, 0x1f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['bytes that claim 2^63', Uint8Array.of(0x5b, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff)],
    ['an indefinite length', Uint8Array.of(0x9f, 0x01, 0xff)],
    ['text that is not UTF-8', Uint8Array.of(0x61, 0xff)],
    ['trailing bytes', Uint8Array.of(0x00, 0x00)],
    ['nothing', new Uint8Array(0)],
    ['deep nesting', nested(9)],
    ['very deep nesting', nested(1_000_000)],
    ['more items than a message has', encodeCbor(Array.from({ length: 20_001 }, () => 0))],
  ])('[GUARD3] [GUARD5] refuses %s', (_name, bytes) => {
    expect(() => decodeCbor(bytes)).toThrow('the frame is not valid');
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  test('nesting up to the limit passes', () => {
    expect(plain(decodeCbor(nested(8)))).toEqual([[[[[[[[0]]]]]]]]);
  });
});
