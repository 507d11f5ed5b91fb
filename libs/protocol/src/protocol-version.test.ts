import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { agreeProtocolVersion, type ProtocolVersionRange, protocolVersion, protocolVersionFloor } from './index.ts';

const range: fc.Arbitrary<ProtocolVersionRange> = fc
  .tuple(fc.nat(6), fc.nat(6))
  .map(([a, b]) => ({ floor: Math.min(a, b), current: Math.max(a, b) }));

/** The versions a range accepts, one by one. */
function versionsOf({ floor, current }: ProtocolVersionRange): number[] {
  return Array.from({ length: current - floor + 1 }, (_, index) => floor + index);
}

describe('[WIRE5] two peers speak the highest version both know', () => {
  test('and none when they share none; both sides find the same', () => {
    fc.assert(
      fc.property(range, range, (ours, theirs) => {
        const shared = versionsOf(ours).filter((version) => versionsOf(theirs).includes(version));
        expect(agreeProtocolVersion(ours, theirs)).toBe(shared.at(-1));
        expect(agreeProtocolVersion(theirs, ours)).toBe(shared.at(-1));
      }),
    );
  });

  test('a range that ends before it starts agrees with nothing', () => {
    expect(agreeProtocolVersion({ floor: 1, current: 3 }, { floor: 3, current: 1 })).toBeUndefined();
  });

  test('this version accepts itself', () => {
    const ours = { floor: protocolVersionFloor, current: protocolVersion };
    expect(agreeProtocolVersion(ours, ours)).toBe(protocolVersion);
  });
});
