// GET and POST .../rights, and refusals for want of rights, with everything that they say.

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type TestAnswer, TestRegion } from './testing/region-under-test.ts';

let region: TestRegion;
let neighbour: TestRegion;
beforeAll(async () => {
  const meshKey = new Uint8Array(32).fill(7);
  region = await TestRegion.start({ meshKey, limits: { readWaitMsMax: 60 } });
  neighbour = await TestRegion.start({ meshKey, name: 'new-york' });
  region.linkWith(neighbour);
  // A new region uses its share once a peer has told that it has no earlier epoch.
  await vi.waitFor(async () => expect((await region.patch('/v1/docs/depots/first', decrement('/credit', 1))).status).toBe(200), {
    timeout: 20_000,
  });
});
afterAll(() => Promise.all([region.stop(), neighbour.stop()]));

const ours = expect.stringMatching(/^berlin\.[0-9a-f]{12}$/);

function reclaim(document: string, body: unknown, contentType = 'application/json'): Promise<TestAnswer> {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return region.ask(`/v1/docs/${document}/rights`, { method: 'POST', headers: { 'content-type': contentType }, body: text });
}

const decrement = (path: string, by: number) => [{ op: 'decrement', path, by }];
const fromTokyo = { op: 'reclaim', path: '/credit', from: 'tokyo', acceptsRisk: true };

describe.each(['depots', 'depots-automerge'])('on %s', (collection) => {
  test('[RIGHTS1] shows value, bounds and holders of every counter that was written', async () => {
    const document = `${collection}/shown`;
    await region.patch(`/v1/docs/${document}`, [{ op: 'increment', path: '/stock', by: 7 }]);
    await region.patch(`/v1/docs/${document}`, decrement('/credit', 2));
    const answer = await region.ask(`/v1/docs/${document}/rights`);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json).toEqual({
      counters: [
        {
          path: '/stock',
          value: 7,
          min: 0,
          holders: [{ holder: ours, region: 'berlin', down: 7, up: 0, isReachable: true, isFrozen: false }],
        },
        {
          path: '/credit',
          value: -2,
          min: -10,
          holders: [
            { holder: 'tokyo', region: 'tokyo', down: 5, up: 0, isReachable: false, isFrozen: true },
            { holder: ours, region: 'berlin', down: 3, up: 0, isReachable: true, isFrozen: false },
          ],
        },
      ],
      refused: [],
      refusedDroppedCount: 0,
    });
    const route = region.server.routes.find(({ description }) => description.operationId === 'readRights');
    const schema = route?.description.answers[200]?.content?.['application/json']?.schema;
    expect(schema?.safeParse(answer.json)).toMatchObject({ success: true });
    const token = answer.headers.get('anabranch-session') ?? '';
    const again = await region.ask(`/v1/docs/${document}`, { headers: { 'anabranch-session': token } });
    expect(again.json).toMatchObject({ stock: 7, credit: -2 });
  });

  test('[RIGHTS4] a decrement that is not covered says what is lacking and who has it', async () => {
    const document = `${collection}/short`;
    await region.patch(`/v1/docs/${document}`, decrement('/credit', 1));
    const answer = await region.patch(`/v1/docs/${document}`, [{ op: 'increment', path: '/reserved', by: 1 }, ...decrement('/credit', 6)]);
    expect(answer.headers.get('content-type')).toBe('application/problem+json');
    expect(answer.json).toMatchObject({
      status: 409,
      code: 'insufficient_rights',
      path: '/credit',
      kind: 'down',
      opIndex: 1,
      needed: 6,
      held: 4,
      total: 9,
      holders: [{ origin: 'tokyo', rights: 5, isReachable: false }],
    });
    expect(answer.json).not.toHaveProperty('counter');
    expect((await region.ask(`/v1/docs/${document}`)).json).toMatchObject({ credit: -1, reserved: 0 });
  });

  test('[RIGHTS4] in a transaction the refusal names the write, and nothing of it is applied', async () => {
    const writes = [
      { document: `${collection}/tx-a`, ops: [{ op: 'increment', path: '/stock', by: 3 }] },
      { document: `${collection}/tx-b`, ops: decrement('/stock', 3) },
    ];
    const body = JSON.stringify({ writes });
    const answer = await region.ask('/v1/transactions', { method: 'POST', headers: { 'content-type': 'application/json' }, body });
    expect(answer.json).toMatchObject({ status: 409, writeIndex: 1, path: '/stock', needed: 3, held: 0, total: 0, holders: [] });
    expect((await region.ask(`/v1/docs/${collection}/tx-a`)).status).toBe(404);
  });

  test('[RIGHTS2] the rights of a region that is gone for good can be spent here, once', async () => {
    const document = `${collection}/reclaimed`;
    await region.patch(`/v1/docs/${document}`, decrement('/credit', 1));
    const answer = await reclaim(document, fromTokyo);
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json).toEqual({ opId: expect.stringMatching(/^berlin\.[0-9a-f]{12}:\d+$/) });
    expect(answer.headers.get('anabranch-session')).not.toBeNull();
    expect((await reclaim(document, fromTokyo)).json).toMatchObject({ status: 422, code: 'op_invalid', path: '/credit' });
    expect((await region.patch(`/v1/docs/${document}`, decrement('/credit', 9))).json).toMatchObject({ credit: -10 });
    expect((await region.patch(`/v1/docs/${document}`, decrement('/credit', 1))).json).toMatchObject({
      code: 'insufficient_rights',
      total: 0,
    });
  });

  test('[RIGHTS3] nothing is taken from a region that is linked', async () => {
    const answer = await reclaim(`${collection}/linked`, { ...fromTokyo, from: 'new-york' });
    expect(answer.json).toMatchObject({ status: 409, code: 'region_reachable', region: 'new-york' });
  });

  test.each([[{}], [{ acceptsRisk: false }]])('[RIGHTS2] without accepting the risk nothing moves: %j', async (said) => {
    const document = `${collection}/careful`;
    await region.patch(`/v1/docs/${document}`, decrement('/credit', 1));
    const before = await region.ask(`/v1/docs/${document}/rights`);
    const answer = await reclaim(document, { op: 'reclaim', path: '/credit', from: 'tokyo', ...said });
    expect(answer.json).toMatchObject({ status: 422, code: 'risk_not_accepted', path: '/credit', from: 'tokyo' });
    expect(answer.json?.['detail']).toMatch(/if the region comes back.*spent twice.*leaves its bound/);
    expect((await region.ask(`/v1/docs/${document}/rights`)).text).toBe(before.text);
  });
});

