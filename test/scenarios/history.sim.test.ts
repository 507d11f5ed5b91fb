// The past of documents in a mesh that was partitioned: every region tells the same past of what all of them hold.

import { isAnabranchError } from '@anabranch/base';
import { type Hlc, regionOf, VersionVector } from '@anabranch/causality';
import type { HistoryCursor, HistoryEntry } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { pastDocuments, pastRegions, randomPast, replayed } from './random-past.ts';

const seeds = [1, 2, 3, 4];
const cart = parseDocumentId('carts/a');

async function wholeHistory(mesh: SimulatedMesh, region: string, document: typeof cart, entriesMax = 7): Promise<HistoryEntry[]> {
  const entries: HistoryEntry[] = [];
  let after: HistoryCursor | undefined;
  do {
    const page = await replayed(mesh, mesh.replica(region).past.history.page(document, after, entriesMax));
    expect([page.isComplete, page.entries.length <= entriesMax]).toEqual([true, true]);
    entries.push(...page.entries);
    after = page.next;
  } while (after !== undefined);
  return entries;
}

const idOf = ({ opId }: HistoryEntry): string => `${opId.origin}:${opId.seq}`;

/** What the listed changes make of an empty document, one after the other. */
function rebuilt(view: unknown, entries: readonly HistoryEntry[]): unknown {
  const state = structuredClone(view) as Record<string, unknown>;
  for (const { changes = [] } of entries) {
    for (const { path, before, after } of changes) {
      const segments = path.slice(1).split('/');
      const name = segments.pop() ?? '';
      const parent = segments.reduce<Record<string, unknown>>((value, segment) => value[segment] as Record<string, unknown>, state);
      expect(parent[name]).toEqual(before);
      if (after === undefined) delete parent[name];
      else parent[name] = structuredClone(after);
    }
  }
  return state;
}

test.each(seeds)(
  '[HIST2] [HIST3] every region tells the same past of a partitioned mesh, and it is what was shown (seed %i)',
  async (seed) => {
    const { mesh, moments } = await randomPast(seed, 60);
    expect(moments.length).toBeGreaterThan(20);
    for (const region of pastRegions) {
      const { history } = mesh.replica(region).past;
      for (const { document, version, json, exists } of moments) {
        const view = await replayed(mesh, history.viewAt(document, { vector: version }));
        expect(view).toEqual({ json, exists, version });
      }
      for (const document of pastDocuments) {
        const live = await mesh.replica(region).read(document);
        const { json: empty } = await replayed(mesh, history.viewAt(document, { vector: VersionVector.empty }));
        expect((await replayed(mesh, history.viewAt(document, { vector: live.version }))).json).toEqual(live.json);
        expect((await replayed(mesh, history.viewAt(document, { timeMs: mesh.clock.wallMs() }))).json).toEqual(live.json);
        const entries = await wholeHistory(mesh, region, document);
        expect(rebuilt(empty, entries)).toEqual(live.json);
        const elsewhere = await wholeHistory(mesh, 'new-york', document, 1_000);
        expect(entries.map(idOf).sort()).toEqual(elsewhere.map(idOf).sort());
      }
    }
  },
);

test('[HIST3] the comparison of past views notices an op that is missing', async () => {
  const { mesh, moments } = await randomPast(5, 60);
  const { history } = mesh.replica('tokyo').past;
  let noticed = 0;
  for (const { document, version, json } of moments) {
    const [[origin, seq] = []] = version.entries();
    if (origin === undefined || seq === undefined) continue;
    const less = VersionVector.of(version.entries().map(([name, at]) => [name, name === origin ? at - 1 : at]));
    if (JSON.stringify((await replayed(mesh, history.viewAt(document, { vector: less }))).json) !== JSON.stringify(json)) noticed += 1;
  }
  expect(noticed).toBeGreaterThan(0);
});

