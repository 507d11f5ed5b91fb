import { readdirSync, readFileSync } from 'node:fs';
import { fromHex, toHex } from '@anabranch/base';
import type { OriginId, RegionId } from '@anabranch/causality';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  decodeSessionAnswer,
  decodeSessionRequest,
  encodeSessionFrame,
  frameDocumentsMax,
  parseDocumentId,
  requestFrameBytesMax,
  type SessionAnswer,
  type SessionRequest,
  updateBytesMax,
} from '../index.ts';
import { sessionFrames } from '../testing/arbitrary-session-frame.ts';
import { mutated, mutations } from '../testing/mutated-bytes.ts';
import { refusalOf } from '../testing/refusal.ts';

type Frame = SessionRequest | SessionAnswer;
const requests: ReadonlySet<string> = new Set(['open', 'follow', 'unfollow', 'push', 'presence', 'alive']);
const answers: ReadonlySet<string> = new Set(
  Object.keys(sessionFrames).filter((type) => !['open', 'follow', 'unfollow', 'push'].includes(type)),
);
const decode = (bytes: Uint8Array, type: string) => (requests.has(type) ? decodeSessionRequest(bytes) : decodeSessionAnswer(bytes));

const [ann, bob] = [parseDocumentId('carts/ann'), parseDocumentId('carts/bob')];
const [berlin, tokyo] = ['berlin.5f0c12ab90de' as OriginId, 'tokyo.ffffffffffff' as OriginId];
const bytes = (length: number, first: number): Uint8Array => Uint8Array.from({ length }, (_, at) => (first + at) & 0xff);

/** One frame of each kind with every field in use. A sample never changes, like the golden bytes of it. */
const samples: { readonly [T in Frame['type']]: Extract<Frame, { type: T }> } = {
  open: {
    ...{ type: 'open', protocolVersion: 1, protocolVersionFloor: 1, writer: 'device.1', seen: [[berlin, 812]] },
    ...{ required: [[berlin, 813]], resumeKey: bytes(16, 0x20), followSerial: 300, credential: 'secret' },
    collections: [{ name: 'carts', definition: '{"library":"yjs"}' }],
  },
  welcome: {
    ...{ type: 'welcome', protocolVersion: 1, region: 'berlin' as RegionId, origin: berlin, resumeKey: bytes(16, 0x30) },
    ...{ followSerial: 7, wallMs: 1_790_000_000_123, durable: [[tokyo, 2 ** 53 - 1]], coversRequired: true },
  },
  follow: {
    ...{ type: 'follow', serial: 8, isComplete: true },
    documents: [
      { document: ann, isHeld: true },
      { document: bob, isHeld: false },
    ],
  },
  unfollow: { type: 'unfollow', serial: 9, documents: [ann, bob] },
  changes: {
    type: 'changes',
    ops: [{ origin: tokyo, seq: 128, writes: [{ document: ann, update: bytes(3, 0x40) }] }],
    told: [
      [berlin, 1],
      [tokyo, 128],
    ],
  },
  state: { type: 'state', document: bob, isResync: true, state: bytes(5, 0x50) },
  unavailable: { type: 'unavailable', document: bob, code: 'collection_differs', message: 'otherwise' },
  push: {
    ...{ type: 'push', id: 128 },
    writes: [
      { document: ann, update: bytes(2, 0x60) },
      { document: bob, update: new Uint8Array() },
    ],
  },
  pushed: { type: 'pushed', id: 128, covered: [[berlin, 814]] },
  refused: { type: 'refused', id: 129, code: 'update_invalid', message: 'no', details: '{"a":1}' },
  replicated: { type: 'replicated', majority: [[berlin, 814]], all: [[berlin, 813]] },
  covering: { type: 'covering' },
  presence: { type: 'presence', document: ann, update: bytes(4, 0x70) },
  alive: { type: 'alive' },
};

const folder = new URL('../../test/golden/session-v1/', import.meta.url);