test('[RIGHTS5] what was refused is listed with what it needed, newest first, each document its own', async () => {
  await region.patch('/v1/docs/depots/asked', [{ op: 'increment', path: '/stock', by: 3 }]);
  for (const by of [4, 9]) expect((await region.patch('/v1/docs/depots/asked', decrement('/stock', by))).status).toBe(409);
  const { json } = await region.ask('/v1/docs/depots/asked/rights');
  const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/);
  const shared = { time, path: '/stock', kind: 'down', held: 3, total: 3 };
  expect(json?.['refused']).toEqual([
    { ...shared, needed: 9 },
    { ...shared, needed: 4 },
  ]);
  expect((await region.ask('/v1/docs/depots/other/rights')).json).toMatchObject({ refused: [] });
});

test('[RIGHTS1] a document without counters, or none at all, has no rights to show', async () => {
  expect((await region.ask('/v1/docs/depots/nobody/rights')).json).toEqual({ counters: [], refused: [], refusedDroppedCount: 0 });
  expect((await region.ask('/v1/docs/notes/nobody/rights')).json).toEqual({ counters: [], refused: [], refusedDroppedCount: 0 });
  expect((await region.ask('/v1/docs/planes/1/rights')).json).toMatchObject({ status: 404, code: 'collection_not_found' });
});

test.each([
  ['no JSON', '{', 400, 'request_malformed'],
  ['an array', [fromTokyo], 422, 'op_invalid'],
  ['another act', { ...fromTokyo, op: 'transfer' }, 422, 'op_invalid'],
  ['no path', { op: 'reclaim', from: 'tokyo', acceptsRisk: true }, 422, 'op_invalid'],
  ['a number of rights', { ...fromTokyo, down: 1 }, 422, 'op_invalid'],
  ['a risk accepted in words', { ...fromTokyo, acceptsRisk: 'yes' }, 422, 'op_invalid'],
  ['a path to nowhere', { ...fromTokyo, path: '/nowhere' }, 422, 'op_invalid'],
  ['a path to a plain counter', { ...fromTokyo, path: '/reserved' }, 422, 'op_invalid'],
  ['a region without rights', { ...fromTokyo, from: 'paris' }, 422, 'op_invalid'],
  ['a name that is none', { ...fromTokyo, from: '../../etc' }, 422, 'op_invalid'],
])('[RIGHTS2] what is no act is refused: %s', async (_what, body, status, code) => {
  expect((await reclaim('depots/bad', body)).json).toMatchObject({ status, code });
});

test('[RIGHTS2] there is nothing to reclaim in a freeform document, or an unknown collection', async () => {
  expect((await reclaim('notes/bad', fromTokyo)).json).toMatchObject({ status: 422, code: 'op_invalid' });
  expect((await reclaim('planes/bad', fromTokyo)).json).toMatchObject({ status: 404, code: 'collection_not_found' });
});

test('[RIGHTS2] another content type is refused', async () => {
  expect((await reclaim('depots/bad', fromTokyo, 'text/plain')).json).toMatchObject({ status: 415, code: 'content_type_unsupported' });
});
