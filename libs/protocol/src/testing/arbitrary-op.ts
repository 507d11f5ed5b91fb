import { hlcCounterMax, hlcMsMax, type OriginId } from '@anabranch/causality';
import fc from 'fast-check';
import { type DocumentId, type DocumentWrite, type Idempotency, type Op, parseDocumentId } from '../index.ts';
import type { VectorEntries } from '../vector-field.ts';

const text = (chars: string, minLength: number, maxLength: number): fc.Arbitrary<string> =>
  fc.string({ unit: fc.constantFrom(...chars), minLength, maxLength });

const lower = 'abcdefghijklmnopqrstuvwxyz';
const idChars = `${lower}${lower.toUpperCase()}0123456789._~-`;
const visible = String.fromCharCode(...Array.from({ length: 0x7e - 0x20 }, (_, index) => 0x21 + index));

/** Whole numbers, often where a varint takes one byte more. */
export const uint: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 1, 127, 128, 16_383, 16_384, 2 ** 31, 2 ** 32, 2 ** 49 - 1, 2 ** 49, Number.MAX_SAFE_INTEGER),
  fc.maxSafeNat(),
);

export const seq: fc.Arbitrary<number> = uint.map((value) => Math.max(1, value));

export const region: fc.Arbitrary<string> = fc
  .tuple(text(lower, 1, 1), text(`${lower}0123456789-`, 0, 31))
  .map(([first, rest]) => first + rest);

export const origin: fc.Arbitrary<OriginId> = fc
  .tuple(region, text('0123456789abcdef', 12, 12))
  .map(([name, epoch]) => `${name}.${epoch}` as OriginId);

export const vectorEntries: fc.Arbitrary<VectorEntries> = fc
  .uniqueArray(fc.tuple(origin, seq), { maxLength: 4, selector: ([name]) => name })
  .map((entries) => entries.sort(([a], [b]) => (a < b ? -1 : 1)));

export const documentId: fc.Arbitrary<DocumentId> = fc
  .tuple(text(lower, 1, 1), text(`${lower}0123456789-`, 0, 62), text(idChars, 1, 200))
  .filter(([, , id]) => id !== '.' && id !== '..')
  .map(([first, rest, id]) => parseDocumentId(`${first}${rest}/${id}`));

const write: fc.Arbitrary<DocumentWrite> = fc.record({
  document: documentId,
  library: fc.constantFrom('yjs', 'automerge'),
  update: fc.uint8Array({ maxLength: 200 }),
});

const idempotency: fc.Arbitrary<Idempotency> = fc.record({
  key: text(visible, 1, 255),
  requestDigest: fc.uint8Array({ minLength: 16, maxLength: 16 }),
});

export const op: fc.Arbitrary<Op> = fc.record(
  {
    hlc: fc.record({ ms: fc.integer({ min: 0, max: hlcMsMax }), counter: fc.integer({ min: 0, max: hlcCounterMax }) }),
    dependencies: vectorEntries,
    writes: fc.uniqueArray(write, { minLength: 1, maxLength: 3, selector: ({ document }) => document }),
    idempotency,
    trace: text(`${visible} `, 1, 255),
    extension: fc.uint8Array({ maxLength: 100 }),
  },
  { requiredKeys: ['hlc', 'dependencies', 'writes'] },
);
