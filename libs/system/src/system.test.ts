import { deflateRawSync } from 'node:zlib';
import { toHex } from '@anabranch/base';
import { describe, expect, test } from 'vitest';
import { inflateRaw, NodeClock, NodeHash, NodeRandom } from './index.ts';

describe('the ports of this process', () => {
  test('a timer fires no earlier than asked, and not at all when cancelled', async () => {
    const clock = new NodeClock();
    const startMs = clock.monotonicMs();
    const fired: string[] = [];
    clock.setTimer(1, () => fired.push('cancelled')).cancel();
    await new Promise<void>((resolve) => void clock.setTimer(20, resolve));
    expect(clock.monotonicMs() - startMs).toBeGreaterThanOrEqual(19);
    expect(fired).toEqual([]);
  });

  test('a delay that Node would cut to nothing is refused', () => {
    const clock = new NodeClock();
    expect(() => clock.setTimer(2 ** 31, () => {})).toThrow('a timer of 2147483648 ms');
    expect(() => clock.setTimer(Number.NaN, () => {})).toThrow('a timer of NaN ms');
  });

  test('random numbers use all 32 bits and survive the end of the pool', () => {
    const random = new NodeRandom();
    const drawn = Array.from({ length: 1000 }, () => random.u32());
    expect(new Set(drawn).size).toBeGreaterThan(990);
    expect(drawn.reduce((bits, value) => bits | value, 0)).toBe(-1);
    expect(random.bytes(16)).toHaveLength(16);
    expect(random.bytes(16)).not.toEqual(random.bytes(16));
  });

  test('digests match the published test vectors', () => {
    const hash = new NodeHash();
    // FIPS 180-2, appendix B.1.
    expect(toHex(hash.sha256(new TextEncoder().encode('abc')))).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    // RFC 4231, test case 2.
    expect(toHex(hash.hmacSha256(new TextEncoder().encode('Jefe'), new TextEncoder().encode('what do ya want for nothing?')))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  test('inflating stops at the limit, and at damage', () => {
    const bomb = deflateRawSync(new Uint8Array(1 << 20));
    expect(bomb.length).toBeLessThan(2_000);
    expect(inflateRaw(bomb, 1 << 20)).toHaveLength(1 << 20);
    expect(inflateRaw(bomb, (1 << 20) - 1)).toBeUndefined();
    expect(inflateRaw(bomb.subarray(0, 100), 1 << 20)).toBeUndefined();
    expect(inflateRaw(Uint8Array.of(0xff, 0xff), 100)).toBeUndefined();
  });
});
