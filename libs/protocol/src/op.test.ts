import { bytesEqual, fromHex } from '@anabranch/base';
import { hlcCounterMax, hlcMsMax, type OriginId } from '@anabranch/causality';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  BoundedReader,
  ByteWriter,
  decodeOp,
  encodeOp,
  idempotencyKeyLengthMax,
  type Op,
  opBytesMax,
  opWritesMax,
  parseDocumentId,
  traceLengthMax,
  updateBytesMax,
  vectorOriginsMax,
} from './index.ts';
import { op } from './testing/arbitrary-op.ts';
import { mutated, mutations } from './testing/mutated-bytes.ts';
import { type Codec, formProblem } from './testing/one-form.ts';
import { refusalOf } from './testing/refusal.ts';
import { bareOp, fullOp } from './testing/sample-frames.ts';

const codec: Codec<Op> = { decode: decodeOp, encode: encodeOp };
const digest = new Uint8Array(16);
const berlin = 'berlin.000000000001' as OriginId;
const tokyo = 'tokyo.000000000002' as OriginId;

/** A field of an op that no clock, door or replica makes: {@link forge} writes it all the same. */
interface Forgery {
  readonly format?: number;
  readonly flags?: number;
  readonly hlc?: readonly [number, number];
  readonly dependencies?: ReadonlyArray<readonly [string, number]>;
  readonly writes?: ReadonlyArray<readonly [string, number, Uint8Array]>;
  readonly rest?: (writer: ByteWriter) => ByteWriter;
}

const honestWrite = ['carts/a', 0, new Uint8Array()] as const;

function forge(forgery: Forgery): Uint8Array {
  const { format = 1, flags = 0, hlc = [1, 0], dependencies = [], writes = [honestWrite], rest } = forgery;
  const writer = new ByteWriter().byte(format).byte(flags).uint(hlc[0]).uint(hlc[1]).uint(dependencies.length);
  for (const [origin, seq] of dependencies) writer.text(origin).uint(seq);
  writer.uint(writes.length);
  for (const [document, library, update] of writes) writer.text(document).byte(library).sizedBytes(update);
  return (rest?.(writer) ?? writer).finish();
}

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

function originAt(index: number): OriginId {
  return `berlin.${index.toString(16).padStart(12, '0')}` as OriginId;
}

describe('an op', () => {
  test('[WIRE1] decodes to what was encoded', () => {
    fc.assert(
      fc.property(op, (value) => {
        expect(decodeOp(encodeOp(value))).toEqual(value);
      }),
    );
  });

  test('[WIRE3] carries an extension untouched, whatever it holds', () => {
    fc.assert(
      fc.property(op, fc.uint8Array({ maxLength: 64 }), (value, extension) => {
        const bytes = encodeOp({ ...value, extension });
        const read = decodeOp(bytes);
        expect(read.extension).toEqual(extension);
        expect(bytesEqual(encodeOp(read), bytes)).toBe(true);
      }),
    );
  });

  test('[WIRE2] is not read past the end of a view into a larger buffer', () => {
    const bytes = encodeOp(fullOp);
    const shared = new Uint8Array(bytes.length + 200).fill(1);
    shared.set(bytes, 100);
    expect(decodeOp(shared.subarray(100, 100 + bytes.length))).toEqual(fullOp);
    for (let length = 0; length < bytes.length; length++) {
      expect(refusalOf(() => decodeOp(shared.subarray(100, 100 + length)))).toBe('frame_invalid');
    }
    expect(refusalOf(() => decodeOp(shared.subarray(100, 101 + bytes.length)))).toBe('frame_invalid');
  });
});

