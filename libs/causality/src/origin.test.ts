import { AnabranchError, type Random } from '@anabranch/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { epochOf, isOriginId, isRegionId, mintOrigin, originLengthMax, parseRegionId, type RegionId, regionOf } from './index.ts';

const berlin = 'berlin' as RegionId;

/** Randomness that gives what it is told to, in turn. */
function scripted(...draws: number[][]): Random {
  return { u32: () => 0, bytes: () => Uint8Array.from(draws.shift() ?? []) };
}

const regionTexts = fc.stringMatching(/^[a-z][a-z0-9-]{0,31}$/);

// Neither a region nor an origin may be any of these, nor contain one.
const hostileParts = [
  '',
  '.',
  '..',
  '../',
  '%2e',
  '%00',
  '\0',
  '/',
  '*',
  '>',
  ' ',
  '\n',
  'A',
  '_',
  '\u00e9',
  'e\u0301',
  '\u0430',
  '\uff41',
  '\u{1f600}',
];

describe('[ORDER5] a minted origin', () => {
  test('is region.epoch, with a fresh epoch of 6 random bytes', () => {
    const random = scripted([0, 0, 0, 0, 0, 1], [0xff, 0xff, 0xff, 0xff, 0xff, 0xff]);
    const origin = mintOrigin(berlin, random);
    expect(origin).toBe('berlin.000000000001');
    expect(mintOrigin(berlin, random)).toBe('berlin.ffffffffffff');
    expect([regionOf(origin), epochOf(origin)]).toEqual(['berlin', '000000000001']);
  });

  test('is read as what it was minted from, for every region name', () => {
    fc.assert(
      fc.property(regionTexts, fc.uint8Array({ minLength: 6, maxLength: 6 }), (region, epoch) => {
        const origin = mintOrigin(parseRegionId(region), scripted([...epoch]));
        expect(isOriginId(origin)).toBe(true);
        expect(regionOf(origin)).toBe(region);
        expect(epochOf(origin)).toHaveLength(12);
        expect(origin.length).toBeLessThanOrEqual(originLengthMax);
      }),
    );
  });

  test('is refused by an assertion when the random bytes fall short', () => {
    expect(() => mintOrigin(berlin, scripted([1, 2, 3]))).toThrow('six random bytes');
  });
});

describe('[ORDER5] regions and origins have one textual form', () => {
  test('[WIRE4] a region name of 32 characters is the longest, and so is its origin', () => {
    const longest = `a${'b'.repeat(31)}`;
    expect(isRegionId(longest)).toBe(true);
    expect(isRegionId(`${longest}b`)).toBe(false);
    expect(isOriginId(`${longest}.0123456789ab`)).toBe(true);
    expect(`${longest}.0123456789ab`).toHaveLength(originLengthMax);
    expect(isOriginId(`${longest}b.0123456789ab`)).toBe(false);
  });

  test.each(hostileParts)('%j is no region, and no part of one', (part) => {
    for (const text of [part, `${part}berlin`, `berlin${part}`]) {
      if (text === 'berlin') continue;
      expect(isRegionId(text)).toBe(false);
      expect(isOriginId(`${text}.0123456789ab`)).toBe(false);
    }
  });

  test.each([
    'berlin',
    'berlin.',
    '.0123456789ab',
    'berlin.0123456789a',
    'berlin.0123456789abc',
    'berlin.0123456789AB',
    'berlin.0123456789ag',
  ])('%j is no origin', (text) => {
    expect(isOriginId(text)).toBe(false);
  });

  test('a region name that is none is refused with config_invalid', () => {
    expect(parseRegionId('new-york')).toBe('new-york');
    for (const text of ['-york', '1york', 'New-York', 'x'.repeat(10_000)]) {
      expect(() => parseRegionId(text)).toThrow(AnabranchError);
      expect(() => parseRegionId(text)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    }
  });
});
