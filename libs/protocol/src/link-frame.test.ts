import { AnabranchError, toHex } from '@anabranch/base';
import type { OriginId, RegionId } from '@anabranch/causality';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  awarenessBytesMax,
  ByteWriter,
  decodeLinkFrame,
  encodeLinkFrame,
  frameBytesMax,
  frameOpsMax,
  holdingsMax,
  type LinkFrame,
  linkedRegionsMax,
  opBytesMax,
  protocolVersion,
  vectorOriginsMax,
} from './index.ts';
import { frame, frames } from './testing/arbitrary-frame.ts';
import { mutated, mutations } from './testing/mutated-bytes.ts';
import { type Codec, formProblem } from './testing/one-form.ts';
import { refusalOf } from './testing/refusal.ts';
import { sampleFrames } from './testing/sample-frames.ts';

const samples = Object.values(sampleFrames);
const berlin = 'berlin.000000000001' as OriginId;
const tokyo = 'tokyo.000000000002' as OriginId;
const hash = new Uint8Array(32);

/** Frames of which this version knows no one form, an ignored one and a newer hello, stand for themselves. */
type Read = LinkFrame | { readonly type: 'foreign'; readonly bytes: Uint8Array };

const codec: Codec<Read> = {
  decode: (bytes) => {
    const foreign = { type: 'foreign', bytes } as const;
    const isHello = bytes[0] === 1;
    if (isHello && refusalOf(() => decodeLinkFrame(bytes)) === 'protocol_version_unsupported') return foreign;
    const read = decodeLinkFrame(bytes);
    if (read === undefined) return foreign;
    return read.type === 'hello' && read.protocolVersion > protocolVersion ? foreign : read;
  },
  encode: (read) => (read.type === 'foreign' ? read.bytes : encodeLinkFrame(read)),
};

function originAt(index: number): OriginId {
  return `berlin.${index.toString(16).padStart(12, '0')}` as OriginId;
}

function many<T>(count: number, make: (index: number) => T): T[] {
  return Array.from({ length: count }, (_, index) => make(index));
}

