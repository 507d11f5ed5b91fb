// The doors of operators: status, health, metrics, the OpenAPI document, origins, upgrades, stopping.

import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { EditRequest } from '@anabranch/engine';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestRegion } from './testing/region-under-test.ts';

let region: TestRegion;
beforeAll(async () => {
  region = await TestRegion.start();
  await region.patch('/v1/docs/carts/a', [{ op: 'enable', path: '/gift' }]);
});
afterAll(() => region.stop());

/** The parts of the OpenAPI document that the tests walk. */
interface Described {
  readonly paths: Record<string, Record<string, { responses: Record<string, object>; requestBody?: { content: Record<string, object> } }>>;
}

describe('operators see', () => {
  test('[DOOR8] the status: region, origin, vector, heads, lag, peers', async () => {
    const { origin, version } = region.replica.status();
    const answer = await region.ask('/v1/status');
    expect(answer.json).toMatchObject({
      region: 'berlin',
      origin,
      isWritable: true,
      versionVector: version.toJSON(),
      heads: [{ origin, seq: 1, oldestSeq: 1, chainHash: expect.stringMatching(/^[0-9a-f]{64}$/) }],
      lag: [],
      peers: [],
      documentsLoaded: 1,
    });
  });

  test('[DOOR9] [LIFE1] health, while the region takes writes', async () => {
    expect((await region.ask('/livez')).json).toEqual({ status: 'live' });
    expect((await region.ask('/readyz')).json).toEqual({ status: 'ready' });
  });

  test('[DOOR9] [LIFE1] that a region is not ready, and why', async () => {
    const waiting = await TestRegion.start({
      wrap: (replica) => {
        const status = () => ({ ...replica.status(), isWritable: false, notWritableReason: 'waiting for peers' });
        return new Proxy(replica, { get: (target, name) => (name === 'status' ? status : Reflect.get(target, name, target)) });
      },
    });
    const answer = await waiting.ask('/readyz');
    expect([answer.status, answer.json?.['code'], answer.json?.['detail']]).toEqual([503, 'not_ready', 'waiting for peers']);
    expect(answer.headers.get('retry-after')).toBe('1');
    expect((await waiting.ask('/livez')).status).toBe(200);
    await waiting.stop();
  });

  test('[DOOR9] metrics by route template, never by document', async () => {
    await region.ask('/v1/docs/carts/secret-id');
    const { text, headers } = await region.ask('/metrics');
    expect(headers.get('content-type')).toMatch(/^text\/plain/);
    expect(text).toContain('anabranch_http_request_duration_seconds_count{route="/v1/docs/{collection}/{id}",method="GET",status="404"} 1');
    expect(text).toContain('anabranch_http_refusals_total{code="document_not_found"} 1');
    expect(text).toContain('anabranch_replica_writable 1');
    expect(text).toMatch(/anabranch_origin_seq\{origin="berlin\.[0-9a-f]{12}"\} 1/);
    expect(text).toContain('nodejs_eventloop_lag_seconds');
    expect(text).not.toContain('secret-id');
  });

  test('every metric that the parts name is in the table', async () => {
    const root = join(import.meta.dirname, '../../..');
    const { text } = await region.ask('/metrics');
    const sources = readdirSync(join(root, 'libs'), { recursive: true, encoding: 'utf8' }).filter((file) =>
      /^[a-z]+\/src\/.*(?<!\.test)\.ts$/.test(file),
    );
    expect(sources.length).toBeGreaterThan(50);
    const named = new Set(
      sources.flatMap((file) =>
        [...readFileSync(join(root, 'libs', file), 'utf8').matchAll(/'(anabranch_[a-z_]+)'/g)].map(([, name]) => name),
      ),
    );
    expect(named.size).toBeGreaterThan(15);
    for (const name of named) expect(text).toContain(`# HELP ${name} `);
  });

  test('[DOOR10] an OpenAPI document with every route, method, media type and answer, whose examples are valid', async () => {
    const document: Described = JSON.parse((await region.ask('/openapi.json')).text);
    expect(document).toMatchObject({ openapi: '3.1.0', info: { version: '0.0.0' } });
    const described = Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(region.server.routes.map((route) => `${route.method} ${route.template}`).sort());
    for (const { method, template, description } of region.server.routes) {
      const operation = document.paths[template]?.[method.toLowerCase()];
      expect(Object.keys(operation?.responses ?? {})).toEqual(expect.arrayContaining(Object.keys(description.answers)));
      expect(Object.keys(operation?.requestBody?.content ?? {})).toEqual(Object.keys(description.requestBody ?? {}));
      const bodies = [description.requestBody ?? {}, ...Object.values(description.answers).map((answer) => answer.content ?? {})];
      for (const { schema, example } of bodies.flatMap((content) => Object.values(content))) {
        expect(schema.safeParse(example), `${method} ${template}`).toMatchObject({ success: true });
      }
    }
  });

  test('[DOOR10] the answers of a running region fit the described schemas', async () => {
    for (const path of ['/v1/docs/carts/a', '/v1/docs/carts', '/v1/docs/carts/a/digest', '/v1/status', '/livez', '/readyz']) {
      const answer = await region.ask(path);
      const template = path.replace('/carts/a', '/{collection}/{id}').replace('/carts', '/{collection}');
      const route = region.server.routes.find((candidate) => candidate.method === 'GET' && candidate.template === template);
      expect(route?.description.answers[200]?.content?.['application/json']?.schema.safeParse(answer.json), path).toMatchObject({
        success: true,
      });
    }
  });
});

