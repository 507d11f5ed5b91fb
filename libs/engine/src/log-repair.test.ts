import { AnabranchError, type Hash, silentLogger, silentMetrics } from '@anabranch/base';
import { ManualClock } from '@anabranch/base/testing';
import { hlcZero, type OriginId, parseRegionId, type RegionId } from '@anabranch/causality';
import { encodeOp, type LinkFrame, type OriginReport, opBytesMax } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { LogRepair } from './log-repair.ts';
import type { OpLog } from './op-log.ts';
import type { PeerLink } from './peer-link.ts';
import type { DamagedOp, RestoredOp } from './replica-store.ts';

const origin = 'tokyo.000000000001' as OriginId;
const tokyo: RegionId = parseRegionId('tokyo');
const paris: RegionId = parseRegionId('paris');
const chainHash = new Uint8Array(32);
const wrongHash = chainHash.map(() => 1);
const bytes = encodeOp({ hlc: hlcZero, dependencies: [], writes: [], idempotency: { key: 'k', requestDigest: new Uint8Array(16) } });
const lie = Uint8Array.of(...bytes.slice(0, -1), 255);
const sha256 = (link: Uint8Array): Uint8Array => (link[0] === 1 || link.at(-1) === 255 ? wrongHash : chainHash);
const hash: Hash = { sha256, hmacSha256: () => chainHash };

test('[REPAIR1] what is answered again while it is written is not kept, and may be damaged again', async () => {
  const { damage, answer, asked, finish, written } = repairOf();
  damage(1);
  answer(1);
  damage(1);
  answer(1);
  await finish(true);
  damage(1);
  answer(1);
  await finish(true);
  expect(written).toEqual([1, 1]);
  expect(asked()).toEqual([1, 1]);
});

test('[REPAIR1] a run that is half written when the region stops is not written on', async () => {
  const { repair, damage, answer, finish, written, clock } = repairOf();
  damage(2);
  damage(3);
  answer(2);
  clock.advance(1);
  answer(3);
  repair.stop();
  await finish(true);
  expect(written).toEqual([2]);
});

test('[REPAIR1] an op that is found damaged does not wait for one that nobody has', () => {
  const { damage, asked, clock } = repairOf(5);
  damage(9);
  clock.advance(60_000);
  damage(1);
  clock.advance(1);
  expect(asked()).toEqual([1]);
});

test('[REPAIR1] an op whose place in the store is not known is asked for once, until another one is written', async () => {
  const { damage, answer, asked, finish, written, clock } = repairOf();
  damage(1);
  answer(1);
  await finish(false);
  damage(1);
  clock.advance(60_000);
  expect(asked()).toEqual([1]);
  // Where it was may follow from another one.
  damage(3);
  answer(3);
  await finish(true);
  damage(1);
  answer(1);
  expect([asked(), written]).toEqual([
    [1, 3, 1],
    [1, 3, 1],
  ]);
});

test('[REPAIR2] a row of ops comes back though one of two peers answers wrongly, and one of its answers got lost', async () => {
  const { damage, answer, askedOf, finish, written, clock } = repairOf(9, [tokyo, paris]);
  damage(2);
  damage(3);
  let lost = 0;
  for (let second = 0; second < 120 && written.length === 0; second++) {
    for (const seq of askedOf(paris)) answer(seq, { from: paris });
    for (const seq of askedOf(tokyo)) if (seq === 2 || lost++ > 0) answer(seq, { from: tokyo, op: lie });
    clock.advance(1_000);
  }
  await finish(true);
  await finish(true);
  expect(written).toEqual([2, 3]);
});

test('[REPAIR2] what a peer answers that was not asked is passed over', async () => {
  const { damage, answer, askedOf, finish, written, clock } = repairOf(9, [tokyo, paris]);
  damage(2);
  damage(3);
  for (let tries = 0; tries < 240 && written.length === 0; tries++) {
    for (const seq of [2, 3]) answer(seq, { from: paris, op: lie });
    for (const seq of askedOf(tokyo)) answer(seq);
    clock.advance(500);
  }
  await finish(true);
  await finish(true);
  expect(written).toEqual([2, 3]);
});

test('[REPAIR1] an op beside a record of newer software waits, and the region goes on', async () => {
  const { damage, answer, finish, written, unreadable } = repairOf();
  unreadable.add(2);
  damage(1);
  answer(1);
  await finish(true);
  expect(written).toEqual([]);
});

