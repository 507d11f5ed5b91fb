// The change feed over real sockets.

import { once } from 'node:events';
import { decodeSessionToken, encodeSessionToken, VersionVector } from '@anabranch/causality';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PieceReader } from './testing/piece-reader.ts';
import { TestRegion } from './testing/region-under-test.ts';

interface Change {
  readonly token: string;
  readonly opId?: string;
  readonly region?: string;
  readonly time?: string;
  readonly documents?: ReadonlyArray<{ readonly document: string; readonly exists?: boolean; readonly json?: Record<string, unknown> }>;
}

let region: TestRegion;
beforeAll(async () => {
  region = await TestRegion.start({ limits: { changeFeedsMax: 3, eventHeartbeatMs: 20, eventStallMsMax: 300, readWaitMsMax: 50 } });
});
afterAll(() => region.stop());

let count = 0;
const fresh = (collection = 'carts') => `${collection}/feed-${++count}`;
const setStatus = (document: string, value: unknown) => region.patch(`/v1/docs/${document}`, [{ op: 'set', path: '/status', value }]);
const tokenNow = async (): Promise<string> => String((await region.ask('/v1/status')).json?.['sessionToken']);
const noFeeds = () => expect.poll(async () => (await region.ask('/metrics')).text).toContain('anabranch_http_change_feeds 0');

async function changes(query: string): Promise<Change[]> {
  const answer = await fetch(region.url(`/v1/changes?${query}`));
  expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/x-ndjson']);
  const lines = (await answer.text()).split('\n');
  expect(lines.pop()).toBe('');
  return lines.map((line) => JSON.parse(line));
}

const told = (events: readonly Change[]): string[][] =>
  events.flatMap(({ documents }) => (documents === undefined ? [] : [documents.map(({ document }) => document)]));

describe('the change feed as lines', () => {
  test('[FEED1] tells each op once with all documents of its transaction, and ends with the place', async () => {
    const after = await tokenNow();
    const [cart, board] = [fresh(), fresh('carts-automerge')];
    await setStatus(cart, 'open');
    const writes = [cart, board].map((document) => ({ document, ops: [{ op: 'set', path: '/status', value: 'paid' }] }));
    const transaction = await region.ask('/v1/transactions', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ writes }),
    });
    expect(transaction.status).toBe(200);
    await region.ask(`/v1/docs/${cart}`, { method: 'DELETE' });
    const events = await changes(`after=${after}`);
    expect(told(events)).toEqual([[cart], [cart, board], [cart]]);
    // Views are of the moment of sending.
    expect(events[1]?.documents).toMatchObject([
      { exists: false, json: { status: null } },
      { exists: true, json: { status: 'paid' } },
    ]);
    expect(events[0]).toMatchObject({ region: 'berlin', opId: expect.stringMatching(/^berlin\.[0-9a-f]{12}:\d+$/) });
    expect(Math.abs(Date.parse(events[0]?.time ?? '') - Date.now())).toBeLessThan(60_000);
    expect(events.at(-1)?.token).toBe(await tokenNow());
  });

  test('[FEED2] goes on from the token of any event, and from the first op without one', async () => {
    const start = await tokenNow();
    const document = fresh();
    for (let value = 0; value < 100; value++) await setStatus(document, value);
    const all = await changes(`after=${start}&view=false`);
    expect(all).toHaveLength(100);
    for (const at of [0, 41, 98]) {
      const rest = await changes(`after=${all[at]?.token}&view=false`);
      expect(rest.map(({ opId }) => opId)).toEqual(all.slice(at + 1).map(({ opId }) => opId));
    }
    const byPages: Change[] = [];
    for (let token: string = start; byPages.length < 100; token = byPages.at(-1)?.token ?? '') {
      byPages.push(...(await changes(`after=${token}&view=false&limit=30`)));
    }
    expect(byPages).toEqual(all);
    const whole = await changes('view=false');
    expect(whole.slice(-100)).toEqual(all);
    expect(await changes(`after=${all.at(-1)?.token}`)).toEqual([{ token: all.at(-1)?.token }]);
    const latest = all.map(({ token }) => decodeSessionToken(token));
    expect(
      latest.every((vector, at) => at === 0 || (latest[at - 1] !== undefined && vector.compare(latest[at - 1] ?? vector) === 'after')),
    ).toBe(true);
  });

  test('[FEED3] a filter leaves out other collections, and the place moves on all the same', async () => {
    const after = await tokenNow();
    const [cart, board, note] = [fresh(), fresh('carts-automerge'), fresh('notes')];
    await setStatus(cart, 'x');
    await region.patch(`/v1/docs/${note}`, [{ op: 'insert', path: '/body', index: 0, text: 'Hello' }]);
    await setStatus(board, 'x');
    await setStatus(cart, 'y');
    expect(told(await changes(`after=${after}&collection=carts-automerge&collection=notes`))).toEqual([[note], [board]]);
    const none = await changes(`after=${await tokenNow()}&collection=notes`);
    expect(none).toEqual([{ token: await tokenNow() }]);
    const last = (await changes(`after=${after}&collection=notes`)).at(-1);
    expect(last).toEqual({ token: await tokenNow() });
  });

  test('[FEED4] follows on request, with a sign of life that tells the place', async () => {
    const after = await tokenNow();
    const response = await fetch(region.url(`/v1/changes?after=${after}&follow=true`));
    const lines = new PieceReader(response, '\n');
    expect(JSON.parse((await lines.next()) ?? '')).toEqual({ token: after });
    expect(JSON.parse((await lines.next()) ?? '')).toEqual({ token: after });
    const document = fresh();
    await setStatus(document, 'live');
    let change: Change;
    do change = JSON.parse((await lines.next()) ?? '');
    while (change.documents === undefined);
    expect(change).toMatchObject({ documents: [{ document, json: { status: 'live' } }] });
    await lines.cancel();
    await noFeeds();
  });
});