describe('pages of other origins', () => {
  test('an allowed page may preflight and read; another is refused', async () => {
    const listed = await TestRegion.start({ allowedOrigins: ['https://shop.example'] });
    const preflight = await listed.ask('/v1/docs/carts/a', {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.example', 'access-control-request-method': 'PATCH' },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe('https://shop.example');
    expect(preflight.headers.get('access-control-allow-methods')).toBe('GET, PATCH, DELETE, HEAD, OPTIONS');
    expect(preflight.headers.get('access-control-allow-headers')).toContain('anabranch-session');
    const read = await listed.ask('/v1/docs/carts', { headers: { origin: 'https://shop.example' } });
    expect(read.headers.get('access-control-expose-headers')).toContain('etag');
    expect(read.headers.get('vary')).toBe('origin');
    const foreign = await listed.ask('/v1/docs/carts', { headers: { origin: 'https://shop.example.evil.example' } });
    expect([foreign.status, foreign.headers.get('access-control-allow-origin')]).toEqual([403, null]);
    expect((await listed.ask('/nowhere', { method: 'OPTIONS' })).status).toBe(404);
    await listed.stop();
  });

  test.each([
    ['GET', { origin: 'https://evil.example' }],
    ['PATCH', { origin: 'https://evil.example' }],
    ['DELETE', { origin: 'https://evil.example' }],
    ['OPTIONS', { origin: 'https://evil.example' }],
    ['GET', { host: 'evil.example:7101' }],
    ['PATCH', { host: 'evil.example:7101', origin: 'http://evil.example:7101' }],
  ])('[DOOR12] %s with %j is 403 at every door, and applied at none', async (method, fields) => {
    const held = await region.patch('/v1/docs/carts/guarded', [{ op: 'set', path: '/status', value: 'held' }]);
    const body = '[{"op":"set","path":"/status","value":"taken"}]';
    const head = [
      ...Object.entries({ host: `127.0.0.1:${region.port}`, ...fields }).map(([name, value]) => `${name}: ${value}`),
      'content-type: application/vnd.anabranch.ops+json',
      `content-length: ${body.length}`,
      'connection: close',
    ];
    for (const path of ['/v1/docs/carts/guarded', '/v1/status', '/nowhere']) {
      const answer = await region.raw(`${method} ${path} HTTP/1.1\r\n${head.join('\r\n')}\r\n\r\n${body}`);
      expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*application\/problem\+json[\s\S]*"code":"origin_not_allowed"/);
      expect(answer).not.toContain('access-control-allow-origin');
    }
    expect((await region.ask('/v1/docs/carts/guarded')).headers.get('etag')).toBe(held.headers.get('etag'));
  });
});

const upgradeFields = [
  'host: localhost',
  'connection: upgrade',
  'upgrade: websocket',
  'sec-websocket-version: 13',
  'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==',
];
const upgradeRequest = (path: string, ...fields: string[]) =>
  `GET ${path} HTTP/1.1\r\n${[...upgradeFields, ...fields].join('\r\n')}\r\n\r\n`;

describe('upgrades', () => {
  const paths: string[] = [];
  const take = (path: string) =>
    [
      path,
      (request: { url?: string | undefined }, socket: { end(text: string): void }) => {
        paths.push(`${path} ${request.url}`);
        socket.end('HTTP/1.1 101 Taken\r\n\r\n');
      },
    ] as const;
  let routed: TestRegion;
  beforeAll(async () => {
    routed = await TestRegion.start({ upgrades: new Map([take('/v1/link'), take('/v1/sync/yjs/')]) });
  });
  afterAll(() => routed.stop());

  test('go to the door of their path', async () => {
    for (const path of ['/v1/link', '/v1/link?x', '/v1/sync/yjs/carts/a?token=1'])
      expect(await routed.raw(upgradeRequest(path))).toMatch(/^HTTP\/1\.1 101/);
    expect(paths).toEqual(['/v1/link /v1/link', '/v1/link /v1/link?x', '/v1/sync/yjs/ /v1/sync/yjs/carts/a?token=1']);
    for (const path of ['/v1/linked', '/v1/link/x', '/v1/sync/yjs', '/'])
      expect(await routed.raw(upgradeRequest(path))).toMatch(/^HTTP\/1\.1 404/);
  });

  test.each(['https://evil.example', 'null', 'http://127.0.0.1.evil.example'])('from pages of %s are 403', async (origin) => {
    expect(await routed.raw(upgradeRequest('/v1/link', `origin: ${origin}`))).toMatch(/^HTTP\/1\.1 403 [\s\S]*"code":"origin_not_allowed"/);
    expect(await routed.raw(upgradeRequest('/v1/link', 'origin: http://localhost:7100'))).toMatch(/^HTTP\/1\.1 101/);
  });
});

describe('stopping', () => {
  test('[LIFE2] requests under way are answered, later ones are refused, readiness is 503, then all is closed', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const stopping = await TestRegion.start({
      wrap: (replica) => {
        const edit = async (request: EditRequest) => {
          await gate;
          return await replica.edit(request);
        };
        return new Proxy(replica, {
          get: (target, name) => {
            const member: unknown = name === 'edit' ? edit : Reflect.get(target, name, target);
            return typeof member === 'function' ? member.bind(target) : member;
          },
        });
      },
    });
    const held = stopping.patch('/v1/docs/carts/a', [{ op: 'enable', path: '/gift' }]);
    await expect.poll(async () => (await stopping.ask('/metrics')).text).toContain('anabranch_http_requests_in_flight 2');
    const stopped = stopping.server.stop();
    expect((await stopping.ask('/livez')).status).toBe(200);
    expect((await stopping.ask('/readyz')).json).toMatchObject({ code: 'not_ready', detail: 'the region is stopping' });
    const late = await stopping.patch('/v1/docs/carts/b', [{ op: 'enable', path: '/gift' }]);
    expect([late.status, late.json?.['code'], late.headers.get('connection')]).toEqual([503, 'not_ready', 'close']);
    expect(await stopping.raw(upgradeRequest('/v1/link'))).toMatch(/^HTTP\/1\.1 (404|503)/);
    release();
    expect((await held).status).toBe(200);
    await stopped;
    await expect(stopping.ask('/livez')).rejects.toThrow();
    await stopping.replica.stop();
  });

  test('[LIFE2] a client that never finishes does not hold the region', async () => {
    const stopping = await TestRegion.start({ limits: { stopMsMax: 100 } });
    const socket = await stopping.connect();
    socket.write('PATCH /v1/docs/carts/a HTTP/1.1\r\nhost: localhost\r\ncontent-length: 10\r\n\r\n[');
    await expect.poll(async () => (await stopping.ask('/metrics')).text).toContain('anabranch_http_requests_in_flight 2');
    const closed = once(socket, 'close');
    await stopping.stop();
    await closed;
  });
});
