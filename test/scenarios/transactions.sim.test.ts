// Transactions: all or nothing where they are made, and at once wherever they arrive.

import { AnabranchError, isAnabranchError } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import type { PlannedEdit, Replica } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import { KvReplicaStore } from '@anabranch/storage';
import { expect, test, vi } from 'vitest';
import { SeededRandom } from '../simulator/seeded-random.ts';
import type { SimulatedMesh } from '../simulator/simulated-mesh.ts';
import { linkedMesh } from './linked-mesh.ts';

const regions = ['berlin', 'tokyo', 'new-york'];

const meshOf = (seed = 11): Promise<SimulatedMesh> => linkedMesh({ seed, regions });

function write(document: string, ...ops: DocumentOp[]): PlannedEdit {
  return { document: parseDocumentId(document), plan: () => ops };
}

const add = (sku: string, by: number): DocumentOp => ({ op: 'increment', path: `/items/${sku}/qty`, by });

async function refusalOf(promise: Promise<unknown>): Promise<{ code: string; details: Record<string, unknown> }> {
  try {
    await promise;
  } catch (error) {
    if (isAnabranchError(error)) return { code: error.code, details: { ...error.details } };
    throw error;
  }
  return { code: 'none', details: {} };
}

async function qty(replica: Replica, document: string): Promise<number> {
  const { json } = await replica.read(parseDocumentId(document));
  return Number((json as { items: Record<string, { qty: number }> }).items['sku-1']?.qty ?? 0);
}

test('[TX1] a transaction over both libraries is one op, and its views show all of it', async () => {
  const mesh = await meshOf();
  const berlin = mesh.replica('berlin');
  const before = berlin.status().version.get(berlin.origin);
  const result = await berlin.transact({
    writes: [
      write('carts/a', add('sku-1', -2)),
      write('carts-automerge/b', add('sku-1', 2)),
      write('notes/n', { op: 'set', path: '/m/title', value: 'moved' }),
    ],
  });
  expect(result.opId?.seq).toBe(before + 1);
  expect(berlin.status().version.get(berlin.origin)).toBe(before + 1);
  expect(result.views.map(({ json }) => json)).toMatchObject([
    { items: { 'sku-1': { qty: -2 } } },
    { items: { 'sku-1': { qty: 2 } } },
    { m: { title: 'moved' } },
  ]);
  await mesh.untilConverged();
  for (const region of regions) {
    expect(await qty(mesh.replica(region), 'carts/a')).toBe(-2);
    expect(await qty(mesh.replica(region), 'carts-automerge/b')).toBe(2);
  }
});

const refuse = (): never => {
  throw new AnabranchError('precondition_failed', 'the plan refuses');
};

test.each([
  [
    'a typed document last',
    [write('notes/n', { op: 'set', path: '/m/t', value: 1 }), write('carts/a', { op: 'set', path: '/items', value: 1 })],
    1,
  ],
  ['a typed document first', [write('carts/a', { op: 'set', path: '/nowhere', value: 1 }), write('carts/b', add('sku-1', 1))], 0],
  [
    'a freeform document after others',
    [write('notes/n', { op: 'set', path: '/m/t', value: 1 }), write('notes/m', { op: 'insert', path: '/none', index: 9, text: 'x' })],
    1,
  ],
  ['a plan', [write('carts/b', add('sku-1', 1)), { document: parseDocumentId('carts/a'), plan: () => refuse() }], 1],
] as const)(
  '[TX2] when %s refuses, nothing of the transaction stays: in memory, in the log, in any region',
  async (_what, writes, writeIndex) => {
    const mesh = await meshOf();
    const berlin = mesh.replica('berlin');
    const before = berlin.status().version;
    const attempt = berlin.transact({ writes });
    if (_what === 'a plan') await expect(attempt).rejects.toThrow();
    else expect((await refusalOf(attempt)).details['writeIndex']).toBe(writeIndex);
    await mesh.clock.advance(2_000);
    expect(berlin.status().version.equals(before)).toBe(true);
    for (const document of ['notes/n', 'notes/m', 'carts/a', 'carts/b']) {
      expect((await berlin.read(parseDocumentId(document))).exists).toBe(false);
    }
    // What was loaded anew goes on.
    await berlin.transact({ writes: [write('notes/n', { op: 'set', path: '/m/t', value: 2 }), write('carts/b', add('sku-1', 5))] });
    await mesh.untilConverged();
    expect(await mesh.json('tokyo', 'notes/n')).toEqual({ m: { t: 2 } });
    expect(await qty(mesh.replica('tokyo'), 'carts/b')).toBe(5);
  },
);

test('[TX3] an op that would be too large is refused, and its documents are as before', async () => {
  const mesh = await meshOf();
  const berlin = mesh.replica('berlin');
  const long = (id: string): PlannedEdit => write(`notes/${id}`, { op: 'set', path: '/m/t', value: 'x'.repeat(60_000) });
  const many = Array.from({ length: 20 }, (_, at): DocumentOp => ({ op: 'set', path: `/m/t${at}`, value: 'x'.repeat(60_000) }));
  const tooLong = { document: parseDocumentId('notes/z'), plan: () => many };
  expect((await refusalOf(berlin.transact({ writes: [long('a'), tooLong] }))).code).toBe('request_too_large');
  expect((await berlin.read(parseDocumentId('notes/a'))).exists).toBe(false);
  expect((await berlin.read(parseDocumentId('notes/z'))).exists).toBe(false);
});