describe('the change feed as server-sent events', () => {
  const open = async (query: string, headers: Record<string, string> = {}) => {
    const response = await fetch(region.url(`/v1/changes${query}`), { headers: { accept: 'text/event-stream', ...headers } });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    return new PieceReader(response, '\n\n');
  };
  const nextEvent = async (reader: PieceReader): Promise<{ id: string; change: Change } | undefined> => {
    for (let block = await reader.next(); block !== undefined; block = await reader.next()) {
      const [, id, data] = /^id: (\S+)\ndata: (.*)$/.exec(block) ?? [];
      if (id !== undefined && data !== undefined) return { id, change: JSON.parse(data) };
    }
    return undefined;
  };

  test('[FEED2] [FEED4] follow, and resume behind Last-Event-ID', async () => {
    const after = await tokenNow();
    const document = fresh();
    const events = await open(`?after=${after}`);
    await setStatus(document, 'one');
    const first = await nextEvent(events);
    expect(first?.change).toMatchObject({ token: first?.id, documents: [{ document, json: { status: 'one' } }] });
    await events.cancel();
    await setStatus(document, 'two');
    await setStatus(document, 'three');
    const resumed = await open(`?after=${after}`, { 'last-event-id': first?.id ?? '' });
    const seqs = [await nextEvent(resumed), await nextEvent(resumed)].map((event) => Number(event?.change.opId?.split(':')[1]));
    const firstSeq = Number(first?.change.opId?.split(':')[1]);
    expect(seqs).toEqual([firstSeq + 1, firstSeq + 2]);
    await resumed.cancel();
    await noFeeds();
  });

  test('[FEED4] a reader that does not read is cut, and costs one event and the socket', async () => {
    const document = fresh();
    const after = await tokenNow();
    for (let at = 0; at < 40; at++) await setStatus(document, `${at} ${'x'.repeat(100_000)}`);
    const socket = await region.connect();
    socket.pause();
    const big = 'x'.repeat(200_000);
    socket.write(`GET /v1/changes?after=${after}&follow=true HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n`);
    await expect.poll(async () => (await region.ask('/metrics')).text).toContain('anabranch_http_change_feeds 1');
    for (let at = 0; at < 60; at++) await setStatus(document, `${at} ${big}`);
    await noFeeds();
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.resume();
    await once(socket, 'close');
    expect(bytes).toBeLessThan(12_000_000);
  });

  test('[FEED4] feeds have a limit, and free their place', async () => {
    const readers = await Promise.all([1, 2, 3].map(() => open('')));
    const refused = await region.ask('/v1/changes');
    expect([refused.status, refused.json?.['code']]).toEqual([503, 'overloaded']);
    for (const reader of readers) await reader.cancel();
    await noFeeds();
    expect(await changes('limit=1')).toHaveLength(1);
  });

  test('[LIFE2] [FEED4] end when the region stops', async () => {
    const stopping = await TestRegion.start();
    const response = await fetch(stopping.url('/v1/changes'), { headers: { accept: 'text/event-stream' } });
    const reader = new PieceReader(response, '\n\n');
    expect(await reader.next()).toBe('retry: 1000');
    await stopping.stop();
    let last: string | undefined;
    do last = await reader.next();
    while (last !== undefined);
  });
});

const foreign = encodeSessionToken(VersionVector.of(decodeSessionToken('AQETYmVybGluLjAwMDAwMDAwMDAwMAk').entries()));
test.each<[string, Record<string, string>, number, string]>([
  ['?after=%20', {}, 400, 'session_token_invalid'],
  ['?after=AQET', {}, 400, 'session_token_invalid'],
  [`?after=${foreign}`, {}, 503, 'not_yet_visible'],
  ['', { 'last-event-id': 'x x' }, 400, 'session_token_invalid'],
  ['', { 'last-event-id': foreign }, 503, 'not_yet_visible'],
  ['', { 'anabranch-session': foreign }, 503, 'not_yet_visible'],
  ['?collection=shops', {}, 404, 'collection_not_found'],
  ['?collection=No%20name', {}, 400, 'request_malformed'],
  ['?limit=0', {}, 400, 'request_malformed'],
  ['?limit=1&limit=2', {}, 400, 'request_malformed'],
  ['?follow=yes', {}, 400, 'request_malformed'],
  ['?since=1', {}, 400, 'request_malformed'],
])('[DOOR11] [FEED2] /v1/changes%s %j is refused before the answer begins', async (query, headers, status, code) => {
  const answer = await region.ask(`/v1/changes${query}`, { headers });
  expect([answer.status, answer.json?.['code']]).toEqual([status, code]);
});
