// The conflict journal over real sockets. The other writer is a client that was away: its updates know nothing of what the
// region wrote meanwhile.

import { AnabranchError } from '@anabranch/base';
import { createDocument, type DocumentOp } from '@anabranch/crdt';
import { parseDocumentId } from '@anabranch/protocol';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type TestAnswer, TestRegion } from './testing/region-under-test.ts';

interface Told {
  readonly id: string;
  readonly status: string;
  readonly winner: { readonly value: unknown };
  readonly loser: { readonly value: unknown };
}
interface Page {
  readonly conflicts: readonly Told[];
  readonly nextCursor?: string;
  readonly unavailable?: readonly string[];
}

let region: TestRegion;
beforeAll(async () => {
  region = await TestRegion.start({ limits: { readWaitMsMax: 50 } });
});
afterAll(() => region.stop());

let count = 0;
const fresh = (collection = 'carts') => `${collection}/torn-${++count}`;
const patch = (document: string, ops: readonly DocumentOp[]) => region.patch(`/v1/docs/${document}`, ops);
const pageOf = (answer: TestAnswer): Page => JSON.parse(answer.text);
const conflictsOf = async (document: string, query = ''): Promise<Page> =>
  pageOf(await region.ask(`/v1/docs/${document}/conflicts${query}`));
const restore = (document: string, id: string, headers: Record<string, string> = {}) =>
  region.ask(`/v1/docs/${document}/conflicts/${id}/restore`, { method: 'POST', headers });

/** Brings an edit of a client whose clock is behind, and who had seen nothing. */
async function bring(document: string, ops: readonly DocumentOp[], ms = 1_000): Promise<void> {
  const id = parseDocumentId(document);
  const collection = region.replica.collections.get(document.slice(0, document.indexOf('/')));
  if (collection === undefined) throw new Error('no collection');
  const client = ++count;
  const away = createDocument(collection, { yjsClientId: 1_000 + client, automergeActor: client.toString(16).padStart(32, 'a') });
  const update = away.edit({ writer: `device-${client}`, dot: 1, hlc: { ms, counter: 0 } }, ops);
  const session = region.replica.openSession(id, { deliver: () => {}, awareness: () => {}, ended: () => {} });
  await session.ingest(update ?? new Uint8Array());
  session.close();
}

async function torn(collection = 'carts'): Promise<string> {
  const document = fresh(collection);
  await patch(document, [{ op: 'set', path: '/status', value: 'ours' }]);
  await bring(document, [{ op: 'set', path: '/status', value: 'theirs' }]);
  return document;
}