describe('every frame', () => {
  test.each(Object.entries(frames))('[WIRE1] %s decodes to what was encoded', (_, arbitrary: fc.Arbitrary<LinkFrame>) => {
    fc.assert(
      fc.property(arbitrary, (value) => {
        expect(decodeLinkFrame(encodeLinkFrame(value))).toEqual(value);
      }),
      { numRuns: 50 },
    );
  });

  test.each(samples)('[WIRE2] $type: every cut and every further byte is refused', (sample) => {
    const bytes = encodeLinkFrame(sample);
    for (let length = 0; length < bytes.length; length++) {
      expect(refusalOf(() => decodeLinkFrame(bytes.subarray(0, length)))).toBe('frame_invalid');
    }
    for (let extra = 0; extra < 256; extra++) {
      expect(refusalOf(() => decodeLinkFrame(Uint8Array.from([...bytes, extra])))).toBe('frame_invalid');
    }
  });

  test.each(samples)('[WIRE2] $type: a view into a larger buffer is not read past its end', (sample) => {
    const bytes = encodeLinkFrame(sample);
    const shared = new Uint8Array(bytes.length + 200).fill(1);
    shared.set(bytes, 100);
    expect(decodeLinkFrame(shared.subarray(100, 100 + bytes.length))).toEqual(sample);
    expect(decodeLinkFrame(Buffer.from(shared.buffer, 100, bytes.length))).toEqual(sample);
    for (let length = 0; length < bytes.length; length++) {
      expect(refusalOf(() => decodeLinkFrame(shared.subarray(100, 100 + length)))).toBe('frame_invalid');
    }
  });

  test('[GUARD7] random bytes are refused with the code, or are the form of what they say', () => {
    const type = fc.oneof(fc.integer({ min: 0, max: 12 }), fc.integer({ min: 126, max: 133 }));
    fc.assert(
      fc.property(type, fc.uint8Array({ maxLength: 80 }), (code, rest) => {
        expect(formProblem(codec, Uint8Array.from([code, ...rest]))).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });

  test('[GUARD7] [WIRE2] frames with bytes changed, left out and put in are refused, or are the form of what they say', () => {
    fc.assert(
      fc.property(frame, mutations, (value, changes) => {
        expect(formProblem(codec, mutated(encodeLinkFrame(value), changes))).toBeUndefined();
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('the type of a frame', () => {
  const known = samples.map((sample) => encodeLinkFrame(sample)[0]);

  test('[WIRE3] of 128 and above that is unknown is ignored, whatever follows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 128, max: 255 }), fc.uint8Array({ maxLength: 20 }), (code, rest) => {
        fc.pre(!known.includes(code));
        expect(decodeLinkFrame(Uint8Array.from([code, ...rest]))).toBeUndefined();
      }),
    );
  });

  test('[WIRE2] below 128 that is unknown is refused', () => {
    const unknown = many(128, (code) => code).filter((code) => !known.includes(code));
    expect(unknown).toHaveLength(128 - 9);
    for (const code of unknown) expect(refusalOf(() => decodeLinkFrame(Uint8Array.of(code, 1, 2, 3)))).toBe('frame_invalid');
    expect(refusalOf(() => decodeLinkFrame(new Uint8Array()))).toBe('frame_invalid');
  });
});

describe('a hello', () => {
  const { hello } = sampleFrames;
  const helloOf = (current: number, floor: number): Uint8Array =>
    encodeLinkFrame({ ...hello, protocolVersion: current, protocolVersionFloor: floor });

  test('[WIRE5] of a protocol that no longer knows ours is refused as such, unread: its form may be another', () => {
    const bytes = new ByteWriter()
      .byte(1)
      .uint(9)
      .uint(protocolVersion + 1)
      .text('another form altogether')
      .finish();
    expect(() => decodeLinkFrame(bytes)).toThrow(AnabranchError);
    expect(() => decodeLinkFrame(bytes)).toThrow('the peer accepts protocol 2 and newer, this region speaks 1');
    expect(refusalOf(() => decodeLinkFrame(bytes))).toBe('protocol_version_unsupported');
  });

  test('[WIRE5] of a newer protocol that still knows ours is read, and what it appended is read over', () => {
    const bytes = Uint8Array.from([...helloOf(9, 1), 1, 2, 3]);
    expect(decodeLinkFrame(bytes)).toEqual({ ...hello, protocolVersion: 9 });
  });

  test('[WIRE2] of our protocol carries nothing more', () => {
    expect(refusalOf(() => decodeLinkFrame(Uint8Array.from([...helloOf(protocolVersion, 1), 1])))).toBe('frame_invalid');
  });

  test('[WIRE4] has two-byte versions, 64 features of 64 bytes, and not one more', () => {
    expect(refusalOf(() => decodeLinkFrame(helloOf(0xffff, 1)))).toBeUndefined();
    expect(refusalOf(() => decodeLinkFrame(helloOf(0x10000, 1)))).toBe('frame_invalid');
    const featured =
      (features: string[]): (() => unknown) =>
      () =>
        decodeLinkFrame(encodeLinkFrame({ ...hello, features }));
    expect(refusalOf(featured(many(64, () => 'f'.repeat(64))))).toBeUndefined();
    expect(refusalOf(featured(many(65, () => 'f')))).toBe('frame_invalid');
    expect(refusalOf(featured(['f'.repeat(65)]))).toBe('frame_invalid');
  });

  test('[WIRE2] names a region and an origin of it', () => {
    const bytes = encodeLinkFrame({ ...hello, origin: tokyo });
    expect(() => decodeLinkFrame(bytes)).toThrow('names the origin of another region');
    const forged = toHex(encodeLinkFrame(hello)).replaceAll(
      toHex(new TextEncoder().encode('berlin')),
      toHex(new TextEncoder().encode('Berlin')),
    );
    expect(refusalOf(() => decodeLinkFrame(Buffer.from(forged, 'hex')))).toBe('frame_invalid');
  });
});

describe('[WIRE2] a forged frame is refused', () => {
  const report = { origin: berlin, seq: 1, oldestSeq: 1, logBytes: 1, completeMs: 1 };
  const heads = { type: 'heads', sentAtMs: 1, wallMs: 1, echoMs: 1, echoHeldMs: 1 } as const;

  const forgeries: ReadonlyArray<readonly [string, Uint8Array]> = [
    ['heads that report an origin twice', encodeLinkFrame({ ...heads, origins: [report, report] })],
    ['ops from seq 0', encodeLinkFrame({ type: 'ops', origin: berlin, firstSeq: 0, ops: [hash], lastChainHash: hash })],
    ['a frame of no ops', encodeLinkFrame({ type: 'ops', origin: berlin, firstSeq: 1, ops: [], lastChainHash: hash })],
    ['a denial without a reason', new ByteWriter().byte(6).text(berlin).byte(3).finish()],
    ['an acknowledgement of seq 0', new ByteWriter().byte(9).uint(1).text(berlin).uint(0).finish()],
    ['an acknowledgement out of order', new ByteWriter().byte(9).uint(2).text(tokyo).uint(1).text(berlin).uint(1).finish()],
    ['a stream of no origin', new ByteWriter().byte(5).text('berlin').finish()],
    [
      'holdings that name a region twice',
      encodeLinkFrame({ ...sampleFrames.holdings, holdings: [...sampleFrames.holdings.holdings, ...sampleFrames.holdings.holdings] }),
    ],
    ['holdings of no region', new ByteWriter().byte(129).uint(1).uint(1).text('Berlin').uint(0).finish()],
    ['awareness of no document', new ByteWriter().byte(128).text(berlin).uint(1).text('carts/..').sizedBytes(hash).finish()],
  ];

  test.each(forgeries)('%s', (_, bytes) => {
    expect(refusalOf(() => decodeLinkFrame(bytes))).toBe('frame_invalid');
  });

  test('and what its reader could not take is not written', () => {
    expect(() => encodeLinkFrame({ type: 'proof', mac: new Uint8Array(31) })).toThrow('31 bytes stand where 32 belong');
    expect(() => encodeLinkFrame({ type: 'credit', bytes: 0.5 })).toThrow('is not a whole number');
    expect(() => encodeLinkFrame({ type: 'acknowledge', durable: [[berlin, 0]] })).toThrow('seqs above 0');
  });
});

describe('[WIRE4] the limits of a frame', () => {
  function expectLimit(limit: number, frameOf: (size: number) => LinkFrame): void {
    expect(refusalOf(() => decodeLinkFrame(encodeLinkFrame(frameOf(limit))))).toBeUndefined();
    expect(refusalOf(() => decodeLinkFrame(encodeLinkFrame(frameOf(limit + 1))))).toBe('frame_invalid');
  }

  test('ops in one frame', () => {
    expectLimit(frameOpsMax, (count) => ({ type: 'ops', origin: berlin, firstSeq: 1, ops: many(count, () => hash), lastChainHash: hash }));
  });

  test('bytes of one op', () => {
    expectLimit(opBytesMax, (size) => ({ type: 'ops', origin: berlin, firstSeq: 1, ops: [new Uint8Array(size)], lastChainHash: hash }));
    expectLimit(opBytesMax, (size) => ({ ...sampleFrames.fetched, op: new Uint8Array(size) }));
  });

  test('origins in heads and acknowledgements', () => {
    const report = (index: number) => ({ origin: originAt(index), seq: 1, oldestSeq: 1, logBytes: 1, completeMs: 1 });
    expectLimit(vectorOriginsMax, (count) => ({ ...sampleFrames.heads, origins: many(count, report) }));
    expectLimit(vectorOriginsMax, (count) => ({ type: 'acknowledge', durable: many(count, (index) => [originAt(index), 1] as const) }));
  });

  test('regions and their origins in holdings, origins in the answer to a probe', () => {
    const named = (index: number) => `r${index}` as RegionId;
    const { holdings, probed } = sampleFrames;
    const holding = (index: number) => ({ region: named(index), generation: 1, durable: [] });
    const vector = (count: number) => many(count, (index) => [originAt(index), 1] as const);
    expectLimit(holdingsMax, (count) => ({ ...holdings, holdings: many(count, holding) }));
    expectLimit(linkedRegionsMax, (count) => ({ ...holdings, linked: many(count, named) }));
    expectLimit(vectorOriginsMax, (count) => ({ ...holdings, holdings: [{ ...holding(0), durable: vector(count) }] }));
    expectLimit(vectorOriginsMax, (count) => ({ ...probed, durable: vector(count) }));
  });

  test('bytes of credit and of awareness', () => {
    expectLimit(2 ** 31, (bytes) => ({ type: 'credit', bytes }));
    expectLimit(awarenessBytesMax, (size) => ({ ...sampleFrames.awareness, bytes: new Uint8Array(size) }));
  });

  test('bytes of all: a frame beyond is refused unread, and none is written', () => {
    const ignored = (size: number): Uint8Array => new Uint8Array(size).fill(200);
    expect(decodeLinkFrame(ignored(frameBytesMax))).toBeUndefined();
    expect(refusalOf(() => decodeLinkFrame(ignored(frameBytesMax + 1)))).toBe('frame_invalid');
    const ops = [new Uint8Array(opBytesMax), new Uint8Array(1 << 17)];
    expect(() => encodeLinkFrame({ type: 'ops', origin: berlin, firstSeq: 1, ops, lastChainHash: hash })).toThrow('a frame of type ops');
  });
});
