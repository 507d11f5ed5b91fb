// Random logs of several origins, read from random places: each op once, in order, after its dependencies, whatever arrives
// while it is read.

import { AnabranchError } from '@anabranch/base';
import { type OriginId, parseRegionId, VersionVector } from '@anabranch/causality';
import { encodeOp, parseDocumentId } from '@anabranch/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { LoggedOp } from '../replica-store.ts';
import { ChangeFeed } from './change-feed.ts';
import type { ChangedOp, ChangeReader } from './changes-door.ts';

const origins = ['berlin', 'new-york', 'tokyo'].map((name) => `${parseRegionId(name)}.00000000000a` as OriginId);

/** Ops in one order of arrival; each depends on what its origin had seen. */
class RandomLog {
  durableVector: VersionVector = VersionVector.empty;
  readonly arrivals: LoggedOp[] = [];
  readonly contexts = new Map<string, VersionVector>();
  readonly #seen = new Map<OriginId, VersionVector>();

  read(origin: OriginId, afterSeq: number, bytesMax: number): readonly LoggedOp[] {
    const ops = this.arrivals.filter((op) => op.origin === origin && op.seq > afterSeq);
    // As little as a store may return.
    return ops.slice(0, bytesMax > 0 ? 2 : 1);
  }

  /** `hears` says how much of the others' logs the origin has seen by now. */
  append(origin: OriginId, hears: number, ms: number): void {
    const before = this.#seen.get(origin) ?? VersionVector.empty;
    const heard = this.arrivals[hears % (this.arrivals.length + 1)];
    const learnt = heard === undefined ? before : before.merge(this.contexts.get(`${heard.origin}:${heard.seq}`) ?? before);
    const dependencies = learnt.since(before).filter(([other]) => other !== origin);
    const seq = this.durableVector.get(origin) + 1;
    const context = learnt.with(origin, seq);
    const write = { document: parseDocumentId('carts/a'), library: 'yjs', update: Uint8Array.of(0, 0) } as const;
    const bytes = encodeOp({ hlc: { ms, counter: 0 }, dependencies, writes: [write] });
    this.arrivals.push({ origin, seq, bytes, chainHash: new Uint8Array(32), logBytes: 0, position: this.arrivals.length + 1 });
    this.contexts.set(`${origin}:${seq}`, context);
    this.#seen.set(origin, context);
    this.durableVector = this.durableVector.with(origin, seq);
  }
}

const draws = fc.array(fc.tuple(fc.nat(2), fc.nat(30), fc.nat(1_000)), { minLength: 1, maxLength: 40 });

function fill(log: RandomLog, history: ReadonlyArray<readonly [number, number, number]>): void {
  for (const [at, hears, ms] of history) log.append(origins[at] ?? fail(), hears, ms);
}

function fail(): never {
  throw new Error('no origin');
}

const readAll = (reader: ChangeReader): ChangedOp[] => {
  const ops: ChangedOp[] = [];
  for (let op = reader.next(); op !== undefined; op = reader.next()) ops.push(op);
  return ops;
};

/** What breaks the promise, in words. */
function violations(log: RandomLog, after: VersionVector, ops: readonly ChangedOp[]): string[] {
  const found: string[] = [];
  let read = after;
  for (const { opId, version } of ops) {
    const id = `${opId.origin}:${opId.seq}`;
    if (opId.seq !== read.get(opId.origin) + 1) found.push(`${id} is skipped to or repeated`);
    read = read.with(opId.origin, opId.seq);
    if (!read.covers(log.contexts.get(id) ?? read)) found.push(`${id} comes before what it depends on`);
    if (!version.equals(read)) found.push(`${id} has another vector`);
  }
  if (!read.equals(log.durableVector.merge(after))) found.push('ops are missing');
  return found;
}

