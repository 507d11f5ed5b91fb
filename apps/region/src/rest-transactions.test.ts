// POST /v1/transactions: several documents together, and every way to get it wrong.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestAnswer, TestRegion } from './testing/region-under-test.ts';

let region: TestRegion;
beforeAll(async () => {
  region = await TestRegion.start();
});
afterAll(() => region.stop());

function transact(body: unknown, headers: Readonly<Record<string, string>> = {}): Promise<TestAnswer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return region.ask('/v1/transactions', { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text });
}

const add = (by: number) => [{ op: 'increment', path: '/items/sku-1/qty', by }];
const exists = async (document: string): Promise<boolean> => (await region.ask(`/v1/docs/${document}`)).status === 200;

test('[TX6] answers with every view, the op and a token, and all documents show it', async () => {
  const writes = [
    { document: 'carts/tx-1', ops: add(2) },
    { document: 'carts-automerge/tx-1', ops: add(-2) },
  ];
  const answer = await transact({ writes });
  expect(answer.status, answer.text).toBe(200);
  expect(answer.json).toMatchObject({
    opId: expect.stringMatching(/^berlin\.[0-9a-f]{12}:\d+$/),
    documents: { 'carts/tx-1': { items: { 'sku-1': { qty: 2 } } }, 'carts-automerge/tx-1': { items: { 'sku-1': { qty: -2 } } } },
  });
  expect(answer.headers.get('anabranch-session')).not.toBeNull();
  expect((await region.ask('/v1/docs/carts-automerge/tx-1')).json).toMatchObject({ items: { 'sku-1': { qty: -2 } } });
});

test('[TX6] one that changes nothing has no op', async () => {
  const answer = await transact({ writes: [{ document: 'carts/tx-nothing', ops: [{ op: 'remove', path: '/items/none' }] }] });
  expect(answer.status).toBe(200);
  expect(answer.json).not.toHaveProperty('opId');
});

test('[TX6] one that adds nothing shows several documents at one moment, without an op', async () => {
  await transact({ writes: [{ document: 'depots/tx-look', ops: [{ op: 'increment', path: '/stock', by: 4 }] }] });
  await transact({ writes: [{ document: 'depots-automerge/tx-look', ops: [{ op: 'increment', path: '/stock', by: 3 }] }] });
  const before = await region.ask('/v1/status');
  const look = ['depots/tx-look', 'depots-automerge/tx-look'].map((document) => ({
    document,
    ops: [{ op: 'increment', path: '/stock', by: 0 }],
  }));
  const { json } = await transact({ writes: look });
  expect(json).toMatchObject({ documents: { 'depots/tx-look': { stock: 4 }, 'depots-automerge/tx-look': { stock: 3 } } });
  expect(json).not.toHaveProperty('opId');
  expect((await region.ask('/v1/status')).json?.['versionVector']).toEqual(before.json?.['versionVector']);
});

test('[TX4] repeated under its key it is one; with another body 422', async () => {
  const body = { writes: [{ document: 'carts/tx-key', ops: add(1) }] };
  const [first, second] = [await transact(body, { 'idempotency-key': 'tx-k' }), await transact(body, { 'idempotency-key': 'tx-k' })];
  expect([first.status, second.status]).toEqual([200, 200]);
  expect(second.headers.get('idempotency-replayed')).toBe('true');
  expect(second.text).toBe(first.text);
  const other = await transact({ writes: [{ document: 'carts/tx-key', ops: add(2) }] }, { 'idempotency-key': 'tx-k' });
  expect(other.json).toMatchObject({ status: 422, code: 'idempotency_key_reused' });
});

test('[TX7] ifMatch is checked for each document, in the step that writes', async () => {
  const created = await region.patch('/v1/docs/carts/tx-match', add(1));
  const tag = created.headers.get('etag') ?? '';
  const writes = (ifMatch: string) => [
    { document: 'carts/tx-other', ops: add(1) },
    { document: 'carts/tx-match', ops: add(1), ifMatch },
  ];
  expect((await transact({ writes: writes('"stale"') })).json).toMatchObject({ status: 412, code: 'precondition_failed', writeIndex: 1 });
  expect(await exists('carts/tx-other')).toBe(false);
  expect((await transact({ writes: writes(tag) })).status).toBe(200);
  const absent = await transact({ writes: [{ document: 'carts/tx-none', ops: add(1), ifMatch: '*' }] });
  expect([absent.status, absent.json?.['detail']]).toEqual([
    412,
    'ifMatch demands a document that exists, and this one holds nothing in this region',
  ]);
});

test('[DOOR11] what is no transaction is refused in plain words', async () => {
  const write = { document: 'carts/tx-words', ops: add(1) };
  const details = [
    [[], 'the body: an object, not a list'],
    [{ writes: [] }, 'writes: at least 1 item'],
    [{ writes: [write], atomic: true }, 'the body: unknown key atomic'],
    [{ writes: [{ ...write, ops: [] }] }, 'writes.0.ops: at least 1 item'],
    [{ writes: [{ ...write, ops: [{ op: 'increment', path: '/items/a/qty', by: 1.5 }] }] }, 'writes.0.ops.0.by: a whole number, not 1.5'],
  ] as const;
  for (const [body, detail] of details) expect((await transact(body)).json).toMatchObject({ code: 'op_invalid', detail });
});

describe('[TX2] what is refused applies nothing', () => {
  const good = { document: 'carts/tx-good', ops: add(1) };
  test.each([
    ['no JSON', '{', 400, 'request_malformed'],
    ['an array', [good], 422, 'op_invalid'],
    ['no writes', { writes: [] }, 422, 'op_invalid'],
    ['an unknown member', { writes: [good], atomic: true }, 422, 'op_invalid'],
    [
      'too many documents',
      { writes: Array.from({ length: 65 }, (_, at) => ({ document: `carts/tx-${at}`, ops: add(1) })) },
      413,
      'request_too_large',
    ],
    ['a document twice', { writes: [good, good] }, 422, 'op_invalid'],
    ['a bad document id', { writes: [good, { document: 'carts', ops: add(1) }] }, 400, 'document_id_invalid'],
    ['an unknown collection', { writes: [good, { document: 'planes/1', ops: add(1) }] }, 404, 'collection_not_found'],
    ['an unknown op', { writes: [good, { document: 'carts/x', ops: [{ op: 'explode', path: '' }] }] }, 422, 'op_invalid'],
    ['no ops', { writes: [good, { document: 'carts/x', ops: [] }] }, 422, 'op_invalid'],
    ['an unknown path', { writes: [good, { document: 'carts/x', ops: [{ op: 'enable', path: '/nowhere' }] }] }, 422, 'path_unknown'],
    ['a fraction', { writes: [good, { document: 'carts/x', ops: add(0.5) }] }, 422, 'op_invalid'],
  ])('%s', async (_what, body, status, code) => {
    const answer = await transact(body);
    expect(answer.json).toMatchObject({ status, code });
    expect(await exists('carts/tx-good')).toBe(false);
  });

  test('another content type', async () => {
    expect((await transact({ writes: [good] }, { 'content-type': 'text/plain' })).json).toMatchObject({ code: 'content_type_unsupported' });
  });

  test('it names the write and the operation', async () => {
    const answer = await transact({ writes: [good, { document: 'carts/x', ops: [...add(1), { op: 'enable', path: '/note' }] }] });
    expect(answer.json).toMatchObject({ code: 'type_mismatch', writeIndex: 1, opIndex: 1, path: '/note' });
  });
});
