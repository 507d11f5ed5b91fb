import { errorCodes } from '@anabranch/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { closeCodeOf, closeReasonOf, linkCloseOf } from './close-codes.ts';

describe('close codes of links', () => {
  const codes = [...(Object.keys(errorCodes) as Array<keyof typeof errorCodes>), 'normal' as const];

  test('lie in 4000-4499, or are 1000 for a normal end', () => {
    for (const code of codes) {
      const number = closeCodeOf(code);
      expect(code === 'normal' ? number === 1000 : number >= 4000 && number <= 4499).toBe(true);
    }
  });

  test('are read back as the code they were made from, or as internal_error', () => {
    for (const code of codes) expect([code, 'internal_error']).toContain(linkCloseOf(closeCodeOf(code), '').code);
    for (const code of ['link_duplicate', 'region_duplicate', 'mesh_key_mismatch', 'protocol_version_unsupported'] as const) {
      expect(linkCloseOf(closeCodeOf(code), 'why')).toEqual({ code, reason: 'why' });
    }
  });

  test('a number nobody defined is a lost connection', () => {
    expect(linkCloseOf(1006, '')).toEqual({ code: 'lost', reason: 'the connection ended with close code 1006' });
    expect(linkCloseOf(4499, 'x').code).toBe('lost');
  });

  test('reasons are cut to what a close frame takes, never inside a character', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        const bytes = closeReasonOf(text);
        expect(bytes.length).toBeLessThanOrEqual(123);
        expect(text.startsWith(new TextDecoder('utf-8', { fatal: true }).decode(bytes))).toBe(true);
        if (Buffer.byteLength(text) <= 123) expect(bytes.toString()).toBe(text);
      }),
    );
  });
});
