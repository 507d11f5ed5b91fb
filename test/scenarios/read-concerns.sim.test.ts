// What a read that demands recent state shows, and when it is refused instead.

import { isAnabranchError } from '@anabranch/base';
import { type OriginId, VersionVector } from '@anabranch/causality';
import type { DocumentOp } from '@anabranch/crdt';
import type { DocumentView, OpId, ReadConcern, Replica } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import { describe, expect, test } from 'vitest';
import { ScriptedPeer } from '../simulator/scripted-peer.ts';
import { SeededRandom } from '../simulator/seeded-random.ts';
import { SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { linkedMesh } from './linked-mesh.ts';

const cart = parseDocumentId('carts/c1');
const three = ['berlin', 'new-york', 'tokyo'];
const add = (by: number): DocumentOp[] => [{ op: 'increment', path: '/items/sku-1/qty', by }];
const majority: ReadConcern = { kind: 'majority' };
const bounded = (maxLagMs: number): ReadConcern => ({ kind: 'bounded', maxLagMs });

const meshOf = (...regions: string[]): Promise<SimulatedMesh> => linkedMesh({ seed: 23, regions });

interface Answer {
  readonly view: DocumentView | undefined;
  readonly refusal: { readonly code: string; readonly details: Readonly<Record<string, unknown>> } | undefined;
  readonly afterMs: number;
}

async function read(mesh: SimulatedMesh, at: string, readConcern: ReadConcern, waitMsMax = 2_000): Promise<Answer> {
  const startMs = mesh.clock.monotonicMs();
  let answer: Answer | undefined;
  const afterMs = () => mesh.clock.monotonicMs() - startMs;
  mesh
    .replica(at)
    .read(cart, { readConcern, waitMsMax })
    .then((view) => {
      answer = { view, refusal: undefined, afterMs: afterMs() };
    })
    .catch((error: unknown) => {
      if (!isAnabranchError(error)) throw error;
      answer = { view: undefined, refusal: { code: error.code, details: error.details }, afterMs: afterMs() };
    });
  await mesh.clock.until(() => answer !== undefined, waitMsMax + 1_000, 'answered');
  if (answer === undefined) throw new Error('no answer');
  return answer;
}

function countOf({ view }: Answer): number {
  const items = view?.json['items'] as Record<string, { qty: number }> | undefined;
  return items?.['sku-1']?.qty ?? 0;
}

describe('bounded', () => {
  test('[RC1] a region that hears everyone answers at once; one that has just lost sight of one, until the bound is passed', async () => {
    const mesh = await meshOf(...three);
    await mesh.edit('tokyo', cart, add(1));
    await mesh.untilConverged();
    await mesh.clock.advance(500);
    expect(await read(mesh, 'berlin', bounded(500))).toMatchObject({ afterMs: 0, refusal: undefined });
    for (const other of ['berlin', 'new-york']) mesh.path(other, 'tokyo').cut('both');
    await mesh.clock.advance(1_000);
    expect(await read(mesh, 'berlin', bounded(5_000))).toMatchObject({ afterMs: 0 });
    const refused = await read(mesh, 'berlin', bounded(500));
    expect(refused.refusal).toMatchObject({
      code: 'read_concern_unmet',
      details: { behind: [{ region: 'tokyo', lagMs: expect.toSatisfy((ms: number) => ms > 2_000 && ms < 4_000) }] },
    });
    expect(refused.afterMs).toBe(2_000);
  });

  test('[RC1] a region that restarts with its clock set back makes nothing recent, of its own reads or of those it relays to', async () => {
    const mesh = await meshOf(...three);
    await mesh.edit('tokyo', cart, add(1));
    await mesh.untilConverged();
    mesh.path('berlin', 'tokyo').cut('both');
    await mesh.clock.advance(5_000);
    mesh.path('new-york', 'tokyo').cut('both');
    await mesh.edit('tokyo', cart, add(1));
    await mesh.clock.advance(60_000);
    mesh.crash('new-york');
    mesh.skewWallClock('new-york', -3_600_000);
    await mesh.start('new-york');
    await mesh.clock.advance(5_000);
    for (const at of ['new-york', 'berlin']) {
      expect((await read(mesh, at, bounded(20_000), 0)).refusal).toMatchObject({ details: { behind: [{ region: 'tokyo' }] } });
    }
  });

  test('[RC1] it waits for a region to be heard again, and shows what that wrote meanwhile', async () => {
    const mesh = await meshOf(...three);
    for (const other of ['berlin', 'new-york']) mesh.path(other, 'tokyo').cut('both');
    await mesh.edit('tokyo', cart, add(7));
    await mesh.clock.advance(10_000);
    const reading = read(mesh, 'berlin', bounded(1_000), 20_000);
    for (const other of ['berlin', 'new-york']) mesh.path(other, 'tokyo').heal();
    const answer = await reading;
    expect(answer.refusal).toBeUndefined();
    expect(countOf(answer)).toBe(7);
  });

  test('[RC1] a bound below what a message takes is not met, and a region never heard of counts as beyond any bound', async () => {
    const mesh = await meshOf(...three);
    expect((await read(mesh, 'berlin', bounded(20))).refusal?.code).toBe('read_concern_unmet');
    const lonely = new SimulatedMesh({ seed: 23, regions: three });
    await lonely.start('berlin');
    await lonely.clock.advance(5_000);
    const { refusal } = await read(lonely, 'berlin', bounded(3_600_000));
    expect(refusal?.details['behind']).toEqual([
      { region: 'new-york', lagMs: null },
      { region: 'tokyo', lagMs: null },
    ]);
  });

  test('[RC1] through a relay it is as far behind as what the relay passes on, and no farther', async () => {
    const mesh = await meshOf(...three);
    mesh.path('berlin', 'tokyo').cut('both');
    await mesh.clock.advance(10_000);
    await mesh.edit('tokyo', cart, add(3));
    await mesh.clock.advance(1_000);
    const answer = await read(mesh, 'berlin', bounded(800));
    expect(answer.refusal).toBeUndefined();
    expect(countOf(answer)).toBe(3);
  });

  test('[RC1] ops that a region told of and lost with its disk, before anybody had them, stand in the way of none, once everybody says so', async () => {
    const mesh = await meshOf('berlin');
    const made = (epoch: string, of: number) =>
      new ScriptedPeer(mesh.replica('berlin'), { epoch, storeId: new Uint8Array(16).fill(of), instanceId: new Uint8Array(16).fill(of) });
    const report = (peer: ScriptedPeer, held: ReadonlyArray<readonly [OriginId, number]>): void => {
      const heard = peer.received.findLast((frame) => frame.type === 'heads');
      const [sentAtMs, wallMs] = [mesh.clock.monotonicMs(), mesh.clock.wallMs()].map(Math.floor) as [number, number];
      const origins = held.map(([origin, seq]) => ({
        origin,
        seq,
        oldestSeq: 1,
        logBytes: seq,
        completeMs: origin === peer.origin ? wallMs : 0,
      }));
      peer.sendFrame({ type: 'heads', sentAtMs, wallMs, echoMs: heard?.sentAtMs ?? 0, echoHeldMs: 0, origins });
    };
    const before = made('00000000000a', 1);
    before.shakeHands();
    await mesh.clock.advance(200);
    report(before, [[before.origin, 2]]);
    before.break();
    await mesh.clock.advance(2_000);
    const after = made('00000000000b', 2);
    after.shakeHands();
    await mesh.clock.advance(200);
    report(after, [
      [after.origin, 0],
      [before.origin, 2],
    ]);
    expect((await read(mesh, 'berlin', bounded(1_000), 100)).refusal?.details['behind']).toEqual([{ region: 'paris', lagMs: null }]);
    report(after, [
      [after.origin, 0],
      [before.origin, 0],
    ]);
    expect((await read(mesh, 'berlin', bounded(1_000), 100)).refusal).toBeUndefined();
  });
});

describe('majority', () => {
  test('[RC2] it takes one round trip, and brings what a majority acknowledged to a reader that lacked it', async () => {
    const mesh = await meshOf(...three);
    const first = await read(mesh, 'berlin', majority);
    expect(first.refusal).toBeUndefined();
    expect(first.afterMs).toBeGreaterThanOrEqual(100);
    expect(first.afterMs).toBeLessThanOrEqual(105);
    // Berlin hears tokyo's writes from new-york only, and these not at all for now.
    mesh.path('berlin', 'tokyo').cut('both');
    mesh.path('berlin', 'new-york').cut('both');
    await mesh.clock.advance(5_000);
    const { opId } = await mesh.edit('tokyo', cart, add(5));
    if (opId === undefined) throw new Error('nothing changed');
    await mesh.clock.advance(500);
    expect(mesh.replica('tokyo').writeConcerns.report(opId, 'majority').isMet).toBe(true);
    expect(countOf(await read(mesh, 'berlin', bounded(60_000)))).toBe(0);
    mesh.path('berlin', 'new-york').heal();
    const answer = await read(mesh, 'berlin', majority, 20_000);
    expect(countOf(answer)).toBe(5);
  });

  test('[RC3] without a majority in reach it is refused in time, saying who answered', async () => {
    const mesh = await meshOf('a', 'b', 'c', 'd', 'e');
    for (const cut of ['c', 'd', 'e']) for (const other of ['a', 'b']) mesh.path(other, cut).cut('both');
    const { refusal, afterMs } = await read(mesh, 'a', majority, 1_000);
    expect(refusal).toMatchObject({ code: 'read_concern_unmet', details: { needed: 3, answered: ['a', 'b'] } });
    expect(afterMs).toBe(1_000);
    expect((await read(mesh, 'c', majority)).refusal).toBeUndefined();
  });

  test('[RC3] a region that stops while a read waits refuses it, and so does one that has stopped', async () => {
    const mesh = await meshOf('berlin', 'tokyo');
    mesh.path('berlin', 'tokyo').cut('both');
    const berlin = mesh.replica('berlin');
    const codeOf = async () => {
      try {
        await berlin.read(cart, { readConcern: majority, waitMsMax: 60_000 });
        return 'none';
      } catch (error) {
        return isAnabranchError(error) ? error.code : String(error);
      }
    };
    const reading = codeOf();
    const stopped = berlin.stop();
    expect(await reading).toBe('not_ready');
    expect(await codeOf()).toBe('not_ready');
    await stopped;
  });

  test('[RC2] an edit, too, can be made on what a majority has', async () => {
    const mesh = await meshOf(...three);
    mesh.path('berlin', 'tokyo').cut('both');
    await mesh.clock.advance(5_000);
    await mesh.edit('tokyo', cart, add(5));
    await mesh.clock.advance(120);
    const seen: unknown[] = [];
    const plan = (document: { json(): unknown }) => {
      seen.push(document.json());
      return add(1);
    };
    const edited = mesh.replica('berlin').edit({ document: cart, plan, readConcern: majority });
    await mesh.clock.advance(1_000);
    await edited;
    expect(seen).toMatchObject([{ items: { 'sku-1': { qty: 5 } } }]);
  });
});

interface Tally {
  readonly acknowledged: number;
  readonly majorityReads: number;
  readonly boundedReads: number;
  readonly violations: readonly string[];
}

interface Run {
  readonly mesh: SimulatedMesh;
  readonly random: SeededRandom;
  readonly regions: readonly string[];
  /** Writes that a majority had acknowledged, in that order. */
  readonly acknowledged: OpId[];
  readonly written: { readonly opId: OpId; readonly atMs: number }[];
  readonly violations: string[];
  majorityReads: number;
  boundedReads: number;
}

/** What the wall clock of a region is taken to be off at most, with delays of 50 ms each way. */
const offsetErrorMs = 60;

/** What a process says that has crashed meanwhile reaches nobody. */
function isHeard({ mesh }: Run, replica: Replica): boolean {
  return mesh.running().includes(replica);
}

async function writeWithMajority(run: Run): Promise<void> {
  const { mesh, random, regions, acknowledged, written } = run;
  const replica = mesh.replica(random.pick(regions));
  const { opId } = await replica.edit({ document: cart, plan: () => add(1) });
  if (opId === undefined || !isHeard(run, replica)) return;
  written.push({ opId, atMs: mesh.clock.monotonicMs() });
  const { isMet } = await replica.writeConcerns.whenMet(opId, { target: 'majority', timeoutMs: 1_500 });
  if (isMet && isHeard(run, replica)) acknowledged.push(opId);
}

async function readFromMajority(run: Run): Promise<void> {
  const before = VersionVector.of(run.acknowledged.map(({ origin, seq }) => [origin, seq]));
  const replica = run.mesh.replica(run.random.pick(run.regions));
  const { version } = await replica.read(cart, { readConcern: majority, waitMsMax: 1_500 });
  if (!isHeard(run, replica)) return;
  run.majorityReads += 1;
  const lacks = before.since(version);
  if (lacks.length > 0) run.violations.push(`a majority read lacks ${JSON.stringify(lacks)}`);
}

async function readWithinBound(run: Run): Promise<void> {
  const { mesh, random, regions } = run;
  const maxLagMs = 300 + random.below(1_500);
  const replica = mesh.replica(random.pick(regions));
  const { version } = await replica.read(cart, { readConcern: bounded(maxLagMs), waitMsMax: 500 });
  if (!isHeard(run, replica)) return;
  run.boundedReads += 1;
  const dueMs = mesh.clock.monotonicMs() - maxLagMs - offsetErrorMs;
  const due = VersionVector.of(run.written.filter(({ atMs }) => atMs <= dueMs).map(({ opId: { origin, seq } }) => [origin, seq]));
  const lacks = due.since(version);
  if (lacks.length > 0) run.violations.push(`a read bounded by ${maxLagMs} ms lacks ${JSON.stringify(lacks)}`);
}

/** Writes and reads in random regions while one link after the other is cut, in one direction or both, and regions restart. */
async function runHistory(seed: number): Promise<Tally> {
  const random = new SeededRandom(seed);
  const regions = random.chance(0.5) ? three : ['a', 'b', 'c', 'd', 'e'];
  const mesh = new SimulatedMesh({ seed, regions });
  for (const region of regions) mesh.skewWallClock(region, random.below(20_000) - 10_000);
  await mesh.startAll();
  await mesh.clock.advance(2_000);
  const run: Run = { mesh, random, regions, acknowledged: [], written: [], violations: [], majorityReads: 0, boundedReads: 0 };
  const pending: Promise<void>[] = [];
  const begin = (attempt: Promise<void>) => {
    // Refusals are no violations; what is answered is checked.
    pending.push(
      attempt.catch((error: unknown) => {
        if (!isAnabranchError(error)) throw error;
      }),
    );
  };
  let heal = () => {};
  for (let step = 0; step < 60; step++) {
    begin(random.pick([writeWithMajority, writeWithMajority, readFromMajority, readWithinBound])(run));
    if (random.chance(0.12)) {
      heal();
      const [a, b] = [random.pick(regions), random.pick(regions)];
      if (a !== b) {
        mesh.path(a, b).cut(random.pick(['both', 'a-to-b', 'b-to-a']));
        heal = () => mesh.path(a, b).heal();
      }
    }
    if (random.chance(0.04)) {
      const region = random.pick(regions);
      mesh.crash(region);
      await mesh.start(region);
    }
    await mesh.clock.advance(random.below(250));
  }
  await mesh.clock.advance(5_000);
  await Promise.all(pending);
  return { ...run, acknowledged: run.acknowledged.length };
}

test('[RC1] [RC2] in random histories no majority read lacks an acknowledged write, no bounded one an older write', async () => {
  const sums = { acknowledged: 0, majorityReads: 0, boundedReads: 0 };
  for (let seed = 1; seed <= 12; seed++) {
    const tally = await runHistory(seed);
    expect(tally.violations, `seed ${seed}`).toEqual([]);
    for (const what of ['acknowledged', 'majorityReads', 'boundedReads'] as const) sums[what] += tally[what];
  }
  expect(sums.acknowledged).toBeGreaterThan(120);
  expect(sums.majorityReads).toBeGreaterThan(70);
  expect(sums.boundedReads).toBeGreaterThan(45);
});

test('[TOKEN2] who cannot show what a session has seen names who can, as far as it has heard', async () => {
  const mesh = await meshOf(...three);
  const { version } = await mesh.edit('berlin', cart, add(1));
  mesh.path('berlin', 'new-york').cut('both');
  mesh.path('berlin', 'tokyo').cut('both');
  const forged = version.with(mesh.replica('berlin').origin, 9);
  const refused = mesh
    .replica('tokyo')
    .read(cart, { minVersion: forged, waitMsMax: 0 })
    .catch((error: unknown) => error);
  expect(await refused).toMatchObject({
    code: 'not_yet_visible',
    details: { missing: [{ origin: mesh.replica('berlin').origin, needed: 9, held: 0, heldBy: [] }] },
  });
  const behind = new SimulatedMesh({ seed: 23, regions: three, delayMs: 200 });
  await behind.startAll();
  await behind.clock.advance(2_000);
  // Tokyo hears of the op by new-york's heads before it has it: what berlin sends is held back.
  behind.path('berlin', 'tokyo').cut('both');
  const { version: wanted } = await behind.edit('berlin', cart, add(1));
  const heldBy = new Set<string>();
  for (let step = 0; step < 100; step++) {
    await behind.clock.advance(10);
    const late = await behind
      .replica('tokyo')
      .read(cart, { minVersion: wanted, waitMsMax: 0 })
      .catch((error: unknown) => error);
    if (isAnabranchError(late, 'not_yet_visible')) heldBy.add(JSON.stringify(late.details['missing']));
  }
  const missing = (regions: string[]) => JSON.stringify([{ origin: behind.replica('berlin').origin, needed: 1, held: 0, heldBy: regions }]);
  expect([...heldBy]).toEqual([missing([]), missing(['new-york'])]);
});