describe('the frames of a session', () => {
  test.each(Object.values(samples))('[WIRE1] $type has the bytes of session protocol 1', (sample) => {
    const golden = fromHex(readFileSync(new URL(`${sample.type}.hex`, folder), 'utf8').replaceAll('\n', ''));
    expect(toHex(encodeSessionFrame(sample))).toBe(toHex(golden ?? new Uint8Array()));
    expect(decode(golden ?? new Uint8Array(), sample.type)).toEqual(sample);
  });

  test('[WIRE1] every frame has its golden, every golden its frame', () => {
    expect(readdirSync(folder).sort()).toEqual(
      Object.keys(samples)
        .map((type) => `${type}.hex`)
        .sort(),
    );
  });

  test.each(Object.entries(sessionFrames))('[WIRE1] %s decodes to what was encoded', (type, arbitrary: fc.Arbitrary<Frame>) => {
    fc.assert(
      fc.property(arbitrary, (frame) => {
        expect(decode(encodeSessionFrame(frame), type)).toEqual(frame);
      }),
    );
  });

  test.each(Object.values(samples))('[WIRE2] $type: every cut and every further byte is refused, and the way back', (sample) => {
    const whole = encodeSessionFrame(sample);
    for (let length = 0; length < whole.length; length++)
      expect(refusalOf(() => decode(whole.subarray(0, length), sample.type))).toBe('frame_invalid');
    expect(refusalOf(() => decode(Uint8Array.of(...whole, 0), sample.type))).toBe('frame_invalid');
    if (!answers.has(sample.type)) expect(refusalOf(() => decodeSessionAnswer(whole))).toBe('frame_invalid');
    if (!requests.has(sample.type)) expect(refusalOf(() => decodeSessionRequest(whole))).toBe('frame_invalid');
  });

  test('[GUARD7] [WIRE2] with bytes changed, left out and put in are refused, or are the form of what they say', () => {
    const any = fc.oneof<fc.Arbitrary<Frame>[]>(...Object.values(sessionFrames));
    fc.assert(
      fc.property(any, mutations, (frame, changes) => {
        const damaged = mutated(encodeSessionFrame(frame), changes);
        for (const decodeOne of [decodeSessionRequest, decodeSessionAnswer]) {
          let read: Frame | undefined;
          const code = refusalOf(() => {
            read = decodeOne(damaged);
          });
          expect([undefined, 'frame_invalid', 'protocol_version_unsupported']).toContain(code);
          if (read !== undefined) expect(toHex(encodeSessionFrame(read))).toBe(toHex(damaged));
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('[WIRE4] documents of one frame, bytes of an update and of a frame have limits', () => {
    const ids = (count: number) => Array.from({ length: count }, (_, at) => parseDocumentId(`carts/c${at}`));
    const unfollow = (count: number) => encodeSessionFrame({ type: 'unfollow', serial: 1, documents: ids(count) });
    expect(refusalOf(() => decodeSessionRequest(unfollow(frameDocumentsMax)))).toBeUndefined();
    expect(refusalOf(() => decodeSessionRequest(unfollow(frameDocumentsMax + 1)))).toBe('frame_invalid');
    const push = (size: number) => encodeSessionFrame({ type: 'push', id: 1, writes: [{ document: ann, update: new Uint8Array(size) }] });
    expect(refusalOf(() => decodeSessionRequest(push(updateBytesMax)))).toBeUndefined();
    expect(refusalOf(() => decodeSessionRequest(push(updateBytesMax + 1)))).toBe('frame_invalid');
    expect(refusalOf(() => decodeSessionRequest(new Uint8Array(requestFrameBytesMax + 1).fill(200)))).toBe('frame_invalid');
  });

  test('[WIRE5] of a client that no longer speaks our version is refused as such, and one that does is read', () => {
    const of = (current: number, floor: number) =>
      encodeSessionFrame({ ...samples.open, protocolVersion: current, protocolVersionFloor: floor });
    expect(refusalOf(() => decodeSessionRequest(of(9, 2)))).toBe('protocol_version_unsupported');
    expect(refusalOf(() => decodeSessionRequest(of(0, 0)))).toBe('protocol_version_unsupported');
    expect(refusalOf(() => decodeSessionRequest(of(9, 1)))).toBeUndefined();
  });

  test('[WIRE2] names in order share their beginnings, in one form', () => {
    const many = Array.from({ length: 1_000 }, (_, at) => ({ document: parseDocumentId(`carts/customer-${10_000 + at}`), isHeld: true }));
    const named = encodeSessionFrame({ type: 'follow', serial: 1, isComplete: true, documents: many });
    expect(named.length / many.length).toBeLessThan(6);
    const shorter = toHex(encodeSessionFrame({ type: 'unfollow', serial: 1, documents: [ann, bob] })).replace(
      '06' + '03626f62',
      '05' + '042f626f62',
    );
    expect(refusalOf(() => decodeSessionRequest(fromHex(shorter) ?? new Uint8Array()))).toBe('frame_invalid');
  });
});
