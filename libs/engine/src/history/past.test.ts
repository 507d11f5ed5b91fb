// What the log no longer has, and what is too long to be replayed: told, not papered over.

import type { AnabranchError, Hash } from '@anabranch/base';
import { type OriginId, parseRegionId, VersionVector } from '@anabranch/causality';
import { type CollectionSchema, type CrdtDocument, createDocument } from '@anabranch/crdt';
import { encodeOp, parseDocumentId } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import type { LoggedOp, StoredHistory } from '../replica-store.ts';
import { ConflictJournal } from './conflict-journal.ts';
import { DocumentHistory } from './document-history.ts';
import { Replays } from './replay.ts';

const document = parseDocumentId('carts/a');
const origins = ['berlin', 'tokyo'].map((name) => `${parseRegionId(name)}.00000000000a` as OriginId);
const collection = {
  library: 'yjs',
  schema: { type: 'object', fields: { status: { type: 'register' } } },
} as const satisfies CollectionSchema;
const collections = new Map([['carts', collection]]);
const newDocument = (client: number): CrdtDocument =>
  createDocument(collection, { yjsClientId: 2 ** 32 + client, automergeActor: '00'.repeat(16) });

/** Each origin sets the register in its turn; they hear of each other only while they are `linked`. */
function opsOf(count: number, linked: (nth: number) => boolean): LoggedOp[] {
  const replicas = origins.map((_, client) => newDocument(client));
  return Array.from({ length: count }, (_, nth) => {
    const [writer, seq, hlc] = [nth % 2, (nth >> 1) + 1, { ms: 1_000 + nth, counter: 0 }];
    const origin = origins[writer];
    const update = replicas[writer]?.edit({ writer: origin ?? '', dot: seq, hlc }, [{ op: 'set', path: '/status', value: nth }]);
    if (origin === undefined || update === undefined) throw new Error('no update');
    if (linked(nth)) replicas[1 - writer]?.apply([update]);
    const bytes = encodeOp({ hlc, dependencies: [], writes: [{ document, library: 'yjs', update }] });
    return { origin, seq, bytes, chainHash: new Uint8Array(32), logBytes: 0, position: nth + 1 };
  });
}

/** The store holds what is after `beginsAfter`, and returns a few ops at a time. */
function pastOf(
  ops: readonly LoggedOp[],
  beginsAfter = 0,
  monotonicMs = () => 0,
): { history: DocumentHistory; conflicts: ConflictJournal } {
  const readHistory = (_: unknown, after: number): StoredHistory => ({
    ops: ops.filter(({ position }) => position > Math.max(after, beginsAfter)).slice(0, 7),
    beginsAfter,
  });
  const setTimer = (_: number, callback: () => void) => {
    queueMicrotask(callback);
    return { cancel: () => {} };
  };
  const replays = new Replays({ store: { readHistory }, clock: { wallMs: () => 0, monotonicMs, setTimer } });
  const log = { durableVector: VersionVector.empty };
  const store = { readOps: () => [], listDocuments: (_: string, after: unknown) => (after === undefined ? [document] : []) };
  return {
    history: new DocumentHistory({ store, replays, log, create: () => newDocument(9) }),
    conflicts: new ConflictJournal({ store, replays, log, collections, hash }),
  };
}

/** Ids are asked for, not compared. */
const hash: Hash = { sha256: () => new Uint8Array(32), hmacSha256: () => fail() };

function fail(): never {
  throw new Error('no origin');
}

const codeOf = (attempt: Promise<unknown>): Promise<unknown> =>
  attempt.then(
    () => 'none',
    (error: AnabranchError) => error.code,
  );

test('[HIST5] [HIST2] where the log no longer has the first ops, the rest is listed without changes and no past view is made', async () => {
  const ops = opsOf(20, () => true);
  const { history } = pastOf(ops, 12);
  const page = await history.page(document, undefined, 100);
  expect(page.isComplete).toBe(false);
  expect(page.entries.map(({ position, changes }) => [position, changes])).toEqual(
    [13, 14, 15, 16, 17, 18, 19, 20].map((at) => [at, undefined]),
  );
  expect(await codeOf(history.viewAt(document, { timeMs: 2_000 }))).toBe('history_unavailable');
  const whole = await pastOf(ops).history.page(document, undefined, 100);
  expect([whole.isComplete, whole.entries.length]).toEqual([true, 20]);
  expect(whole.entries[13]?.changes).toMatchObject([{ path: '/status', before: 12, after: 13 }]);
});

test('[HIST5] a page that takes long ends early, after one entry at least', async () => {
  const ops = opsOf(20, () => true);
  let nowMs = 0;
  const { history } = pastOf(ops, 0, () => {
    nowMs += 500;
    return nowMs;
  });
  const first = await history.page(document, undefined, 100);
  expect(first.entries.length).toBeLessThan(10);
  expect(first.entries.length).toBeGreaterThan(0);
  expect(first.next?.position).toBe(first.entries.length);
});

test('[CONF4] a journal that does not begin with the first op says so, and from when on it knows', async () => {
  const ops = opsOf(20, (nth) => nth < 18);
  const whole = await pastOf(ops).conflicts.ofDocument(document, undefined, 10);
  expect(whole).toMatchObject({
    isComplete: true,
    sinceMs: 1_000,
    conflicts: [{ winner: { value: 19 }, loser: { value: 18 }, stands: true }],
  });
  const { conflicts } = pastOf(ops, 12);
  expect(await conflicts.ofDocument(document, undefined, 10)).toMatchObject({ isComplete: false, sinceMs: 1_012 });
  expect((await conflicts.ofCollection('carts', undefined, 10)).unavailable).toEqual([document]);
});

test('[HIST5] [CONF4] more history than a replay takes is refused, and passed over by the journal of the collection', async () => {
  const writes = [{ document, library: 'yjs', update: newDocument(1).encodeState() }] as const;
  const bytes = encodeOp({ hlc: { ms: 1_000, counter: 0 }, dependencies: [], writes, extension: new Uint8Array(3 << 20) });
  const origin = origins[0] ?? fail();
  // The same bytes again and again: far more than they take in memory.
  const ops = Array.from({ length: 30 }, (_, nth) => {
    return { origin, seq: nth + 1, bytes, chainHash: new Uint8Array(32), logBytes: 0, position: nth + 1 };
  });
  const { history, conflicts } = pastOf(ops);
  expect(await codeOf(history.viewAt(document, { timeMs: 2_000 }))).toBe('history_unavailable');
  expect(await codeOf(conflicts.ofDocument(document, undefined, 10))).toBe('history_unavailable');
  expect(await conflicts.ofCollection('carts', undefined, 10)).toMatchObject({ conflicts: [], unavailable: [document], next: undefined });
});
