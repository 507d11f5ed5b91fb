// Documents over REST: the vocabulary of operations, the three patch formats, preconditions, tokens, idempotency, pages.

import { decodeSessionToken, encodeSessionToken, type OriginId } from '@anabranch/causality';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestRegion } from './testing/region-under-test.ts';

let region: TestRegion;
beforeAll(async () => {
  region = await TestRegion.start({ limits: { readWaitMsMax: 60 } });
});
afterAll(() => region.stop());

const empty = { coupons: [], gift: false, items: {}, lines: [], note: '', status: null };
let count = 0;
const freshId = () => `doc-${++count}`;

describe.each(['carts', 'carts-automerge'])('operations on %s', (collection) => {
  const operate = async (...ops: object[]) => {
    const path = `/v1/docs/${collection}/${freshId()}`;
    const answer = await region.patch(path, ops);
    expect(answer.status, answer.text).toBe(200);
    return answer.json;
  };

  test('[DOOR2] set and clear', async () => {
    expect(await operate({ op: 'set', path: '/status', value: { a: [1, null] } })).toEqual({ ...empty, status: { a: [1, null] } });
    expect(await operate({ op: 'set', path: '/status', value: 1 }, { op: 'clear', path: '/status' })).toEqual(empty);
  });

  test('[DOOR2] increment, also by a negative number', async () => {
    const by = (amount: number) => ({ op: 'increment', path: '/items/sku-1/qty', by: amount });
    expect(await operate(by(5), by(-7))).toMatchObject({ items: { 'sku-1': { qty: -2 } } });
  });

  test('[DOOR2] add and remove on a set', async () => {
    const ops = ['B', 'A', { x: 1 }].map((value) => ({ op: 'add', path: '/coupons', value }));
    expect(await operate(...ops, { op: 'remove', path: '/coupons', value: 'B' })).toEqual({ ...empty, coupons: ['A', { x: 1 }] });
  });

  test('[DOOR2] enable and disable', async () => {
    expect(await operate({ op: 'enable', path: '/gift' })).toMatchObject({ gift: true });
    expect(await operate({ op: 'enable', path: '/gift' }, { op: 'disable', path: '/gift' })).toMatchObject({ gift: false });
  });

  test('[DOOR2] remove on a map key', async () => {
    const ops = [
      { op: 'set', path: '/items/a~1b/name', value: 'x' },
      { op: 'increment', path: '/items/c/qty', by: 1 },
    ];
    expect(await operate(...ops)).toMatchObject({ items: { 'a/b': { name: 'x' }, c: { qty: 1 } } });
    expect(await operate(...ops, { op: 'remove', path: '/items/a~1b' })).toMatchObject({ items: { c: { qty: 1 } } });
  });

  test('[DOOR2] insert, remove and move in a list', async () => {
    const inserts = ['a', 'b', 'c'].map((value, index) => ({ op: 'insert', path: '/lines', index, value }));
    expect(await operate(...inserts, { op: 'move', path: '/lines', from: 0, to: 2 })).toMatchObject({ lines: ['b', 'c', 'a'] });
    expect(await operate(...inserts, { op: 'remove', path: '/lines', index: 1 })).toMatchObject({ lines: ['a', 'c'] });
  });

  test('[DOOR2] insert and delete in a text, in UTF-16 units', async () => {
    const insert = (index: number, text: string) => ({ op: 'insert', path: '/note', index, text });
    expect(await operate(insert(0, '\u{1f600}b'), insert(2, 'a'), { op: 'delete', path: '/note', index: 0, length: 2 })).toMatchObject({
      note: 'ab',
    });
  });

  test('[DOOR3] [DOOR4] patches of the other two formats', async () => {
    const path = `/v1/docs/${collection}/${freshId()}`;
    const merged = await region.patch(path, { status: 'open', lines: [1, 2] }, { 'content-type': 'application/merge-patch+json' });
    expect(merged.json).toEqual({ ...empty, status: 'open', lines: [1, 2] });
    const entries = [
      { op: 'test', path: '/status', value: 'open' },
      { op: 'move', from: '/lines/0', path: '/lines/1' },
      { op: 'add', path: '/coupons/-', value: 'A' },
    ];
    const patched = await region.patch(path, entries, { 'content-type': 'application/json-patch+json; charset=utf-8' });
    expect(patched.json).toEqual({ ...empty, status: 'open', lines: [2, 1], coupons: ['A'] });
  });
});

