// Concerns of reads and writes over REST, between real regions with real links.

import { decodeSessionToken, encodeSessionToken, type OriginId } from '@anabranch/causality';
import { parseWriteConcern } from '@anabranch/server';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { type TestAnswer, TestRegion } from './testing/region-under-test.ts';

const names = ['berlin', 'new-york', 'tokyo'];
let regions: TestRegion[] = [];
let berlin: TestRegion;
let newYork: TestRegion;
let tokyo: TestRegion;

beforeAll(async () => {
  const meshKey = new Uint8Array(32).fill(3);
  const writeConcerns = new Map([['carts-automerge', parseWriteConcern('all; timeout=300ms')]]);
  const limits = { readWaitMsMax: 2_000 };
  regions = await Promise.all(
    names.map((name) => TestRegion.start({ name, meshKey, writeConcerns, limits, peers: names.filter((other) => other !== name) })),
  );
  [berlin, newYork, tokyo] = regions as [TestRegion, TestRegion, TestRegion];
  berlin.linkWith(newYork);
  await healTokyo();
  await Promise.all(regions.map(({ replica }) => replica.whenWritable()));
});
afterAll(() => Promise.all(regions.map((region) => region.stop())));

async function cutTokyo(): Promise<void> {
  await Promise.all([berlin.cutFrom(tokyo), newYork.cutFrom(tokyo)]);
}

async function healTokyo(): Promise<void> {
  berlin.linkWith(tokyo);
  newYork.linkWith(tokyo);
  const linked = () => tokyo.replica.status().peers.filter(({ linkState }) => linkState === 'connected');
  await vi.waitFor(() => expect(linked()).toHaveLength(2), { timeout: 10_000 });
}

let count = 0;
const freshPath = (collection = 'carts') => `/v1/docs/${collection}/c-${++count}`;
const addTwo = [{ op: 'increment', path: '/items/tea/qty', by: 2 }];
const withConcern = (concern: string) => ({ 'anabranch-write-concern': concern });
const reading = (concern: string) => ({ headers: { 'anabranch-read-concern': concern } });
const listOf = (answer: TestAnswer) => answer.headers.get('anabranch-acknowledged')?.split(', ').sort();