test('[REPAIR1] a row of more bytes than may be held is asked for again now and then, and does not keep others from repair', async () => {
  const { damage, answer, askedOf, finish, written, clock } = repairOf();
  const large = new Uint8Array(opBytesMax);
  for (let seq = 2; seq <= 7; seq++) damage(seq);
  let fetched = 0;
  const pass = (seconds: number): void => {
    for (let tenth = 0; tenth < 10 * seconds; tenth++) {
      for (const seq of askedOf(tokyo)) {
        fetched += 1;
        answer(seq, { op: seq === 9 ? bytes : large });
      }
      clock.advance(100);
    }
  };
  pass(3_600);
  expect(fetched).toBeLessThanOrEqual(60);
  damage(9);
  pass(1);
  await finish(true);
  expect(written).toEqual([9]);
});

/** Repair of a log of 9 ops, of which peers have so many. What is written to it waits until it is told to finish. */
function repairOf(heldSeq = 9, peers: readonly RegionId[] = [tokyo]) {
  const clock = new ManualClock();
  const frames: Array<{ readonly to: RegionId; readonly frame: LinkFrame }> = [];
  const written: number[] = [];
  const waiting: Array<(isWritten: boolean) => void> = [];
  const damaged = new Set<number>();
  const unreadable = new Set<number>();
  let tell: (op: DamagedOp) => void = () => {};
  const read = (_: OriginId, afterSeq: number) => {
    if (unreadable.has(afterSeq + 1)) throw new AnabranchError('store_format_unknown', 'newer');
    if (!damaged.has(afterSeq + 1)) return [{ origin, seq: afterSeq + 1, bytes, chainHash, logBytes: 0, position: 1 }];
    tell({ origin, seq: afterSeq + 1 });
    return [];
  };
  const log: Pick<OpLog, 'hasFailed' | 'onDamaged' | 'durableHead' | 'chainHashAt' | 'read' | 'restore'> = {
    hasFailed: false,
    onDamaged: (listener: typeof tell) => {
      tell = listener;
    },
    durableHead: () => ({ seq: 9, chainHash, hlc: hlcZero, logBytes: 0, oldestSeq: 1 }),
    chainHashAt: (_: OriginId, seq: number) => (damaged.has(seq) ? undefined : chainHash),
    read,
    restore: ({ seq }: RestoredOp) => {
      written.push(seq);
      return new Promise<boolean>((resolve) => waiting.push(resolve));
    },
  };
  const linkTo = (peerRegion: RegionId): PeerLink => {
    const link: Pick<PeerLink, 'peerRegion' | 'reports' | 'send'> = {
      peerRegion,
      reports: new Map<OriginId, OriginReport>([[origin, { origin, seq: heldSeq, oldestSeq: 1, logBytes: 0, completeMs: 0 }]]),
      send: (frame) => {
        frames.push({ to: peerRegion, frame });
      },
    };
    return link as PeerLink;
  };
  const links = new Map(peers.map((peer) => [peer, linkTo(peer)]));
  const parts = { clock, hash, log: log as OpLog, logger: silentLogger, metrics: silentMetrics };
  const repair = new LogRepair({ ...parts, links });
  const seqsOf = (sent: typeof frames): number[] => sent.flatMap(({ frame }) => (frame.type === 'fetch' ? [frame.seq] : []));
  return {
    ...{ repair, clock, written, unreadable },
    asked: () => seqsOf(frames),
    /** What a peer was asked for since it was looked last. */
    askedOf: (peer: RegionId) => {
      const sent = frames.filter(({ to }) => to === peer);
      for (const each of sent) frames.splice(frames.indexOf(each), 1);
      return seqsOf(sent);
    },
    damage: (seq: number) => {
      damaged.add(seq);
      tell({ origin, seq });
      clock.advance(1);
    },
    answer: (seq: number, { from = tokyo, op = bytes } = {}) =>
      repair.take(links.get(from) ?? linkTo(from), { type: 'fetched', origin, seq, op }),
    finish: async (isWritten: boolean) => {
      for (const resolve of waiting.splice(0)) resolve(isWritten);
      if (isWritten) damaged.clear();
      await new Promise((resolve) => setImmediate(resolve));
    },
  };
}
