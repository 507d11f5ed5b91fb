import { AnabranchError, encodeUtf8 } from '@anabranch/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jsonLimits, parseJsonBody } from './json-body.ts';

const parse = (text: string) => parseJsonBody(encodeUtf8(text));
const refusal = (code: string) => expect.objectContaining({ code });
const nested = (depth: number, inner: string) => '['.repeat(depth) + inner + ']'.repeat(depth);

describe('JSON bodies', () => {
  test.each(['', '{', '[1,]', '{"a":1}x', "{'a':1}", 'NaN', '\ufeff{}', '[1] [2]'])('%j is no JSON', (text) => {
    expect(() => parse(text)).toThrow(refusal('request_malformed'));
  });

  test('bytes that are not UTF-8 are refused', () => {
    for (const bytes of [
      [0x22, 0xff, 0x22],
      [0x22, 0xc0, 0x80, 0x22],
      [0x22, 0xed, 0xa0, 0x80, 0x22],
    ]) {
      expect(() => parseJsonBody(Uint8Array.from(bytes))).toThrow(refusal('request_malformed'));
    }
  });

  test('the refusal does not quote the body', () => {
    expect(() => parse('{"secret": canary}')).toThrow(expect.not.objectContaining({ message: expect.stringContaining('canary') }));
  });

  test.each(['__proto__', 'constructor', 'prototype', '\\u005f_proto__'])('[GUARD5] the key %s is refused at any depth', (key) => {
    expect(() => parse(`{"${key}":{"polluted":1}}`)).toThrow(refusal('value_invalid'));
    expect(() => parse(`[{"a":[{"${key}":1}]}]`)).toThrow(refusal('value_invalid'));
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test('[GUARD3] nesting has a limit, met and exceeded by one, and a million levels do not overflow the stack', () => {
    expect(() => parse(nested(jsonLimits.depthMax, '1'))).not.toThrow();
    expect(() => parse(nested(jsonLimits.depthMax + 1, '1'))).toThrow(refusal('request_too_large'));
    expect(() => parse(nested(1_000_000, '1'))).toThrow(refusal('request_too_large'));
    expect(() => parse('['.repeat(1_000_000))).toThrow(refusal('request_malformed'));
  });

  test('[WIRE4] the number of values has a limit, met and exceeded by one', () => {
    const zeros = (count: number) => `[${Array.from({ length: count }, () => '0').join()}]`;
    expect(() => parse(zeros(jsonLimits.valuesMax - 1))).not.toThrow();
    expect(() => parse(zeros(jsonLimits.valuesMax))).toThrow(refusal('request_too_large'));
  });

  test('a lone surrogate is refused in values and keys, a pair is not', () => {
    expect(() => parse('["\\ud83d"]')).toThrow(refusal('value_invalid'));
    expect(() => parse('{"\\ude00":1}')).toThrow(refusal('value_invalid'));
    expect(parse('["\\ud83d\\ude00"]')).toEqual(['\u{1f600}']);
  });

  test('[GUARD7] mutated bytes end in a value or a coded refusal', () => {
    const bytes = encodeUtf8('[{"op":"set","path":"/status","value":{"a":["\\u00e9",1.5e3,null]}}]');
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { maxLength: 4 }), (changes) => {
        const mutated = Uint8Array.from(bytes);
        for (const [at, byte] of changes) mutated[at] = byte;
        try {
          parseJsonBody(mutated);
        } catch (error) {
          expect(error).toBeInstanceOf(AnabranchError);
        }
      }),
      { numRuns: 500 },
    );
  });
});