describe('a write concern', () => {
  test.each([
    ['local', 1],
    ['1', 1],
    ['2', 2],
    ['majority', 2],
    ['3', 3],
    ['all', 3],
    ['tokyo, berlin', 2],
    ['all; level=applied; timeout=10s', 3],
    [' majority ;timeout = 2000ms ; level=durable', 2],
  ])('[WC1] %s: 200 names the regions that have it, and the op', async (concern, atLeast) => {
    const answer = await berlin.patch(freshPath(), addTwo, withConcern(concern));
    expect(answer.status, answer.text).toBe(200);
    expect(answer.json).toMatchObject({ items: { tea: { qty: 2 } } });
    expect(listOf(answer)?.length).toBeGreaterThanOrEqual(atLeast);
    expect(answer.headers.get('anabranch-op')).toMatch(/^berlin\.[0-9a-f]{12}:[1-9][0-9]*$/);
    if (concern.startsWith('tokyo')) expect(listOf(answer)).toEqual(expect.arrayContaining(['berlin', 'tokyo']));
  });

  test('[WC1] what changes nothing is met at once, and is no op', async () => {
    const path = freshPath();
    await berlin.patch(path, [{ op: 'disable', path: '/gift' }]);
    await cutTokyo();
    const answer = await berlin.patch(path, [{ op: 'disable', path: '/gift' }], withConcern('all; timeout=60s'));
    expect([answer.status, answer.headers.get('anabranch-op')]).toEqual([200, null]);
    await healTokyo();
  });

  test('[WC2] with tokyo away: 202 write_pending, a place to ask, and after the heal it is met', async () => {
    await cutTokyo();
    const path = freshPath();
    const answer = await berlin.patch(path, addTwo, withConcern('all; timeout=200ms'));
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({
      ...{ status: 'write_pending', pending: ['tokyo'], opId: answer.headers.get('anabranch-op') },
      acknowledged: expect.arrayContaining(['berlin', 'new-york']),
      view: { items: { tea: { qty: 2 } } },
    });
    expect([answer.headers.get('etag'), answer.headers.get('anabranch-session')]).not.toContain(null);
    const location = answer.headers.get('location') ?? '';
    expect(location).toMatch(/^\/v1\/writes\/berlin\.[0-9a-f]{12}%3A[0-9]+\?concern=all$/);
    expect((await berlin.ask(location)).json).toMatchObject({ pending: ['tokyo'], isMet: false });
    expect((await newYork.ask(location.replace('all', 'majority'))).json).toMatchObject({ isMet: true });
    expect((await tokyo.ask(location)).json).toMatchObject({ code: 'write_not_found', status: 404 });
    const removed = await berlin.ask(path, { method: 'DELETE', headers: withConcern('3;timeout=100ms') });
    expect([removed.status, removed.json?.['status'], removed.json?.['view']]).toEqual([202, 'write_pending', undefined]);
    expect((await berlin.ask(path, { method: 'DELETE', headers: withConcern('majority') })).status).toBe(404);
    await healTokyo();
    for (const region of regions) {
      await expect.poll(async () => (await region.ask(location)).json, { timeout: 5_000 }).toMatchObject({ pending: [], isMet: true });
    }
  });

  test('[WC2] a repeated write waits for the concern of its op, in any region', async () => {
    const path = freshPath();
    const keyed = (region: TestRegion, concern: string) => region.patch(path, addTwo, { 'idempotency-key': path, ...withConcern(concern) });
    const first = await berlin.patch(path, addTwo, { 'idempotency-key': path, ...withConcern('all') });
    await cutTokyo();
    const replays = [await keyed(newYork, 'all'), await keyed(tokyo, '2'), await keyed(berlin, 'local')];
    for (const replay of replays) {
      expect([replay.status, replay.headers.get('idempotency-replayed')]).toEqual([200, 'true']);
      expect(replay.headers.get('anabranch-op')).toBe(first.headers.get('anabranch-op'));
    }
    const late = freshPath();
    const keyedLate = { 'idempotency-key': late, ...withConcern('all; timeout=100ms') };
    for (let attempt = 0; attempt < 2; attempt++) expect((await berlin.patch(late, addTwo, keyedLate)).status).toBe(202);
    await healTokyo();
    await expect.poll(async () => (await berlin.patch(late, addTwo, keyedLate)).status, { timeout: 5_000 }).toBe(200);
  });

  test('[WC1] [WC2] [WC7] a transaction, too, waits for its regions, by its header field or the defaults of its collections', async () => {
    const transact = (collections: string[], headers: Record<string, string> = {}) =>
      berlin.ask('/v1/transactions', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ writes: collections.map((collection) => ({ document: freshPath(collection).slice(9), ops: addTwo })) }),
      });
    const both = ['carts', 'carts-automerge'];
    expect(listOf(await transact(both))).toEqual([...names].sort());
    await cutTokyo();
    const pending = await transact(both);
    expect(pending.status).toBe(202);
    expect(pending.json).toMatchObject({ status: 'write_pending', pending: ['tokyo'], documents: expect.any(Object) });
    expect((await berlin.ask(pending.headers.get('location') ?? '')).json).toMatchObject({ pending: ['tokyo'] });
    expect((await transact(both, withConcern('majority'))).status).toBe(200);
    expect((await transact(['carts', 'carts'])).status).toBe(200);
    expect((await transact(both, withConcern('4'))).json).toMatchObject({ code: 'write_concern_invalid' });
    await healTokyo();
  });

  test('[WC7] the default of the collection holds unless the header field says otherwise', async () => {
    expect(listOf(await berlin.patch(freshPath('carts-automerge'), addTwo))).toHaveLength(3);
    await cutTokyo();
    expect((await berlin.patch(freshPath('carts-automerge'), addTwo)).status).toBe(202);
    expect((await berlin.patch(freshPath('carts-automerge'), addTwo, withConcern('majority'))).status).toBe(200);
    expect((await berlin.patch(freshPath('carts'), addTwo)).status).toBe(200);
    await healTokyo();
  });

  test.each([
    '',
    'none',
    '0',
    '-1',
    '4',
    '1.5',
    '1e1',
    'NaN',
    '99999',
    'Majority',
    'atlantis',
    'berlin,atlantis',
    'berlin,',
    'berlin;tokyo',
    'majority; timeout',
    'majority; timeout=5',
    'majority; timeout=-1s',
    'majority; timeout=61s',
    'majority; timeout=1s; timeout=2s',
    'majority; timeout=1h',
    'all; level=received',
    'all; fsync=true',
    'all;;',
    `${'a,'.repeat(70)}a`,
    'x'.repeat(2_401),
  ])('[WC3] %.40j is refused, and nothing is applied', async (concern) => {
    const path = freshPath();
    const { version } = berlin.replica;
    for (const answer of [
      await berlin.patch(path, addTwo, withConcern(concern)),
      await berlin.ask(path, { method: 'DELETE', headers: withConcern(concern) }),
    ]) {
      expect([answer.status, answer.json?.['code']]).toEqual([400, 'write_concern_invalid']);
    }
    expect((await berlin.ask(path)).status).toBe(404);
    expect(berlin.replica.version.equals(version)).toBe(true);
  });

  test('[WC3] so is a malformed question for a write', async () => {
    for (const [path, code] of [
      ['/v1/writes/berlin', 'request_malformed'],
      ['/v1/writes/berlin.0123456789ab:0', 'request_malformed'],
      ['/v1/writes/berlin.0123456789ab:9007199254740993', 'request_malformed'],
      ['/v1/writes/berlin.0123456789ab:1:1', 'request_malformed'],
      ['/v1/writes/berlin.0123456789ab:1?concern=4', 'write_concern_invalid'],
      ['/v1/writes/berlin.0123456789ab:1?consern=all', 'request_malformed'],
      ['/v1/writes/berlin.0123456789ab:1', 'write_not_found'],
    ] as const) {
      expect((await berlin.ask(path)).json, path).toMatchObject({ code });
    }
  });
});