describe('[WIRE2] an op has one form', () => {
  test.each([bareOp, fullOp])('every cut and every further byte is refused', (value) => {
    const bytes = encodeOp(value);
    for (let length = 0; length < bytes.length; length++) {
      expect(refusalOf(() => decodeOp(bytes.subarray(0, length)))).toBe('frame_invalid');
    }
    for (let extra = 0; extra < 256; extra++) {
      expect(refusalOf(() => decodeOp(Uint8Array.from([...bytes, extra])))).toBe('frame_invalid');
    }
  });

  test('[GUARD7] random bytes are refused, or are the form of what they say', () => {
    const headed = fc.uint8Array({ maxLength: 60 }).map((rest) => Uint8Array.from([1, 0, ...rest]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 60 }), headed), (bytes) => {
        expect(formProblem(codec, bytes)).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });

  test('[GUARD7] so are ops with bytes changed, left out and put in', () => {
    fc.assert(
      fc.property(op, mutations, (value, changes) => {
        expect(formProblem(codec, mutated(encodeOp(value), changes))).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });

  test('the check of this finds a codec that pads, one that leaves bytes over, and one that breaks', () => {
    const loose: Codec<number> = {
      decode: (bytes) => new BoundedReader(bytes).uint(),
      encode: (value) => new ByteWriter().uint(value).finish(),
    };
    expect(formProblem(loose, Uint8Array.of(5))).toBeUndefined();
    expect(formProblem(loose, Uint8Array.of(5, 0))).toBe('0500 is read as 05');
    const padding: Codec<number> = { decode: (bytes) => bytes.length, encode: (length) => new Uint8Array(length + 1) };
    expect(formProblem(padding, Uint8Array.of(0))).toBe('00 is read as 0000');
    const breaking: Codec<number> = { decode: (bytes) => new DataView(bytes.buffer).getUint32(0), encode: () => new Uint8Array() };
    expect(formProblem(breaking, Uint8Array.of(1))).toMatch(/^01 is refused with RangeError/);
  });
});

describe('[WIRE2] a forged op is refused with frame_invalid', () => {
  test('the forge itself works', () => {
    expect(
      decodeOp(
        forge({
          dependencies: [
            [berlin, 1],
            [tokyo, 2],
          ],
        }),
      ).dependencies,
    ).toEqual([
      [berlin, 1],
      [tokyo, 2],
    ]);
  });

  const forgeries: ReadonlyArray<readonly [string, Forgery]> = [
    ['another format', { format: 2 }],
    ['an unknown flag', { flags: 8 }],
    ['a part that is announced and missing', { flags: 1 }],
    ['a part that is there and not announced', { rest: (writer) => writer.text('key').bytes(digest) }],
    ['no write', { writes: [] }],
    ['a document twice', { writes: [honestWrite, honestWrite] }],
    ['a document twice, with two libraries', { writes: [honestWrite, ['carts/a', 1, new Uint8Array()]] }],
    ['an unknown library', { writes: [['carts/a', 2, new Uint8Array()]] }],
    ['a document that is none', { writes: [['../a', 0, new Uint8Array()]] }],
    ['a document behind a byte order mark', { writes: [['\ufeffcarts/a', 0, new Uint8Array()]] }],
    ['a dependency on seq 0', { dependencies: [[berlin, 0]] }],
    [
      'a dependency twice',
      {
        dependencies: [
          [berlin, 1],
          [berlin, 2],
        ],
      },
    ],
    [
      'dependencies out of order',
      {
        dependencies: [
          [tokyo, 1],
          [berlin, 1],
        ],
      },
    ],
    ['a dependency on no origin', { dependencies: [['berlin', 1]] }],
    ['an origin behind a byte order mark', { dependencies: [[`\ufeff${berlin}`, 1]] }],
    ['an empty idempotency key', { flags: 1, rest: (writer) => writer.text('').bytes(digest) }],
    ['an idempotency key with a space', { flags: 1, rest: (writer) => writer.text('a b').bytes(digest) }],
    ['an idempotency key that is not ASCII', { flags: 1, rest: (writer) => writer.text('\u00e9').bytes(digest) }],
    ['an empty trace', { flags: 2, rest: (writer) => writer.text('') }],
    ['a trace with a line end', { flags: 2, rest: (writer) => writer.text('a\n') }],
  ];

  test.each(forgeries)('%s', (_, forgery) => {
    expect(refusalOf(() => decodeOp(forge(forgery)))).toBe('frame_invalid');
  });

  test('a stamp padded until it is no number, which would stop every clock that follows it', () => {
    const padding = '80'.repeat(150);
    const bytes = fromHex(`0100${padding}0000000107${'63617274732f61'}0000`) ?? new Uint8Array();
    expect(refusalOf(() => decodeOp(bytes))).toBe('frame_invalid');
  });
});

describe('[WIRE4] the limits of an op', () => {
  /** The same forgery with a size of `limit` and of `limit + 1`: the one is taken, the other refused. */
  function expectLimit(limit: number, forgery: (size: number) => Forgery): void {
    expect(refusalOf(() => decodeOp(forge(forgery(limit))))).toBeUndefined();
    expect(refusalOf(() => decodeOp(forge(forgery(limit + 1))))).toBe('frame_invalid');
  }

  test('its stamp', () => {
    expectLimit(hlcMsMax, (ms) => ({ hlc: [ms, 0] }));
    expectLimit(hlcCounterMax, (counter) => ({ hlc: [0, counter] }));
  });

  test('its dependencies', () => {
    expectLimit(vectorOriginsMax, (count) => ({ dependencies: many(count, (index) => [originAt(index), 1] as const) }));
  });

  test('its writes', () => {
    expectLimit(opWritesMax, (count) => ({ writes: many(count, (index) => [`carts/${index}`, 0, new Uint8Array()] as const) }));
  });

  test('its idempotency key and its trace', () => {
    expectLimit(idempotencyKeyLengthMax, (length) => ({ flags: 1, rest: (writer) => writer.text('k'.repeat(length)).bytes(digest) }));
    expectLimit(traceLengthMax, (length) => ({ flags: 2, rest: (writer) => writer.text('t'.repeat(length)) }));
  });

  test('one update', () => {
    expectLimit(updateBytesMax, (size) => ({ writes: [['carts/a', 0, new Uint8Array(size)]] }));
  });

  test('all its bytes', () => {
    const withSpare = (spare: number): Forgery => ({ flags: 4, rest: (writer) => writer.sizedBytes(new Uint8Array(spare)) });
    const spareMax = opBytesMax - (forge(withSpare(opBytesMax >> 1)).length - (opBytesMax >> 1));
    expect(forge(withSpare(spareMax))).toHaveLength(opBytesMax);
    expectLimit(spareMax, withSpare);
  });
});

describe('[WIRE4] what no replica would take is not encoded', () => {
  const { writes, ...rest } = bareOp;
  const update = new Uint8Array(updateBytesMax);
  const document = parseDocumentId('carts/a');

  test('an update or an op that is too large is refused with request_too_large', () => {
    expect(refusalOf(() => encodeOp({ ...rest, writes: [{ document, library: 'yjs', update }] }))).toBeUndefined();
    const tooLarge = new Uint8Array(updateBytesMax + 1);
    expect(refusalOf(() => encodeOp({ ...rest, writes: [{ document, library: 'yjs', update: tooLarge }] }))).toBe('request_too_large');
    const four = many(4, (index) => ({ document: parseDocumentId(`carts/${index}`), library: 'yjs' as const, update }));
    expect(refusalOf(() => encodeOp({ ...rest, writes: four }))).toBe('request_too_large');
  });

  const impossible: ReadonlyArray<readonly [string, Op]> = [
    ['writes nothing is logged for its key', { hlc: rest.hlc, dependencies: [], writes: [] }],
    [
      'writes at most 64 documents',
      { ...rest, writes: many(opWritesMax + 1, (index) => ({ document: parseDocumentId(`a/${index}`), library: 'yjs', update: digest })) },
    ],
    ['writes a document once', { ...rest, writes: [...writes, ...writes] }],
    [
      'rising origins',
      {
        ...bareOp,
        dependencies: [
          [tokyo, 1],
          [berlin, 1],
        ],
      },
    ],
    ['seqs above 0', { ...bareOp, dependencies: [[berlin, 0]] }],
    ['no more origins', { ...bareOp, dependencies: many(vectorOriginsMax + 1, (index) => [originAt(index), 1] as const) }],
    ['one that a clock gives', { ...bareOp, hlc: { ms: hlcMsMax + 1, counter: 0 } }],
    ['one that a clock gives', { ...bareOp, hlc: { ms: 0, counter: hlcCounterMax + 1 } }],
    ['one that a clock gives', { ...bareOp, hlc: { ms: Number.NaN, counter: 0 } }],
    ['a whole number', { ...bareOp, hlc: { ms: 0.5, counter: 0 } }],
    ['an idempotency key', { ...bareOp, idempotency: { key: 'a b', requestDigest: digest } }],
    ['15 bytes stand where 16 belong', { ...bareOp, idempotency: { key: 'k', requestDigest: new Uint8Array(15) } }],
    ['a trace context', { ...bareOp, trace: '' }],
    ['a trace context', { ...bareOp, trace: '\ud800' }],
  ];

  test.each(impossible)('an assertion stops what breaks a rule of its maker: %s', (message, value) => {
    expect(() => encodeOp(value)).toThrow(message);
  });
});