describe('reading', () => {
  test('[DOOR1] the view comes with an entity tag and a session token', async () => {
    const path = `/v1/docs/carts/${freshId()}`;
    const written = await region.patch(path, [{ op: 'enable', path: '/gift' }]);
    const answer = await region.ask(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('content-type')).toBe('application/json');
    expect(answer.json).toEqual({ ...empty, gift: true });
    expect(answer.headers.get('etag')).toMatch(/^"[\w-]{22}"$/);
    expect(answer.headers.get('etag')).toBe(written.headers.get('etag'));
    const token = answer.headers.get('anabranch-session') ?? '';
    expect(decodeSessionToken(token).covers(decodeSessionToken(written.headers.get('anabranch-session') ?? ''))).toBe(true);
  });

  test('[DOOR1] a document that holds nothing is 404, with a token all the same', async () => {
    const answer = await region.ask(`/v1/docs/carts/${freshId()}`);
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ code: 'document_not_found' });
    expect(answer.headers.get('anabranch-session')).not.toBeNull();
  });

  test('[DOOR1] a reader that has the current state is answered 304', async () => {
    const path = `/v1/docs/carts/${freshId()}`;
    const etag = (await region.patch(path, [{ op: 'enable', path: '/gift' }])).headers.get('etag') ?? '';
    const unchanged = await region.ask(path, { headers: { 'if-none-match': etag } });
    expect([unchanged.status, unchanged.text, unchanged.headers.get('etag')]).toEqual([304, '', etag]);
    await region.patch(path, [{ op: 'disable', path: '/gift' }]);
    expect((await region.ask(path, { headers: { 'if-none-match': etag } })).status).toBe(200);
  });

  test('[DOOR1] HEAD answers as GET does, without the body', async () => {
    const path = `/v1/docs/carts/${freshId()}`;
    await region.patch(path, [{ op: 'enable', path: '/gift' }]);
    const [head, get] = [await region.ask(path, { method: 'HEAD' }), await region.ask(path)];
    expect([head.status, head.text]).toEqual([200, '']);
    expect(head.headers.get('content-length')).toBe(String(get.text.length));
    expect(head.headers.get('etag')).toBe(get.headers.get('etag'));
  });

  test('[DOOR13] a token that the region does not cover is waited for, then answered 503', async () => {
    const path = `/v1/docs/carts/${freshId()}`;
    const { origin, version } = region.replica.status();
    const foreign = encodeSessionToken(version.with('tokyo.00aa11bb22cc' as OriginId, 7));
    const refused = await region.ask(path, { headers: { 'anabranch-session': foreign } });
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('1');
    expect(refused.json).toMatchObject({ code: 'not_yet_visible' });
    const write = await region.patch(path, [{ op: 'enable', path: '/gift' }], { 'anabranch-session': foreign });
    expect(write.json).toMatchObject({ code: 'not_yet_visible' });
    expect((await region.ask('/v1/docs/carts', { headers: { 'anabranch-session': foreign } })).status).toBe(503);

    // The region's own next op: the read waits until it is there.
    const next = encodeSessionToken(version.with(origin, version.get(origin) + 1));
    const [read] = await Promise.all([
      region.ask(path, { headers: { 'anabranch-session': next } }),
      region.patch(path, [{ op: 'enable', path: '/gift' }]),
    ]);
    expect(read.json).toMatchObject({ gift: true });
  });
});

describe('writing', () => {
  test('[DOOR5] DELETE removes what is seen; removing nothing is 404', async () => {
    const path = `/v1/docs/carts/${freshId()}`;
    await region.patch(path, [{ op: 'increment', path: '/items/a/qty', by: 1 }]);
    const removed = await region.ask(path, { method: 'DELETE' });
    expect([removed.status, removed.text]).toEqual([204, '']);
    expect(removed.headers.get('anabranch-session')).not.toBeNull();
    expect((await region.ask(path)).status).toBe(404);
    expect((await region.ask(path, { method: 'DELETE' })).json).toMatchObject({ code: 'document_not_found' });
  });

  test('[DOOR14] a precondition on another state is 412 and changes nothing', async () => {
    const path = `/v1/docs/carts/${freshId()}`;
    const gift = [{ op: 'enable', path: '/gift' }];
    const status = [{ op: 'set', path: '/status', value: 'x' }];
    const detailOf = async (headers: Record<string, string>): Promise<unknown> => {
      const answer = await region.patch(path, gift, headers);
      return answer.status === 412 ? answer.json?.['detail'] : answer.status;
    };
    expect(await detailOf({ 'if-match': '*' })).toBe('If-Match demands a document that exists, and this one holds nothing in this region');
    const created = await region.patch(path, gift, { 'if-none-match': '*' });
    expect(created.status).toBe(200);
    expect((await region.patch(path, status, { 'if-none-match': '*' })).status).toBe(412);
    expect(await detailOf({ 'if-none-match': '*' })).toBe('the document exists, in a state that If-None-Match rules out');
    expect(await detailOf({ 'if-match': '"stale"' })).toMatch(/^the document is in another state than If-Match names/);
    const etag = created.headers.get('etag') ?? '';
    expect((await region.patch(path, status, { 'if-match': etag })).status).toBe(200);
    const stale = await region.patch(path, [{ op: 'disable', path: '/gift' }], { 'if-match': etag });
    expect([stale.status, stale.json?.['code']]).toEqual([412, 'precondition_failed']);
    expect((await region.ask(path, { method: 'DELETE', headers: { 'if-match': etag } })).status).toBe(412);
    expect((await region.ask(path)).json).toEqual({ ...empty, gift: true, status: 'x' });
  });

  test('[LOG10] [LOG11] an idempotency key makes a write happen once, and stands for one request', async () => {
    const path = `/v1/docs/carts/${freshId()}`;
    const key = { 'idempotency-key': `key-${freshId()}` };
    const ops = [{ op: 'increment', path: '/items/a/qty', by: 2 }];
    const [first, again] = [await region.patch(path, ops, key), await region.patch(path, ops, key)];
    expect([first.headers.get('idempotency-replayed'), again.headers.get('idempotency-replayed')]).toEqual([null, 'true']);
    expect([first.status, again.status, again.json]).toEqual([200, 200, first.json]);
    const other = await region.patch(path, [{ op: 'increment', path: '/items/a/qty', by: 3 }], key);
    expect([other.status, other.json?.['code']]).toEqual([422, 'idempotency_key_reused']);
    expect((await region.patch(`${path}-b`, ops, key)).json).toMatchObject({ code: 'idempotency_key_reused' });
    expect((await region.ask(path)).json).toMatchObject({ items: { a: { qty: 2 } } });
  });

  test('[LOG10] retries that run at the same time have one effect', async () => {
    const path = `/v1/docs/carts/${freshId()}`;
    const key = { 'idempotency-key': `key-${freshId()}` };
    const ops = [{ op: 'increment', path: '/items/a/qty', by: 1 }];
    const answers = await Promise.all(Array.from({ length: 8 }, () => region.patch(path, ops, key)));
    expect(answers.map((answer) => answer.json)).toEqual(
      answers.map(() => expect.objectContaining({ items: { a: { name: null, price: null, qty: 1 } } })),
    );
    expect(answers.filter((answer) => answer.headers.get('idempotency-replayed') === null)).toHaveLength(1);
  });

  test('[DOOR2] a hundred writers at once lose nothing', async () => {
    const path = `/v1/docs/carts/${freshId()}`;
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => region.patch(path, [{ op: 'increment', path: '/items/a/qty', by: 1 }])),
    );
    expect(new Set(answers.map((answer) => answer.status))).toEqual(new Set([200]));
    expect((await region.ask(path)).json).toMatchObject({ items: { a: { qty: 100 } } });
  });
});

