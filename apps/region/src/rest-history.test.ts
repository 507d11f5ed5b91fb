// The past of documents over real sockets.

import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestAnswer, TestRegion } from './testing/region-under-test.ts';

interface Page {
  readonly entries: ReadonlyArray<{ readonly opId: string; readonly changes: readonly unknown[]; readonly [name: string]: unknown }>;
  readonly isComplete: boolean;
  readonly nextCursor?: string;
}

let region: TestRegion;
beforeAll(async () => {
  region = await TestRegion.start({ limits: { readWaitMsMax: 50 } });
});
afterAll(() => region.stop());

let count = 0;
const freshPath = (collection = 'carts') => `/v1/docs/${collection}/past-${++count}`;
const setStatus = (path: string, value: unknown, headers: Record<string, string> = {}) =>
  region.patch(path, [{ op: 'set', path: '/status', value }], headers);
const pageOf = (answer: TestAnswer): Page => JSON.parse(answer.text);
const history = async (path: string, query = ''): Promise<Page> => pageOf(await region.ask(`${path}/history${query}`));
const foreignToken = 'AQETYmVybGluLjAwMDAwMDAwMDAwMAk';

describe.each(['carts', 'carts-automerge'])('history of %s', (collection) => {
  test('[HIST2] lists who changed what, oldest first, with the token of what it shows', async () => {
    const path = freshPath(collection);
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await region.patch(path, [{ op: 'increment', path: '/items/tea/qty', by: 2 }], { traceparent });
    await setStatus(path, 'open');
    const written = await region.patch(path, [{ op: 'clear', path: '/status' }]);
    const answer = await region.ask(`${path}/history`);
    expect(answer.status).toBe(200);
    expect(answer.headers.get('anabranch-session')).toBe(written.headers.get('anabranch-session'));
    const page = pageOf(answer);
    expect([page.isComplete, page.nextCursor]).toEqual([true, undefined]);
    expect(page.entries.map(({ changes }) => changes)).toEqual([
      [{ path: '/items/tea', after: { name: null, price: null, qty: 2 } }],
      [{ path: '/status', before: null, after: 'open' }],
      [{ path: '/status', before: 'open', after: null }],
    ]);
    const [first] = page.entries;
    expect(first).toMatchObject({ region: 'berlin', trace: traceparent });
    expect(first?.opId).toMatch(/^berlin\.[0-9a-f]{12}:\d+$/);
    expect(Math.abs(Date.parse(String(first?.['time'])) - Date.now())).toBeLessThan(60_000);
  });

  test('[HIST2] [HIST5] pages continue where the one before ended, also while the document is written', async () => {
    const path = freshPath(collection);
    for (const value of [1, 2, 3, 4, 5]) await setStatus(path, value);
    const first = await history(path, '?limit=2');
    expect(first.entries).toHaveLength(2);
    await setStatus(path, 6);
    const rest = await history(path, `?limit=1000&cursor=${first.nextCursor}`);
    const after = [...first.entries, ...rest.entries].map(({ changes }) => (changes[0] as { after: unknown }).after);
    expect(after).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rest.nextCursor).toBeUndefined();
  });

  test('[HIST5] large values and many changes are marked, and a page ends before it is too large', async () => {
    const path = freshPath(collection);
    await setStatus(path, 'x'.repeat(20_000));
    await region.patch(
      path,
      Array.from({ length: 300 }, (_, nth) => ({ op: 'set', path: `/items/sku-${nth}/name`, value: nth })),
    );
    const [large, many] = (await history(path)).entries;
    expect(large?.changes).toEqual([{ path: '/status', isElided: true }]);
    expect([many?.changes.length, many?.['isTruncated']]).toEqual([100, true]);
    const longPath = freshPath(collection);
    for (let nth = 0; nth < 90; nth++) await setStatus(longPath, `${nth}${'y'.repeat(15_000)}`);
    const page = await history(longPath);
    expect(page.entries.length).toBeGreaterThan(10);
    expect(page.entries.length).toBeLessThan(60);
    const rest = await history(longPath, `?cursor=${page.nextCursor}`);
    const [next] = rest.entries;
    expect(next?.changes).toEqual([
      { path: '/status', before: expect.any(String), after: expect.stringMatching(`^${page.entries.length}y`) },
    ]);
  });

  test('[HIST3] a view at a token is what the token saw, with its tag', async () => {
    const path = freshPath(collection);
    const before = (await region.ask('/v1/status')).json?.['sessionToken'];
    const old = await setStatus(path, 'old');
    const token = old.headers.get('anabranch-session') ?? '';
    await setStatus(path, 'new');
    const past = await region.ask(`${path}?at=${token}`);
    expect([past.status, past.text, past.headers.get('etag')]).toEqual([200, old.text, old.headers.get('etag')]);
    expect(past.headers.get('anabranch-session')).toBe(token);
    const notModified = await region.ask(`${path}?at=${token}`, { headers: { 'if-none-match': old.headers.get('etag') ?? '' } });
    expect(notModified.status).toBe(304);
    const nothing = await region.ask(`${path}?at=${before}`);
    expect([nothing.status, nothing.json?.['code']]).toEqual([404, 'document_not_found']);
    expect(await region.ask(path)).toMatchObject({ status: 200, json: { status: 'new' } });
  });

  test('[HIST4] a view at a time holds what was written by then, in any zone', async () => {
    const path = freshPath(collection);
    await setStatus(path, 'old');
    const [entry] = (await history(path)).entries;
    const writtenMs = Date.parse(String(entry?.['time']));
    await expect.poll(() => Date.now()).toBeGreaterThan(writtenMs + 1);
    await setStatus(path, 'new');
    for (const time of [entry?.['time'], new Date(writtenMs + 7_200_000).toISOString().replace('Z', '%2B02:00')]) {
      expect(await region.ask(`${path}?at=${time}`)).toMatchObject({ status: 200, json: { status: 'old' } });
    }
    const earlier = await region.ask(`${path}?at=${new Date(writtenMs - 1).toISOString()}`);
    expect([earlier.status, earlier.json?.['code']]).toEqual([404, 'document_not_found']);
    expect(earlier.json?.['detail']).toBe('the document held nothing at that moment, whatever it holds now');
    const never = await region.ask(freshPath(collection));
    expect(never.json?.['detail']).toBe('the document holds nothing in this region');
  });
});