test('[TX3] also when one of them is damaged on disk: the others are as before, and nobody goes on with what was taken back', async () => {
  const mesh = await meshOf();
  const berlin = mesh.replica('berlin');
  const set = (key: string, value: string): DocumentOp => ({ op: 'set', path: `/m/${key}`, value });
  const documents = ['notes/a', 'notes/b'];
  for (const document of documents) await mesh.edit('berlin', document, [set('t', 'before')]);
  await mesh.untilConverged();
  const ended: string[] = [];
  for (const document of documents) {
    const listener = { deliver() {}, awareness() {}, ended: (code: string) => void ended.push(`${document} ${code}`) };
    berlin.openSession(parseDocumentId(document), listener);
  }
  const readDocument = KvReplicaStore.prototype.readDocument;
  const damaged = vi.spyOn(KvReplicaStore.prototype, 'readDocument').mockImplementation(function (this: KvReplicaStore, document) {
    if (document !== 'notes/a') return readDocument.call(this, document);
    throw new AnabranchError('record_damaged', 'a record of the store is damaged');
  });
  const long = Array.from({ length: 20 }, (_, at) => set(`t${at}`, 'x'.repeat(60_000)));
  const writes = [...documents.map((document) => write(document, set('t', 'never'))), write('notes/z', ...long)];
  expect((await refusalOf(berlin.transact({ writes }))).code).toBe('request_too_large');
  expect(ended).toEqual(['notes/a not_ready', 'notes/b not_ready']);
  expect((await refusalOf(mesh.json('berlin', 'notes/a'))).code).toBe('record_damaged');
  expect(await mesh.json('berlin', 'notes/b')).toEqual({ m: { t: 'before' } });
  await mesh.edit('berlin', 'notes/b', [set('u', 'after')]);
  damaged.mockRestore();
  await mesh.untilConverged();
  expect(await mesh.json('tokyo', 'notes/b')).toEqual({ m: { t: 'before', u: 'after' } });
});

test('[TX4] a transaction repeated under its key has one effect, in another region too', async () => {
  const mesh = await meshOf();
  const idempotency = { key: 'move-1', requestDigest: new Uint8Array(16).fill(3) };
  const request = { writes: [write('carts/a', add('sku-1', -2)), write('carts-automerge/b', add('sku-1', 2))], idempotency };
  const first = await mesh.replica('berlin').transact(request);
  await mesh.untilConverged();
  mesh.crash('berlin');
  await mesh.start('berlin');
  const again = await mesh.replica('tokyo').transact(request);
  expect(again).toMatchObject({ isReplay: true, opId: first.opId });
  expect(again.views.map(({ json }) => json)).toEqual(first.views.map(({ json }) => json));
  await mesh.untilConverged();
  expect(await qty(mesh.replica('berlin'), 'carts-automerge/b')).toBe(2);
});

/** At any moment a region shows all of each transaction or nothing: what was moved adds up to nothing. */
async function movesUnderFaults(seed: number, look: (replica: Replica) => Promise<void>): Promise<void> {
  const random = new SeededRandom(seed);
  const mesh = await meshOf(seed);
  const documents = ['carts/a', 'carts/b', 'carts-automerge/a', 'carts-automerge/b'];
  let left = 40;
  const move = (): void => {
    if (left-- <= 0) return;
    const region = random.pick(regions);
    const from = random.pick(documents);
    const to = random.pick(documents.filter((other) => other !== from));
    const by = 1 + random.below(5);
    const writes = [write(from, add('sku-1', -by)), write(to, add('sku-1', by))];
    const replica = mesh.running().find((running) => running.region === region);
    void replica?.transact({ writes }).catch(() => {});
    mesh.clock.setTimer(random.below(80), move);
  };
  move();
  for (let step = 0; step < 120; step++) {
    if (step % 30 === 10) mesh.crash(random.pick(mesh.running()).region);
    if (step % 30 === 25) for (const region of regions) if (!mesh.running().some((one) => one.region === region)) await mesh.start(region);
    await mesh.clock.advance(random.below(60));
    for (const replica of mesh.running()) await look(replica);
  }
  for (const region of regions) if (!mesh.running().some((one) => one.region === region)) await mesh.start(region);
  await mesh.untilConverged();
  const sums = await Promise.all(documents.map((document) => qty(mesh.replica('berlin'), document)));
  expect(sums.reduce((sum, value) => sum + value, 0)).toBe(0);
  expect(sums.some((value) => value !== 0)).toBe(true);
}

test.each([1, 2, 3])('[TX5] in every region at every moment the views of one step show whole transactions, seed %i', async (seed) => {
  await movesUnderFaults(seed, async (replica) => {
    // Read in one step: the reads begin in the same turn, and each shows the documents as they are then.
    const views = ['carts/a', 'carts/b', 'carts-automerge/a', 'carts-automerge/b'].map((document) =>
      qty(replica, document).catch(() => undefined),
    );
    const values = await Promise.all(views);
    if (values.includes(undefined)) return;
    expect(
      values.reduce((sum, value) => (sum ?? 0) + (value ?? 0), 0),
      `${replica.region} shows half of a transaction`,
    ).toBe(0);
  });
});

test('[TX5] the check of whole transactions sees one that was written in two ops', async () => {
  const mesh = await meshOf();
  const berlin = mesh.replica('berlin');
  const values: number[] = [];
  const half = berlin
    .edit(write('carts/a', add('sku-1', -2)))
    .then(async () => values.push(...(await Promise.all([qty(berlin, 'carts/a'), qty(berlin, 'carts/b')]))));
  await mesh.clock.until(() => values.length > 0, 1_000, 'read');
  await half;
  await berlin.edit(write('carts/b', add('sku-1', 2)));
  expect(values.reduce((sum, value) => sum + value, 0)).not.toBe(0);
});