describe('a read concern', () => {
  test('[RC2] [RC1] majority and bounded answer with the token of what they show; lists too', async () => {
    const path = freshPath();
    const written = await tokyo.patch(path, addTwo, withConcern('majority'));
    for (const region of regions) {
      for (const concern of ['majority', 'majority; timeout=3s']) {
        const answer = await region.ask(path, reading(concern));
        expect(answer.json, answer.text).toMatchObject({ items: { tea: { qty: 2 } } });
        const seen = decodeSessionToken(answer.headers.get('anabranch-session') ?? '');
        expect(seen.covers(decodeSessionToken(written.headers.get('anabranch-session') ?? ''))).toBe(true);
      }
      expect((await region.ask('/v1/docs/carts', reading('majority'))).status).toBe(200);
      expect((await region.ask(path, reading('bounded; maxLag=10s'))).status).toBe(200);
      expect((await region.ask(path, reading('local'))).status).toBe(200);
    }
  });

  test('[RC3] cut off, a region refuses what it cannot make sure of, in time', async () => {
    await cutTokyo();
    const path = freshPath();
    await tokyo.patch(path, addTwo);
    const refused = await tokyo.ask(path, reading('majority; timeout=100ms'));
    expect(refused.json).toMatchObject({
      code: 'read_concern_unmet',
      status: 503,
      needed: 2,
      answered: ['tokyo'],
      members: expect.arrayContaining(names),
    });
    expect(refused.headers.get('retry-after')).not.toBeNull();
    expect((await tokyo.ask('/v1/docs/carts', reading('majority; timeout=0ms'))).json).toMatchObject({ code: 'read_concern_unmet' });
    await expect
      .poll(async () => (await tokyo.ask(path, reading('bounded; maxLag=20ms; timeout=0ms'))).json)
      .toMatchObject({ code: 'read_concern_unmet', behind: expect.arrayContaining([{ region: 'berlin', lagMs: expect.any(Number) }]) });
    expect((await tokyo.ask(path, reading('local'))).status).toBe(200);
    await healTokyo();
  });

  test('[RC1] session waits for the token, local does not, and both may say for how long', async () => {
    const path = freshPath();
    const { version } = berlin.replica;
    const ahead = encodeSessionToken(version.with('berlin.ffffffffffff' as OriginId, 5));
    const ask = (concern: string) => berlin.ask(path, { headers: { 'anabranch-session': ahead, 'anabranch-read-concern': concern } });
    expect((await ask('local')).json?.['code']).toBe('document_not_found');
    expect((await ask('session; timeout=50ms')).json?.['code']).toBe('not_yet_visible');
    expect((await ask('bounded; maxLag=10s; timeout=50ms')).json?.['code']).toBe('not_yet_visible');
    expect((await berlin.ask(path, reading('session'))).json?.['code']).toBe('document_not_found');
  });

  test.each([
    '',
    'linearizable',
    'bounded',
    'bounded; maxLag',
    'bounded; maxLag=5',
    'bounded; maxLag=2h',
    'bounded; maxLag=3601s',
    'majority; maxLag=1s',
    'local; fetch=true',
    'session; timeout=61s',
    'majority; timeout=1s; timeout=1s',
    'bounded; maxlag=1s',
    'x'.repeat(2_401),
  ])('[RC4] %.40j is refused', async (concern) => {
    for (const path of [freshPath(), '/v1/docs/carts']) {
      expect((await berlin.ask(path, reading(concern))).json).toMatchObject({ code: 'read_concern_invalid', status: 400 });
    }
  });
});