test('[HIST2] freeform documents have a history and past views too', async () => {
  const path = freshPath('notes');
  const old = await region.patch(path, [{ op: 'insert', path: '/body', index: 0, text: 'Hello' }]);
  await region.patch(path, [{ op: 'set', path: '/meta/title', value: 'Greeting' }]);
  expect((await history(path)).entries.map(({ changes }) => changes)).toEqual([
    [{ path: '/body', after: 'Hello' }],
    [{ path: '/meta', after: { title: 'Greeting' } }],
  ]);
  expect((await region.ask(`${path}?at=${old.headers.get('anabranch-session')}`)).json).toEqual({ body: 'Hello' });
});

const soon = new Date(Date.now() + 3_600_000).toISOString();
test.each<[string, Record<string, string>, number, string]>([
  ['/v1/docs/carts/never/history', {}, 404, 'document_not_found'],
  ['/v1/docs/shops/a/history', {}, 404, 'collection_not_found'],
  ['/v1/docs/carts/a%2fb/history', {}, 400, 'document_id_invalid'],
  ['/v1/docs/carts/a/history?limit=0', {}, 400, 'request_malformed'],
  ['/v1/docs/carts/a/history?limit=1001', {}, 400, 'request_malformed'],
  ['/v1/docs/carts/a/history?page=1', {}, 400, 'request_malformed'],
  ['/v1/docs/carts/a/history?cursor=x', {}, 400, 'cursor_invalid'],
  ['/v1/docs/carts/a/history?cursor=MTEgYmVybGluLjAwMDAwMDAwMDAwMDox', {}, 400, 'cursor_invalid'],
  ['/v1/docs/carts/a/history', { 'anabranch-session': 'x x' }, 400, 'session_token_invalid'],
  ['/v1/docs/carts/a/history', { 'anabranch-session': foreignToken }, 503, 'not_yet_visible'],
  ['/v1/docs/carts/a?at=', {}, 400, 'request_malformed'],
  ['/v1/docs/carts/a?at=!', {}, 400, 'request_malformed'],
  ['/v1/docs/carts/a?at=yesterday', {}, 400, 'request_malformed'],
  ['/v1/docs/carts/a?at=AQET', {}, 400, 'session_token_invalid'],
  [`/v1/docs/carts/a?at=${foreignToken}`, {}, 503, 'not_yet_visible'],
  ['/v1/docs/carts/a?at=12:00', {}, 400, 'request_malformed'],
  ['/v1/docs/carts/a?at=2026-02-30T99:00:00Z', {}, 400, 'request_malformed'],
  [`/v1/docs/carts/a?at=${soon}`, {}, 400, 'request_malformed'],
  ['/v1/docs/carts/a?at=2020-01-01T00:00:00Z&at=2020-01-01T00:00:00Z', {}, 400, 'request_malformed'],
  ['/v1/docs/carts/a?since=2020-01-01T00:00:00Z', {}, 400, 'request_malformed'],
  ['/v1/docs/carts/a?at=2020-01-01T00:00:00Z', {}, 404, 'document_not_found'],
])('[DOOR11] [HIST3] [HIST4] %s %j is refused', async (path, headers, status, code) => {
  const answer = await region.ask(path, { headers });
  expect([answer.status, answer.json?.['code']]).toEqual([status, code]);
});