test('[HIST2] an entry tells who wrote what, when, and with which other documents', async () => {
  const mesh = new SimulatedMesh({ seed: 3, regions: ['berlin', 'tokyo'] });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  const other = parseDocumentId('carts-automerge/b');
  await mesh.edit('berlin', cart, [{ op: 'set', path: '/items/a~1b/name', value: 'Tea' }]);
  await mesh.untilConverged();
  const writtenMs = mesh.clock.wallMs();
  const plan = () => [{ op: 'increment', path: '/items/tea/qty', by: 2 } as const];
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  await mesh.replica('tokyo').transact({ writes: [cart, other].map((document) => ({ document, plan })), trace });
  await mesh.untilConverged();
  const [set, increment] = await wholeHistory(mesh, 'berlin', cart);
  expect(set).toMatchObject({
    opId: { origin: mesh.replica('berlin').origin, seq: 1 },
    documents: [cart],
    trace: undefined,
    isTruncated: false,
    changes: [{ path: '/items/a~1b', before: undefined, after: { name: 'Tea', qty: 0 } }],
  });
  expect(increment).toMatchObject({ trace, documents: [cart, other], changes: [{ path: '/items/tea', after: { name: null, qty: 2 } }] });
  expect(regionOf(increment?.opId.origin ?? mesh.replica('berlin').origin)).toBe('tokyo');
  expect(increment?.hlc.ms).toBeGreaterThanOrEqual(writtenMs);
});

test('[HIST4] a moment by time leaves out what depends on an op that it leaves out', async () => {
  const mesh = new SimulatedMesh({ seed: 4, regions: ['berlin', 'tokyo'] });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  await mesh.edit('tokyo', cart, [{ op: 'set', path: '/status', value: 'first' }]);
  await mesh.untilConverged();
  // An hour ahead: too far to be followed by the other region.
  mesh.skewWallClock('berlin', 3_600_000);
  await mesh.edit('berlin', cart, [{ op: 'set', path: '/status', value: 'ahead' }]);
  await mesh.untilConverged();
  await mesh.edit('tokyo', cart, [{ op: 'set', path: '/status', value: 'after it' }]);
  await mesh.untilConverged();
  const stamps = (await wholeHistory(mesh, 'tokyo', cart)).map(({ hlc }): Hlc => hlc);
  expect((stamps[2]?.ms ?? 0) < (stamps[1]?.ms ?? 0)).toBe(true);
  for (const region of ['berlin', 'tokyo']) {
    const viewAt = async (timeMs: number) =>
      (await replayed(mesh, mesh.replica(region).past.history.viewAt(cart, { timeMs }))).json['status'];
    expect(await viewAt(stamps[2]?.ms ?? 0)).toBe('first');
    expect(await viewAt(stamps[1]?.ms ?? 0)).toBe('after it');
    expect(await viewAt((stamps[0]?.ms ?? 0) - 1)).toBeNull();
  }
});

test('[HIST5] a page is as long as asked, its cursor counts in its region only, and a cursor of elsewhere is refused', async () => {
  const { mesh } = await randomPast(6, 80);
  const { next } = await replayed(mesh, mesh.replica('berlin').past.history.page(cart, undefined, 3));
  if (next === undefined) throw new Error('there is more');
  const foreign = { ...next, position: next.position + 1 };
  const refusal = await replayed(mesh, mesh.replica('berlin').past.history.page(cart, foreign, 3)).catch((error: unknown) => error);
  expect(isAnabranchError(refusal, 'cursor_invalid')).toBe(true);
});

test('[HIST5] what lets others have their turn is bounded, and so are replays at one time', async () => {
  const mesh = new SimulatedMesh({ seed: 7, regions: ['berlin'] });
  await mesh.startAll();
  await mesh.clock.advance(1_000);
  for (let at = 0; at < 50; at++) await mesh.edit('berlin', cart, [{ op: 'set', path: '/status', value: 'x'.repeat(2_000) }]);
  const { history } = mesh.replica('berlin').past;
  const replays = Array.from({ length: 5 }, () =>
    history.viewAt(cart, { timeMs: 0 }).then(
      () => 'done',
      (error) => error.code,
    ),
  );
  expect(await replayed(mesh, Promise.all(replays))).toEqual(['done', 'done', 'done', 'done', 'overloaded']);
  expect(await replayed(mesh, history.viewAt(cart, { timeMs: 0 }))).toMatchObject({ exists: false });
});