test('[FEED1] every op is read once, after what it depends on, from any vector of the feed on', () => {
  fc.assert(
    fc.property(draws, draws, fc.nat(), (history, later, place) => {
      const log = new RandomLog();
      fill(log, history);
      const feed = new ChangeFeed(log);
      const whole = readAll(feed.readAfter(VersionVector.empty, () => {}));
      expect(violations(log, VersionVector.empty, whole)).toEqual([]);
      const after = whole[place % whole.length]?.version ?? VersionVector.empty;
      const reader = feed.readAfter(after, () => {});
      const rest = [reader.next()].filter((op) => op !== undefined);
      fill(log, later);
      expect(violations(log, after, [...rest, ...readAll(reader)])).toEqual([]);
      expect(reader.version.equals(log.durableVector)).toBe(true);
    }),
  );
});

test.each<[string, (ops: ChangedOp[]) => ChangedOp[]]>([
  ['an op that is left out', (ops) => ops.toSpliced(ops.length >> 1, 1)],
  ['an op that comes twice', (ops) => ops.toSpliced(1, 0, ...ops.slice(0, 1))],
  ['ops by origin, not by dependency', (ops) => ops.toSorted((a, b) => (a.opId.origin < b.opId.origin ? -1 : 1))],
])('[FEED1] the check notices %s', (_, spoil) => {
  const log = new RandomLog();
  fill(
    log,
    Array.from({ length: 12 }, (_op, nth) => [2 - (nth % 3), Math.max(0, nth - 1), 12 - nth] as const),
  );
  const ops = readAll(new ChangeFeed(log).readAfter(VersionVector.empty, () => {}));
  expect(violations(log, VersionVector.empty, ops)).toEqual([]);
  expect(violations(log, VersionVector.empty, spoil(ops))).not.toEqual([]);
});

test('[FEED1] a log that begins after the place of a reader is damage, not passed over', () => {
  const log = new RandomLog();
  for (let ms = 1; ms <= 4; ms++) log.append(origins[0] ?? fail(), 0, ms);
  log.arrivals.splice(0, 2);
  const feed = new ChangeFeed(log);
  expect(() => feed.readAfter(VersionVector.empty, () => {}).next()).toThrow(expect.objectContaining({ code: 'record_damaged' }));
  const held = feed.readAfter(VersionVector.of([[origins[0] ?? fail(), 2]]), () => {});
  expect(readAll(held).map(({ opId }) => opId.seq)).toEqual([3, 4]);
});

test('[FEED1] what comes before a damaged record is read, and the rest once it is whole again', () => {
  const log = new RandomLog();
  for (let ms = 1; ms <= 3; ms++) log.append(origins[0] ?? fail(), 0, ms);
  let damagedSeq = 2;
  const damaged: Pick<RandomLog, 'durableVector' | 'read'> = {
    durableVector: log.durableVector,
    read: (origin, afterSeq) => {
      if (afterSeq + 1 === damagedSeq) throw new AnabranchError('record_damaged', 'a record is damaged');
      return log.read(origin, afterSeq, 0);
    },
  };
  const reader = new ChangeFeed(damaged).readAfter(VersionVector.empty, () => {});
  expect(reader.next()?.opId.seq).toBe(1);
  for (let again = 0; again < 2; again++) expect(() => reader.next()).toThrow(expect.objectContaining({ code: 'record_damaged' }));
  damagedSeq = 0;
  expect(readAll(reader).map(({ opId }) => opId.seq)).toEqual([2, 3]);
});

test('[FEED2] a follower is told of more until it is closed', () => {
  const log = new RandomLog();
  const feed = new ChangeFeed(log);
  let told = 0;
  const reader = feed.readAfter(VersionVector.empty, () => {
    told += 1;
  });
  expect(reader.next()).toBeUndefined();
  log.append(origins[0] ?? fail(), 0, 1);
  feed.advance();
  expect([told, reader.next()?.opId.seq, reader.next()]).toEqual([1, 1, undefined]);
  reader.close();
  feed.advance();
  expect(told).toBe(1);
});