describe.each(['carts', 'carts-automerge'])('conflicts of %s', (collection) => {
  test('[CONF2] are told with both values, who wrote them, and the rule', async () => {
    const document = await torn(collection);
    const answer = await region.ask(`/v1/docs/${document}/conflicts`);
    expect([answer.status, answer.headers.get('anabranch-session')]).toEqual([
      200,
      (await region.ask('/v1/status')).json?.['sessionToken'],
    ]);
    const writer = {
      region: 'berlin',
      opId: expect.stringMatching(/^berlin\.[0-9a-f]{12}:\d+$/),
      hlc: expect.stringMatching(/^[0-9a-f]{16}$/),
    };
    expect(answer.json).toEqual({
      conflicts: [
        {
          id: expect.stringMatching(/^[0-9a-f]{32}$/),
          document,
          path: '/status',
          rule: 'latest by (hlc, origin)',
          winner: { value: 'ours', time: expect.any(String), ...writer },
          loser: { value: 'theirs', time: '1970-01-01T00:00:01.000Z', ...writer },
          status: 'standing',
        },
      ],
      isComplete: true,
      since: expect.any(String),
    });
    await patch(document, [{ op: 'set', path: '/status', value: 'settled' }]);
    expect(await conflictsOf(document)).toMatchObject({ conflicts: [{ status: 'overwritten' }] });
  });

  test('[CONF2] of a register below a map are told by its path', async () => {
    const document = fresh(collection);
    await patch(document, [{ op: 'set', path: '/items/a~1b/name', value: 'Tea' }]);
    await bring(document, [{ op: 'set', path: '/items/a~1b/name', value: 'Coffee' }]);
    expect(await conflictsOf(document)).toMatchObject({ conflicts: [{ path: '/items/a~1b/name', loser: { value: 'Coffee' } }] });
  });

  test('[CONF3] the value that lost is written again: once per key, on the state that was seen, with tag and token', async () => {
    const document = await torn(collection);
    const [conflict] = (await conflictsOf(document)).conflicts;
    const id = conflict?.id ?? '';
    const current = await region.ask(`/v1/docs/${document}`);
    const stale = await restore(document, id, { 'if-match': '"stale"' });
    expect([stale.status, stale.json?.['code']]).toEqual([412, 'precondition_failed']);
    const key = { 'idempotency-key': `restore-${document}` };
    const restored = await restore(document, id, { 'if-match': current.headers.get('etag') ?? '', ...key });
    expect(restored).toMatchObject({ status: 200, json: { status: 'theirs' } });
    const seen = await region.ask(`/v1/docs/${document}`, {
      headers: { 'anabranch-session': restored.headers.get('anabranch-session') ?? '' },
    });
    expect([seen.text, seen.headers.get('etag')]).toEqual([restored.text, restored.headers.get('etag')]);
    await patch(document, [{ op: 'set', path: '/status', value: 'after' }]);
    const again = await restore(document, id, key);
    expect([again.status, again.headers.get('idempotency-replayed'), again.json?.['status']]).toEqual([200, 'true', 'after']);
    expect(await conflictsOf(document)).toMatchObject({ conflicts: [{ id, status: 'overwritten' }] });
  });

  test('[IDEM3] what was done is said to be done under its key, also when the conflict cannot be found right now', async () => {
    const document = await torn(collection);
    const [conflict] = (await conflictsOf(document)).conflicts;
    const [id, key] = [conflict?.id ?? '', { 'idempotency-key': `again-${document}` }];
    const restored = await restore(document, id, key);
    const busy = new AnabranchError('overloaded', 'too many histories are being read');
    const find = vi.spyOn(region.replica.past.conflicts, 'find').mockRejectedValue(busy);
    const [again, other] = [await restore(document, id, key), await restore(document, id)];
    find.mockRestore();
    expect([again.status, again.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
    expect(again.headers.get('anabranch-op')).toBe(restored.headers.get('anabranch-op'));
    expect([other.status, other.json?.['code']]).toEqual([503, 'overloaded']);
  });
});

test('[CONF4] pages of a document and of a collection continue where the one before ended', async () => {
  const pages = await TestRegion.start();
  const before = region;
  region = pages;
  try {
    const documents = [fresh(), fresh(), fresh()];
    for (const document of documents) {
      for (const field of ['status', 'items/a/name', 'items/b/name']) {
        await patch(document, [{ op: 'set', path: `/${field}`, value: 'ours' }]);
        await bring(document, [{ op: 'set', path: `/${field}`, value: 'theirs' }], 1_000 + field.length);
      }
    }
    const whole = await conflictsOf(documents[0] ?? '');
    expect(whole.conflicts).toHaveLength(3);
    const byPages: Told[] = [];
    for (let query = '?limit=2'; query !== ''; ) {
      const page = await conflictsOf(documents[0] ?? '', query);
      byPages.push(...page.conflicts);
      query = page.nextCursor === undefined ? '' : `?limit=2&cursor=${page.nextCursor}`;
    }
    expect(byPages).toEqual(whole.conflicts);
    const feed: Told[] = [];
    for (let query = 'limit=2'; query !== ''; ) {
      const page = pageOf(await region.ask(`/v1/conflicts?collection=carts&${query}`));
      expect(page.unavailable).toEqual([]);
      feed.push(...page.conflicts);
      query = page.nextCursor === undefined ? '' : `limit=2&cursor=${page.nextCursor}`;
    }
    const each = await Promise.all(documents.sort().map(async (document) => (await conflictsOf(document)).conflicts));
    expect(feed).toEqual(each.flat());
  } finally {
    region = before;
    await pages.stop();
  }
});

const id = 'a'.repeat(32);
test.each<[string, Record<string, string>, number, string]>([
  ['GET /v1/docs/shops/a/conflicts', {}, 404, 'collection_not_found'],
  ['GET /v1/docs/carts/a%2fb/conflicts', {}, 400, 'document_id_invalid'],
  ['GET /v1/docs/notes/a/conflicts', {}, 422, 'conflicts_not_kept'],
  ['GET /v1/docs/carts/a/conflicts?cursor=x', {}, 400, 'cursor_invalid'],
  ['GET /v1/docs/carts/a/conflicts?limit=0', {}, 400, 'request_malformed'],
  ['GET /v1/docs/carts/a/conflicts?at=1', {}, 400, 'request_malformed'],
  ['GET /v1/docs/carts/a/conflicts', { 'anabranch-session': 'AQETYmVybGluLjAwMDAwMDAwMDAwMAk' }, 503, 'not_yet_visible'],
  ['GET /v1/conflicts', {}, 400, 'request_malformed'],
  ['GET /v1/conflicts?collection=shops', {}, 404, 'collection_not_found'],
  ['GET /v1/conflicts?collection=notes', {}, 422, 'conflicts_not_kept'],
  ['GET /v1/conflicts?collection=carts&cursor=MWEgYQ', {}, 400, 'cursor_invalid'],
  [`POST /v1/docs/carts/a/conflicts/${id}/restore`, {}, 404, 'conflict_not_found'],
  ['POST /v1/docs/carts/a/conflicts/x/restore', {}, 404, 'conflict_not_found'],
  [`POST /v1/docs/notes/a/conflicts/${id}/restore`, {}, 422, 'conflicts_not_kept'],
  [`POST /v1/docs/carts/a/conflicts/${id}/restore`, { 'idempotency-key': 'k k' }, 400, 'request_malformed'],
  [`GET /v1/docs/carts/a/conflicts/${id}/restore`, {}, 405, 'method_not_allowed'],
])('[DOOR11] [CONF4] %s %j is refused', async (target, headers, status, code) => {
  const [method = '', path = ''] = target.split(' ');
  const answer = await region.ask(path, { method, headers });
  expect([answer.status, answer.json?.['code']]).toEqual([status, code]);
});

test('[CONF4] a document that nobody has written has no conflicts', async () => {
  expect(await conflictsOf(fresh())).toEqual({ conflicts: [], isComplete: true });
});
