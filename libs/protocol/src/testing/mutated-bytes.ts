// Bytes near valid ones: what line noise, a damaged disk or a curious peer makes of a record.

import { concatBytes } from '@anabranch/base';
import fc from 'fast-check';

interface Mutation {
  /** Where, as a fraction of the length. */
  readonly at: number;
  readonly removed: number;
  readonly inserted: Uint8Array;
}

/** Bytes that numbers and lengths turn on: borders of varints, and padding. */
const edgyByte = fc.constantFrom(0, 1, 0x7f, 0x80, 0x81, 0xff);

export const mutations: fc.Arbitrary<readonly Mutation[]> = fc.array(
  fc.record({
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    removed: fc.nat(2),
    inserted: fc.oneof(
      fc.uint8Array({ maxLength: 3 }),
      fc.array(edgyByte, { minLength: 1, maxLength: 12 }).map((bytes) => Uint8Array.from(bytes)),
    ),
  }),
  { minLength: 1, maxLength: 3 },
);

export function mutated(bytes: Uint8Array, changes: readonly Mutation[]): Uint8Array {
  return changes.reduce((now, { at, removed, inserted }) => {
    const index = Math.floor(at * now.length);
    return concatBytes([now.subarray(0, index), inserted, now.subarray(index + removed)]);
  }, bytes);
}