describe('listing', () => {
  test('[DOOR6] pages continue by cursor, in order, each document once', async () => {
    const ids = Array.from({ length: 7 }, (_, i) => `page-${i}`);
    for (const id of ids) await region.patch(`/v1/docs/carts-automerge/${id}`, [{ op: 'enable', path: '/gift' }]);
    const listed: string[] = [];
    let cursor: string | undefined;
    do {
      const answer = await region.ask(`/v1/docs/carts-automerge?limit=3${cursor === undefined ? '' : `&cursor=${cursor}`}`);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('anabranch-session')).not.toBeNull();
      const page = answer.json as { documents: string[]; nextCursor?: string };
      expect(page.documents.length).toBeLessThanOrEqual(3);
      listed.push(...page.documents);
      cursor = page.nextCursor;
    } while (cursor !== undefined);
    expect(listed.filter((id) => id.startsWith('page-'))).toEqual(ids);
    expect(new Set(listed).size).toBe(listed.length);
  });

  test.each([
    ['limit=0', 'request_malformed'],
    ['limit=1001', 'request_malformed'],
    ['limit=1e2', 'request_malformed'],
    ['limit=', 'request_malformed'],
    ['limit=1&limit=2', 'request_malformed'],
    ['lmit=1', 'request_malformed'],
    ['cursor=x', 'cursor_invalid'],
    ['cursor=', 'cursor_invalid'],
    [`cursor=${Buffer.from('1../x').toString('base64url')}`, 'cursor_invalid'],
    [`cursor=${Buffer.from('9abc').toString('base64url')}`, 'cursor_invalid'],
    [`cursor=${'A'.repeat(500)}`, 'request_malformed'],
  ])('[DOOR6] ?%s is refused', async (query, code) => {
    const answer = await region.ask(`/v1/docs/carts?${query}`);
    expect([answer.status, answer.json?.['code']]).toEqual([400, code]);
  });

  test('[DOOR6] an unknown collection is 404', async () => {
    for (const name of ['shops', 'toString', '__proto__', 'Carts']) {
      expect((await region.ask(`/v1/docs/${name}`)).json).toMatchObject({ code: 'collection_not_found', status: 404 });
    }
  });
});

describe('digests', () => {
  test('the digest changes with the document and is given with its vector', async () => {
    const path = `/v1/docs/carts/${freshId()}`;
    await region.patch(path, [{ op: 'enable', path: '/gift' }]);
    const before = await region.ask(`${path}/digest`);
    expect(before.json).toEqual({
      digest: expect.stringMatching(/^[0-9a-f]{64}$/),
      versionVector: region.replica.status().version.toJSON(),
    });
    await region.patch(path, [{ op: 'disable', path: '/gift' }]);
    expect((await region.ask(`${path}/digest`)).json?.['digest']).not.toBe(before.json?.['digest']);
  });
});