describe('session tokens', () => {
  test('[TOKEN1] every answer that tells of the state carries the vector of the region, never what was presented', async () => {
    const path = freshPath();
    await berlin.patch(path, addTwo, withConcern('all'));
    const json = { 'content-type': 'application/vnd.anabranch.ops+json' };
    const patch = (headers: object, ops: object[] = addTwo) => ({
      method: 'PATCH',
      headers: { ...json, ...headers },
      body: JSON.stringify(ops),
    });
    const requests: [string, RequestInit, number][] = [
      [path, {}, 200],
      [path, { headers: { 'if-match': '"x"' } }, 412],
      [`${path}/digest`, {}, 200],
      ['/v1/docs/carts?limit=1', {}, 200],
      ['/v1/docs/carts/a/events', { method: 'HEAD' }, 200],
      ['/v1/docs/carts/never-written', {}, 404],
      ['/v1/docs/carts/never-written', { method: 'DELETE' }, 404],
      [path, patch({}), 200],
      [path, patch({ 'if-match': '"x"' }), 412],
      [path, patch({}, [{ op: 'remove', path: '/lines', index: 3 }]), 422],
      [path, { method: 'DELETE' }, 204],
    ];
    for (const [target, request, status] of requests) {
      // Within what the region has, and below it: nothing of it comes back.
      const presented = encodeSessionToken(berlin.replica.version);
      const headers = { ...(request.headers as object), 'anabranch-session': presented };
      const answer = await berlin.ask(target, { ...request, headers });
      expect(answer.status, `${request.method} ${target}`).toBe(status);
      expect(decodeSessionToken(answer.headers.get('anabranch-session') ?? '').equals(berlin.replica.version), target).toBe(true);
    }
  });

  test('[TOKEN1] a forged token costs its holder a bounded wait, and is neither kept nor given on', async () => {
    const forged = encodeSessionToken(
      berlin.replica.version.with('mars.0123456789ab' as OriginId, 3).with(berlin.replica.origin, Number.MAX_SAFE_INTEGER),
    );
    const path = freshPath();
    const json = { 'content-type': 'application/vnd.anabranch.ops+json', 'anabranch-session': forged };
    const answers = await Promise.all([
      berlin.ask(path, { headers: { ...json, 'anabranch-read-concern': 'session; timeout=50ms' } }),
      berlin.ask(path, { method: 'PATCH', headers: json, body: JSON.stringify(addTwo) }),
      berlin.ask('/v1/docs/carts', { headers: json }),
    ]);
    for (const answer of answers) {
      expect(answer.json).toMatchObject({ code: 'not_yet_visible', status: 503 });
      expect(answer.headers.get('anabranch-session')).toBeNull();
    }
    const answer = await berlin.patch(path, addTwo);
    const origins = [...decodeSessionToken(answer.headers.get('anabranch-session') ?? '').origins()];
    expect(origins).not.toContain('mars.0123456789ab');
    expect((await berlin.ask('/v1/status')).text).not.toContain('mars.');
  });

  test('[TOKEN2] a refusal names what is missing and who has it', async () => {
    await cutTokyo();
    const path = freshPath();
    const written = await berlin.patch(path, addTwo, withConcern('majority'));
    const answer = await tokyo.ask(path, {
      headers: { 'anabranch-session': written.headers.get('anabranch-session') ?? '', 'anabranch-read-concern': 'session; timeout=20ms' },
    });
    expect(answer.json).toMatchObject({
      code: 'not_yet_visible',
      missing: [{ origin: berlin.replica.origin, needed: expect.any(Number), held: expect.any(Number), heldBy: expect.any(Array) }],
    });
    await healTokyo();
  });
});
