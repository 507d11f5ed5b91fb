import type { RegionId } from '@anabranch/causality';
import fc from 'fast-check';
import type { SessionAnswer, SessionRequest } from '../index.ts';
import { documentId, origin, region, seq, uint, vectorEntries } from './arbitrary-op.ts';

type Frame = SessionRequest | SessionAnswer;
type FrameArbitraries = { readonly [T in Frame['type']]: fc.Arbitrary<Extract<Frame, { type: T }>> };

const text = fc.string({ unit: 'binary', maxLength: 16 });
const bytes = fc.uint8Array({ maxLength: 40 });
const name = region;
const protocolVersion = fc.constant(1);
const writes = fc.uniqueArray(fc.record({ document: documentId, update: bytes }), { maxLength: 3, selector: ({ document }) => document });
const documents = fc.uniqueArray(documentId, { maxLength: 5 }).map((ids) => ids.sort());

/** Every kind of frame of a session, within its limits. */
export const sessionFrames: FrameArbitraries = {
  open: fc.record({
    ...{ type: fc.constant('open' as const), protocolVersion, protocolVersionFloor: protocolVersion },
    writer: fc.string({ unit: fc.constantFrom(...'abc.!~019'), minLength: 1, maxLength: 64 }),
    ...{ seen: vectorEntries, required: vectorEntries },
    resumeKey: fc.oneof(fc.constant(new Uint8Array()), fc.uint8Array({ minLength: 16, maxLength: 16 })),
    ...{ followSerial: uint, credential: text },
    collections: fc.array(fc.record({ name, definition: text }), { maxLength: 3 }),
  }),
  welcome: fc.record({
    ...{ type: fc.constant('welcome' as const), protocolVersion, region: region.map((it) => it as RegionId), origin },
    resumeKey: fc.uint8Array({ minLength: 16, maxLength: 16 }),
    ...{ followSerial: uint, wallMs: uint, durable: vectorEntries, coversRequired: fc.boolean() },
  }),
  follow: fc.record({
    ...{ type: fc.constant('follow' as const), serial: seq, isComplete: fc.boolean() },
    documents: documents.chain((ids) =>
      fc.tuple(...ids.map((document) => fc.record({ document: fc.constant(document), isHeld: fc.boolean() }))),
    ),
  }),
  unfollow: fc.record({ type: fc.constant('unfollow' as const), serial: seq, documents }),
  changes: fc.record({
    type: fc.constant('changes' as const),
    ops: fc.array(fc.record({ origin, seq, writes }), { maxLength: 3 }),
    told: vectorEntries,
  }),
  state: fc.record({ type: fc.constant('state' as const), document: documentId, isResync: fc.boolean(), state: bytes }),
  unavailable: fc.record({ type: fc.constant('unavailable' as const), document: documentId, code: text, message: text }),
  push: fc.record({ type: fc.constant('push' as const), id: uint, writes: writes.filter((some) => some.length > 0) }),
  pushed: fc.record({ type: fc.constant('pushed' as const), id: uint, covered: vectorEntries }),
  refused: fc.record({ type: fc.constant('refused' as const), id: uint, code: text, message: text, details: text }),
  replicated: fc.record({ type: fc.constant('replicated' as const), majority: vectorEntries, all: vectorEntries }),
  covering: fc.constant({ type: 'covering' as const }),
  presence: fc.record({ type: fc.constant('presence' as const), document: documentId, update: bytes }),
  alive: fc.constant({ type: 'alive' as const }),
};
