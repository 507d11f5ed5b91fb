import type { RegionId } from '@anabranch/causality';
import fc from 'fast-check';
import type { LinkFrame } from '../index.ts';
import { documentId, origin, region, seq, uint, vectorEntries } from './arbitrary-op.ts';

type FrameArbitraries = { readonly [T in LinkFrame['type']]: fc.Arbitrary<Extract<LinkFrame, { type: T }>> };

const exactly = (length: number): fc.Arbitrary<Uint8Array> => fc.uint8Array({ minLength: length, maxLength: length });

const hello: FrameArbitraries['hello'] = fc
  .record({
    type: fc.constant('hello' as const),
    protocolVersion: fc.integer({ min: 0, max: 0xffff }),
    protocolVersionFloor: fc.constantFrom(0, 1),
    region: region.map((name) => name as RegionId),
    origin,
    storeId: exactly(16),
    instanceId: exactly(16),
    nonce: exactly(32),
    features: fc.array(fc.string({ unit: 'binary', maxLength: 16 }), { maxLength: 3 }),
  })
  .map((frame) => ({ ...frame, region: frame.origin.slice(0, frame.origin.indexOf('.')) as RegionId }));

const regionId = region.map((name) => name as RegionId);

const report = fc.record({ origin, seq: uint, oldestSeq: uint, logBytes: uint, completeMs: uint });

/** Every kind of frame within its limits. */
export const frames: FrameArbitraries = {
  hello,
  proof: fc.record({ type: fc.constant('proof' as const), mac: exactly(32) }),
  heads: fc.record({
    type: fc.constant('heads' as const),
    sentAtMs: uint,
    wallMs: uint,
    echoMs: uint,
    echoHeldMs: uint,
    origins: fc.uniqueArray(report, { maxLength: 4, selector: (item) => item.origin }),
  }),
  subscribe: fc.record({ type: fc.constant('subscribe' as const), origin, afterSeq: uint, chainHash: exactly(32) }),
  unsubscribe: fc.record({ type: fc.constant('unsubscribe' as const), origin }),
  denied: fc.record({
    type: fc.constant('denied' as const),
    origin,
    reason: fc.constantFrom('equivocation' as const, 'pruned' as const, 'damaged' as const),
  }),
  ops: fc.record({
    type: fc.constant('ops' as const),
    origin,
    firstSeq: seq,
    ops: fc.array(fc.uint8Array({ maxLength: 150 }), { minLength: 1, maxLength: 4 }),
    lastChainHash: exactly(32),
  }),
  credit: fc.record({ type: fc.constant('credit' as const), bytes: fc.integer({ min: 0, max: 2 ** 31 }) }),
  acknowledge: fc.record({ type: fc.constant('acknowledge' as const), durable: vectorEntries }),
  awareness: fc.record({
    type: fc.constant('awareness' as const),
    origin,
    counter: uint,
    document: documentId,
    bytes: fc.uint8Array({ maxLength: 200 }),
  }),
  rights: fc.record({
    type: fc.constant('rights' as const),
    origin,
    counter: uint,
    ask: uint,
    document: documentId,
    path: fc.string({ unit: 'binary', maxLength: 40 }),
    kind: fc.constantFrom('down' as const, 'up' as const),
    isUrgent: fc.boolean(),
    wants: fc.array(fc.record({ region: region.map((name) => name as RegionId), amount: uint.map((amount) => Math.max(1, amount)) }), {
      maxLength: 4,
    }),
  }),
  holdings: fc.record({
    type: fc.constant('holdings' as const),
    generation: uint,
    linked: fc.array(regionId, { maxLength: 3 }),
    holdings: fc.uniqueArray(fc.record({ region: regionId, generation: uint, durable: vectorEntries }), {
      maxLength: 3,
      selector: (item) => item.region,
    }),
  }),
  fetch: fc.record({ type: fc.constant('fetch' as const), origin, seq: uint.map((seq) => Math.max(1, seq)) }),
  fetched: fc.record({
    type: fc.constant('fetched' as const),
    origin,
    seq: uint.map((seq) => Math.max(1, seq)),
    op: fc.uint8Array({ maxLength: 40 }),
  }),
  probe: fc.record({ type: fc.constant('probe' as const), id: uint }),
  probed: fc.record({ type: fc.constant('probed' as const), id: uint, durable: vectorEntries }),
};

export const frame: fc.Arbitrary<LinkFrame> = fc.oneof<fc.Arbitrary<LinkFrame>[]>(...Object.values(frames));
