import type { Clock, Hash } from '@anabranch/base';
import { hlcZero, type OriginId } from '@anabranch/causality';
import type { LinkFrame } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { OpLog } from './op-log.ts';
import type { ReplicaStore } from './replica-store.ts';
import { Shipper } from './shipper.ts';

const origin = 'tokyo.000000000001' as OriginId;
const chainHash = new Uint8Array(32).fill(9);
const hash: Hash = { sha256: () => new Uint8Array(32), hmacSha256: () => new Uint8Array(32) };
const clock: Clock = { wallMs: () => 0, monotonicMs: () => 0, setTimer: () => ({ cancel() {} }) };

test('[LOG3] who continues from before a pruned log is told so: that its hash cannot be compared is no contradiction', () => {
  const head = { origin, seq: 9, chainHash, hlc: hlcZero, logBytes: 900, oldestSeq: 5 };
  const log = new OpLog({} as ReplicaStore, hash, { identity: undefined, heads: [head], peerVectors: [], lastPosition: 9 });
  const sent: LinkFrame[] = [];
  const shipper = new Shipper({ log, clock, outlet: { bufferedBytes: 0, send: (frame) => sent.push(frame), creditExhausted: () => {} } });
  for (const afterSeq of [2, 4]) expect(shipper.subscribe({ type: 'subscribe', origin, afterSeq, chainHash })).toBe('pruned');
  expect(shipper.subscribe({ type: 'subscribe', origin, afterSeq: 9, chainHash: new Uint8Array(32) })).toBe('equivocation');
  expect(shipper.subscribe({ type: 'subscribe', origin, afterSeq: 9, chainHash })).toBeUndefined();
  expect(sent.map((frame) => frame.type)).toEqual(['denied', 'denied', 'denied']);
});
