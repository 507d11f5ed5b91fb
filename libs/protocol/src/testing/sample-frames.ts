// One op and one frame of each kind with every field in use: what the golden bytes say, and what the tests of damage start
// from. A sample never changes, like the golden bytes of it.

import type { OriginId, RegionId } from '@anabranch/causality';
import { encodeOp, type LinkFrame, type Op, parseDocumentId } from '../index.ts';

const berlin = 'berlin.5f0c12ab90de' as OriginId;
const newYork = 'new-york.0123456789ab' as OriginId;
const tokyo = 'tokyo.ffffffffffff' as OriginId;
const cart = parseDocumentId('carts/user-42');

/** Rising bytes from `first`. */
function bytes(length: number, first: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => (first + index) & 0xff);
}

export const bareOp: Op = {
  hlc: { ms: 1_790_000_000_000, counter: 0 },
  dependencies: [],
  writes: [{ document: cart, library: 'yjs', update: bytes(5, 0x10) }],
};

export const fullOp: Op = {
  hlc: { ms: 2 ** 48 - 1, counter: 0xffff },
  dependencies: [
    [newYork, 127],
    [tokyo, 2 ** 53 - 1],
  ],
  writes: [
    { document: cart, library: 'yjs', update: bytes(130, 0) },
    { document: parseDocumentId('boards/A.b_c~d-9'), library: 'automerge', update: new Uint8Array() },
  ],
  idempotency: { key: 'order:4711!', requestDigest: bytes(16, 0xa0) },
  trace: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01',
  extension: bytes(3, 0xe0),
};

export const sampleFrames: { readonly [T in LinkFrame['type']]: Extract<LinkFrame, { type: T }> } = {
  hello: {
    type: 'hello',
    protocolVersion: 1,
    protocolVersionFloor: 1,
    region: 'berlin' as RegionId,
    origin: berlin,
    storeId: bytes(16, 0x20),
    instanceId: bytes(16, 0x40),
    nonce: bytes(32, 0x60),
    features: ['snapshots', '\ufeff\u03b2'],
  },
  proof: { type: 'proof', mac: bytes(32, 0x80) },
  heads: {
    type: 'heads',
    sentAtMs: 123_456,
    wallMs: 1_790_000_000_123,
    echoMs: 654_321,
    echoHeldMs: 7,
    origins: [
      { origin: tokyo, seq: 300, oldestSeq: 1, logBytes: 12_345, completeMs: 1_789_999_999_999 },
      { origin: berlin, seq: 0, oldestSeq: 1, logBytes: 0, completeMs: 1_790_000_000_123 },
    ],
  },
  subscribe: { type: 'subscribe', origin: tokyo, afterSeq: 812, chainHash: bytes(32, 0xc0) },
  unsubscribe: { type: 'unsubscribe', origin: newYork },
  denied: { type: 'denied', origin: tokyo, reason: 'damaged' },
  ops: { type: 'ops', origin: berlin, firstSeq: 813, ops: [encodeOp(bareOp), encodeOp(fullOp)], lastChainHash: bytes(32, 0xd0) },
  credit: { type: 'credit', bytes: 8_388_608 },
  acknowledge: {
    type: 'acknowledge',
    durable: [
      [berlin, 1],
      [tokyo, 300],
    ],
  },
  awareness: { type: 'awareness', origin: berlin, counter: 16_384, document: cart, bytes: bytes(9, 0xf0) },
  rights: {
    type: 'rights',
    origin: berlin,
    counter: 16_390,
    ask: 16_388,
    document: cart,
    path: '/stock',
    kind: 'up',
    isUrgent: true,
    wants: [
      { region: 'tokyo' as RegionId, amount: 300 },
      { region: 'new-york' as RegionId, amount: 1 },
    ],
  },
  holdings: {
    type: 'holdings',
    generation: 1_832_960_000_000_123,
    linked: ['berlin' as RegionId, 'new-york' as RegionId],
    holdings: [
      { region: 'tokyo' as RegionId, generation: 1_832_960_000_000_007, durable: [[berlin, 812]] },
      { region: 'sydney' as RegionId, generation: 1, durable: [] },
    ],
  },
  fetch: { type: 'fetch', origin: tokyo, seq: 812 },
  fetched: { type: 'fetched', origin: tokyo, seq: 812, op: encodeOp(bareOp) },
  probe: { type: 'probe', id: 300 },
  probed: {
    type: 'probed',
    id: 300,
    durable: [
      [berlin, 812],
      [tokyo, 7],
    ],
  },
};
