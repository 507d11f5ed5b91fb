// What the doors refuse, with which code, and that nothing of it is applied.

import { request as httpRequest } from 'node:http';
import { AnabranchError, type ErrorCode, errorCodes } from '@anabranch/base';
import type { EditRequest } from '@anabranch/engine';
import { defaultServerLimits } from '@anabranch/server';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestAnswer, TestRegion } from './testing/region-under-test.ts';

const limits = { bodyBytesMax: 4_000, headersTimeoutMs: 150, requestTimeoutMs: 300, timeoutCheckMs: 50 };
let region: TestRegion;
beforeAll(async () => {
  region = await TestRegion.start({ limits });
});
afterAll(() => region.stop());

const document = '/v1/docs/carts/steady';
const gift = JSON.stringify([{ op: 'enable', path: '/gift' }]);

function expectProblem(answer: TestAnswer, code: ErrorCode, members: object = {}): void {
  const { status, title } = errorCodes[code];
  expect(answer.status, answer.text).toBe(status);
  expect(answer.headers.get('content-type')).toBe('application/problem+json');
  expect(answer.json).toMatchObject({ type: `urn:anabranch:error:${code}`, code, title, status, detail: expect.any(String), ...members });
  expect(answer.text).not.toMatch(/node:|\.[jt]s:\d| {4}at /);
}

/** A document, its digest and the region's vector stay what they were. */
async function expectUntouched(act: () => Promise<void>): Promise<void> {
  await region.patch(document, [{ op: 'set', path: '/status', value: 'steady' }]);
  const before = await region.ask(`${document}/digest`);
  await act();
  expect((await region.ask(`${document}/digest`)).json).toEqual(before.json);
}

