import fc from 'fast-check';
import { type OriginId, VersionVector } from '../index.ts';

/** One of a few origins, so that random vectors meet in their components. */
export const origin: fc.Arbitrary<OriginId> = fc.constantFrom(
  'berlin.000000000001' as OriginId,
  'berlin.ffffffffffff' as OriginId,
  'new-york.0123456789ab' as OriginId,
  'tokyo.000000000002' as OriginId,
);

/** A vector over these origins with small seqs, which often are equal, and now and then the greatest. */
export const vector: fc.Arbitrary<VersionVector> = fc
  .array(fc.tuple(origin, fc.oneof({ weight: 9, arbitrary: fc.nat(3) }, fc.constantFrom(127, 128, Number.MAX_SAFE_INTEGER))), {
    maxLength: 5,
  })
  .map((entries) => VersionVector.of(entries));