describe('bodies', () => {
  test.each<[string, string, ErrorCode]>([
    ['malformed JSON', '[{', 'request_malformed'],
    ['an empty body', '', 'request_malformed'],
    ['no array', '{"op":"set"}', 'op_invalid'],
    ['an empty array', '[]', 'op_invalid'],
    ['a key named __proto__', '[{"op":"set","path":"/status","value":{"__proto__":{"polluted":1}}}]', 'value_invalid'],
    ['a key named constructor', '[{"op":"set","path":"/status","value":{"constructor":{"prototype":{"polluted":1}}}}]', 'value_invalid'],
    ['a path through __proto__', '[{"op":"set","path":"/items/__proto__/name","value":1}]', 'value_invalid'],
    ['a field named toString', '[{"op":"set","path":"/toString","value":1}]', 'path_unknown'],
    ['more operations than one edit takes', JSON.stringify(Array.from({ length: 1_001 }, () => 0)), 'request_too_large'],
  ])('[DOOR11] [DOOR12] [GUARD5] %s is refused', async (_, body, code) => {
    await expectUntouched(async () => expectProblem(await region.patch(document, body), code));
    expect(Reflect.get({}, 'polluted')).toBeUndefined();
  });

  test.each<[string, object, ErrorCode]>([
    ['an unknown operation', { op: 'explode', path: '/gift' }, 'op_invalid'],
    ['a missing value', { op: 'set', path: '/status' }, 'op_invalid'],
    ['a superfluous member', { op: 'enable', path: '/gift', value: 1 }, 'op_invalid'],
    ['an increment by a fraction', { op: 'increment', path: '/items/a/qty', by: 0.5 }, 'op_invalid'],
    ['an increment beyond safe integers', { op: 'increment', path: '/items/a/qty', by: 2 ** 53 }, 'op_invalid'],
    ['an unknown field', { op: 'set', path: '/colour', value: 1 }, 'path_unknown'],
    ['an unknown field below a map', { op: 'set', path: '/items/a/colour', value: 1 }, 'path_unknown'],
    ['a wrong type', { op: 'increment', path: '/status', by: 1 }, 'type_mismatch'],
    ['a path that is no pointer', { op: 'set', path: 'status', value: 1 }, 'op_invalid'],
    ['a bad list index', { op: 'insert', path: '/lines', index: 5, value: 1 }, 'index_out_of_range'],
    ['a bad text position', { op: 'delete', path: '/note', index: 0, length: 1 }, 'index_out_of_range'],
    ['a negative index', { op: 'insert', path: '/lines', index: -1, value: 1 }, 'op_invalid'],
  ])('[DOOR11] [DOOR12] %s is 422, naming path and position, and the operations before it are not applied', async (_, op, code) => {
    await expectUntouched(async () => {
      const answer = await region.patch(document, [{ op: 'enable', path: '/gift' }, op]);
      expectProblem(answer, code, { opIndex: 1, path: Reflect.get(op, 'path') });
    });
  });

  test('[DOOR11] a JSON patch names its own entry, not the operation made of it', async () => {
    await expectUntouched(async () => {
      const entries = [
        { op: 'replace', path: '/lines', value: [1, 2, 3] },
        { op: 'test', path: '/gift', value: true },
      ];
      const answer = await region.patch(document, entries, { 'content-type': 'application/json-patch+json' });
      expectProblem(answer, 'patch_test_failed', { opIndex: 1, path: '/gift' });
      const tooDeep = [
        entries[0],
        { op: 'add', path: '/items/a', value: { name: 'x'.repeat(10) } },
        { op: 'add', path: `/items/${'k'.repeat(300)}`, value: { name: 1 } },
      ];
      expectProblem(await region.patch(document, tooDeep, { 'content-type': 'application/json-patch+json' }), 'value_invalid', {
        opIndex: 2,
      });
    });
  });

  test.each<[string, unknown, string]>([
    ['no list', {}, 'the body: a list, not an object'],
    ['nothing', [], 'the body: at least 1 item'],
    ['an unknown operation', [{ op: 'explode' }], 'op: one of set, clear, increment, decrement, add, enable, disable, '],
    ['no operation', [7], 'the operation: an object, not 7'],
    ['a fraction', [{ op: 'increment', path: '/items/a/qty', by: 1.5 }], 'by: a whole number, not 1.5'],
    ['nothing to set', [{ op: 'set', path: '/status' }], 'value: a JSON value is needed'],
    ['no path', [{ op: 'enable' }], 'path: a text is needed'],
    ['a negative index', [{ op: 'insert', path: '/lines', index: -1, value: 1 }], 'index: at least 0, not -1'],
    ['an unknown key', [{ op: 'enable', path: '/gift', by: 1 }], 'the operation: unknown key by'],
  ])('[DOOR11] a body with %s is refused in plain words', async (_, body, detail) => {
    const answer = await region.patch(document, body);
    expectProblem(answer, 'op_invalid');
    expect(answer.json?.['detail']).toContain(detail);
  });

  test.each<[string, Record<string, string>, string]>([
    [`${document}?at=`, {}, 'at: at least 1 character'],
    [`${document}?page=1`, {}, 'query: unknown key page'],
    ['/v1/conflicts', {}, 'collection: a text is needed'],
    ['/v1/changes?view=no', {}, 'view: one of true, false, not "no"'],
    [document, { 'anabranch-session': 'a b' }, 'anabranch-session: characters that are not allowed'],
  ])('[DOOR11] %s %j is refused in plain words', async (path, headers, detail) => {
    expect((await region.ask(path, { headers })).json?.['detail']).toBe(detail);
  });

  test.each(['application/json', 'text/plain', 'application/vnd.anabranch.ops+json; charset=latin1', ''])(
    '[DOOR11] the content type %j is 415 with Accept-Patch',
    async (contentType) => {
      await expectUntouched(async () => {
        const answer = await region.patch(document, gift, { 'content-type': contentType });
        expectProblem(answer, 'content_type_unsupported');
        expect(answer.json?.['detail']).toMatch(
          contentType.includes('latin1') ? /charset=utf-8/ : `not with ${contentType === '' ? 'no Content-Type' : contentType}`,
        );
        expect(answer.headers.get('accept-patch')).toBe(
          'application/vnd.anabranch.ops+json, application/merge-patch+json, application/json-patch+json',
        );
      });
    },
  );

  test('[DOOR11] a compressed body is 415: nothing is inflated', async () => {
    await expectUntouched(async () => {
      expectProblem(await region.patch(document, gift, { 'content-encoding': 'gzip' }), 'content_type_unsupported');
    });
  });

  test.each([-1, 0, 1])('[DOOR11] [WIRE4] a body at its limit %i bytes, declared and chunked', async (beyond) => {
    const frame = '[{"op":"set","path":"/status","value":""}]';
    const body = frame.replace('""', `"${'x'.repeat(limits.bodyBytesMax + beyond - frame.length)}"`);
    expect(body).toHaveLength(limits.bodyBytesMax + beyond);
    const declared = await region.patch('/v1/docs/carts/sized', body);
    const chunked = await sendChunked(body);
    expect([declared.status, chunked]).toEqual(beyond > 0 ? [413, 413] : [200, 200]);
    if (beyond > 0) expectProblem(declared, 'request_too_large', { bytesMax: limits.bodyBytesMax });
  });

  test('[DOOR11] a body that declares more than it may is refused before it arrives', async () => {
    const answer = await region.raw(
      `PATCH ${document} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 99999999999\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
  });

  test('a body that breaks off changes nothing and takes nothing down', async () => {
    await expectUntouched(async () => {
      const socket = await region.connect();
      socket.write(
        `PATCH ${document} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/vnd.anabranch.ops+json\r\ncontent-length: 100\r\n\r\n[{"op"`,
      );
      socket.destroy();
    });
  });
});

function sendChunked(body: string): Promise<number | undefined> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/vnd.anabranch.ops+json', 'transfer-encoding': 'chunked' };
    const request = httpRequest(region.url('/v1/docs/carts/sized'), { method: 'PATCH', headers }, (response) => {
      response.resume();
      resolve(response.statusCode);
    });
    request.on('error', reject);
    request.write(body.slice(0, 100));
    request.end(body.slice(100));
  });
}

describe('addresses', () => {
  test.each<[string, number, ErrorCode]>([
    ['/v1/docs/carts/a%2Fb', 400, 'document_id_invalid'],
    ['/v1/docs/carts/%252e%252e%252fx', 400, 'document_id_invalid'],
    ['/v1/docs/carts/..%2f..%2fetc', 400, 'document_id_invalid'],
    ['/v1/docs/carts/a%5Cb', 400, 'document_id_invalid'],
    ['/v1/docs/carts/a%00b', 400, 'document_id_invalid'],
    ['/v1/docs/carts/%00', 400, 'document_id_invalid'],
    ['/v1/docs/carts/a%0d%0ab', 400, 'document_id_invalid'],
    ['/v1/docs/carts/a%20b', 400, 'document_id_invalid'],
    ['/v1/docs/carts/%C3%A9', 400, 'document_id_invalid'],
    ['/v1/docs/carts/e%CC%81', 400, 'document_id_invalid'],
    ['/v1/docs/carts/%2A', 400, 'document_id_invalid'],
    ['/v1/docs/carts/%3E', 400, 'document_id_invalid'],
    ['/v1/docs/carts/', 400, 'document_id_invalid'],
    ['/v1/docs/carts/%2E%2E', 400, 'document_id_invalid'],
    ['/v1/docs/carts/..', 400, 'document_id_invalid'],
    ['/v1/docs/carts/%2e', 400, 'document_id_invalid'],
    [`/v1/docs/carts/${'a'.repeat(201)}`, 400, 'document_id_invalid'],
    [`/v1/docs/carts/${'a'.repeat(10_000)}`, 400, 'document_id_invalid'],
    ['/v1/docs/carts/%', 400, 'request_malformed'],
    ['/v1/docs/carts/%zz', 400, 'request_malformed'],
    ['/v1/docs/carts/%ff', 400, 'request_malformed'],
    ['/v1/docs/carts/%c0%ae', 400, 'request_malformed'],
    ['/v1/docs/shops/a', 404, 'collection_not_found'],
    ['/v1/docs/__proto__/a', 404, 'collection_not_found'],
    ['/v1/docs/carts/a/unknown', 404, 'route_not_found'],
    ['/v1/docs/carts/a/digest/x', 404, 'route_not_found'],
    ['/v1/docs', 404, 'route_not_found'],
    ['/', 404, 'route_not_found'],
    ['/V1/status', 404, 'route_not_found'],
    ['/v1/status/', 404, 'route_not_found'],
    ['/%ff', 404, 'route_not_found'],
  ])('[DOOR15] [DOOR11] GET %s is %i', async (path, status, code) => {
    // Sent as it is: clients normalise paths.
    const answer = await region.raw(`GET ${path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
    expect(answer).toContain(`"code":"${code}"`);
    expect(answer).toContain('content-type: application/problem+json');
  });

  test.each([
    ['/', 'a region has no page: GET /openapi.json'],
    ['/v1/documents/ann', 'there is nothing at this path: GET /openapi.json'],
  ])('[DOOR11] GET %s says where the routes are described', async (path, detail) => {
    expect((await region.ask(path)).json?.['detail']).toContain(detail);
  });

  test('[DOOR15] [WIRE4] an id of 200 characters is one, in every letter of the alphabet, and case counts', async () => {
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~-';
    const id = alphabet.repeat(4).slice(0, 200);
    expect((await region.patch(`/v1/docs/carts/${id}`, gift)).status).toBe(200);
    expect((await region.ask(`/v1/docs/carts/${id.toLowerCase()}`)).status).toBe(404);
    const encoded = [...id].map((char) => `%${char.charCodeAt(0).toString(16)}`).join('');
    expect((await region.ask(`/v1/docs/carts/${encoded}`)).json).toMatchObject({ gift: true });
  });

  test.each([
    ['POST', '/v1/docs/carts/a', 'GET, PATCH, DELETE, HEAD, OPTIONS'],
    ['PUT', '/v1/docs/carts/a', 'GET, PATCH, DELETE, HEAD, OPTIONS'],
    ['PATCH', '/v1/docs/carts', 'GET, HEAD, OPTIONS'],
    ['POST', '/v1/status', 'GET, HEAD, OPTIONS'],
    ['DELETE', '/livez', 'GET, HEAD, OPTIONS'],
  ])('[DOOR11] %s %s is 405 with Allow', async (method, path, allow) => {
    const answer = await region.ask(path, { method });
    expectProblem(answer, 'method_not_allowed');
    expect(answer.headers.get('allow')).toBe(allow);
  });
});

describe('header fields', () => {
  test.each<[string, Record<string, string>, ErrorCode]>([
    ['a token that is not one', { 'anabranch-session': 'not+a/token' }, 'session_token_invalid'],
    ['a token of another format', { 'anabranch-session': 'AgA' }, 'session_token_invalid'],
    ['a token that is cut off', { 'anabranch-session': 'AQE' }, 'session_token_invalid'],
    ['an idempotency key with spaces', { 'idempotency-key': 'a b' }, 'request_malformed'],
    ['an idempotency key that is too long', { 'idempotency-key': 'k'.repeat(256) }, 'request_malformed'],
    ['an If-Match without quotes', { 'if-match': 'abc' }, 'request_malformed'],
  ])('[DOOR11] [DOOR12] %s is refused', async (_, headers, code) => {
    await expectUntouched(async () => expectProblem(await region.patch(document, gift, headers), code));
  });

  test('[DOOR11] header fields that are too large are 431', async () => {
    const fat = `x: ${'y'.repeat(defaultServerLimits.headerBytesMax)}\r\n`;
    const answer = await region.raw(`GET /livez HTTP/1.1\r\nhost: localhost\r\n${fat}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 431 [\s\S]*"code":"headers_too_large"/);
  });

  test('the longest token fits', async () => {
    const token = 'A'.repeat(defaultServerLimits.headerBytesMax - (16 << 10));
    expectProblem(await region.ask(document, { headers: { 'anabranch-session': token } }), 'session_token_invalid');
  });
});

describe('connections', () => {
  test.each([
    ['no HTTP', 'hello\r\n\r\n'],
    ['TLS', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'],
    ['a forged length', 'GET / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n'],
    ['two framings', 'POST / HTTP/1.1\r\nhost: localhost\r\ncontent-length: 1\r\ntransfer-encoding: chunked\r\n\r\n'],
  ])('[DOOR11] %s is 400 and closed', async (_, bytes) => {
    expect(await region.raw(bytes)).toMatch(/^HTTP\/1\.1 400 [\s\S]*"code":"request_malformed"/);
  });

  test('[GUARD6] a request whose head trickles in is closed with 408, and others are served meanwhile', async () => {
    const slow = region.raw('GET /livez HTTP/1.1\r\nhost: localhost\r\nx: ');
    expect((await region.ask('/livez')).status).toBe(200);
    expect(await slow).toMatch(/^HTTP\/1\.1 408 [\s\S]*"code":"request_timeout"/);
  });

  test('[GUARD6] a request whose body trickles in is closed', async () => {
    const head = `PATCH ${document} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/vnd.anabranch.ops+json\r\ncontent-length: 50\r\n\r\n`;
    await expectUntouched(async () => {
      expect(await region.raw(`${head}[`)).toMatch(/^HTTP\/1\.1 408 /);
    });
  });

  test('an unsupported upgrade is 404 and closed', async () => {
    const upgrade =
      'connection: upgrade\r\nupgrade: websocket\r\nsec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n';
    const answer = await region.raw(`GET /v1/nowhere HTTP/1.1\r\nhost: localhost\r\n${upgrade}\r\n`);
    expect(answer).toMatch(/^HTTP\/1\.1 404 [\s\S]*"code":"route_not_found"/);
    expect(answer).toContain('no WebSocket is taken at this path, but at /v1/link, /v1/sync/yjs/');
  });
});

describe('a region in trouble', () => {
  test('[DOOR11] a defect is 500 without its cause, which is logged', async () => {
    const lines: unknown[] = [];
    const logger = { error: (...line: unknown[]) => void lines.push(line), info() {}, debug() {} };
    const broken = await TestRegion.start({
      logger,
      wrap: (replica) =>
        new Proxy(replica, {
          get: (target, name) => (name === 'read' ? () => Promise.reject(new Error('canary')) : Reflect.get(target, name, target)),
        }),
    });
    const answer = await broken.ask(document);
    expectProblem(answer, 'internal_error');
    expect(answer.text).not.toContain('canary');
    expect(lines).toContainEqual(['http.failed', expect.objectContaining({ error: expect.objectContaining({ message: 'canary' }) })]);
    await broken.stop();
  });

  test.each(['store_failed', 'not_ready', 'overloaded'] as const)('[DOOR11] %s is 503 with Retry-After', async (code) => {
    const failing = await TestRegion.start({
      wrap: (replica) =>
        new Proxy(replica, {
          get: (target, name) => (name === 'edit' ? () => Promise.reject(new AnabranchError(code, 'as told')) : bound(target, name)),
        }),
    });
    const answer = await failing.patch(document, gift);
    expectProblem(answer, code);
    expect(answer.headers.get('retry-after')).toBe('1');
    await failing.stop();
  });

  test('[DOOR11] more requests than the limit are 503 while the first ones are answered', async () => {
    let release = (): void => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const busy = await TestRegion.start({
      limits: { requestsInFlightMax: 2 },
      wrap: (replica) => {
        const edit = async (request: EditRequest) => {
          await gate;
          return await replica.edit(request);
        };
        return new Proxy(replica, { get: (target, name) => (name === 'edit' ? edit : bound(target, name)) });
      },
    });
    const held = [busy.patch(document, gift), busy.patch(document, gift)];
    await expect.poll(async () => (await busy.ask('/metrics')).text).toContain('anabranch_http_requests_in_flight 3');
    expectProblem(await busy.patch(document, gift), 'overloaded');
    expect((await busy.ask('/livez')).status).toBe(200);
    release();
    expect((await Promise.all(held)).map((answer) => answer.status)).toEqual([200, 200]);
    await busy.stop();
  });
});

function bound(target: object, name: string | symbol): unknown {
  const member: unknown = Reflect.get(target, name, target);
  return typeof member === 'function' ? member.bind(target) : member;
}
