// The small rules of HTTP that the doors keep, without a socket.

import { createHash } from 'node:crypto';
import { encodeUtf8 } from '@anabranch/base';
import { describe, expect, test } from 'vitest';
import { checkPreconditions, represent } from './entity-tag.ts';
import { readField, readTrace } from './fields.ts';
import { splitTarget } from './http-door.ts';
import { mediaTypeOf } from './media-type.ts';
import { isLoopbackHost, OriginPolicy } from './origin-policy.ts';
import { type Route, RouteTable } from './route-table.ts';

const hash = {
  sha256: (bytes: Uint8Array) => createHash('sha256').update(bytes).digest(),
  hmacSha256: () => new Uint8Array(),
};

describe('entity tags', () => {
  test('equal views have equal tags, whatever the order of their members', () => {
    const [a, b] = [represent({ x: 1, y: [{ p: 1, q: 2 }] }, hash), represent({ y: [{ q: 2, p: 1 }], x: 1 }, hash)];
    expect(a).toEqual(b);
    expect(a.body).toBe('{"x":1,"y":[{"p":1,"q":2}]}');
    const digest = createHash('sha256').update(encodeUtf8(a.body)).digest().subarray(0, 16);
    expect(a.entityTag).toBe(`"${digest.toString('base64url')}"`);
    expect(represent({ x: 2 }, hash).entityTag).not.toBe(represent({ x: 1 }, hash).entityTag);
  });

  test.each([
    [{}, '"a"', 'met'],
    [{ 'if-match': '"a"' }, '"a"', 'met'],
    [{ 'if-match': '"b", "a"' }, '"a"', 'met'],
    [{ 'if-match': '"b"' }, '"a"', 'failed'],
    [{ 'if-match': 'W/"a"' }, '"a"', 'failed'],
    [{ 'if-match': '*' }, '"a"', 'met'],
    [{ 'if-match': '*' }, undefined, 'failed'],
    [{ 'if-match': '"a"' }, undefined, 'failed'],
    [{ 'if-none-match': '"a"' }, '"a"', 'not-modified'],
    [{ 'if-none-match': 'W/"a"' }, '"a"', 'not-modified'],
    [{ 'if-none-match': '"b"' }, '"a"', 'met'],
    [{ 'if-none-match': '*' }, '"a"', 'not-modified'],
    [{ 'if-none-match': '*' }, undefined, 'met'],
  ] as const)('[DOOR14] %j against %s is %s', (headers, tag, outcome) => {
    expect(checkPreconditions(headers, () => tag)).toBe(outcome);
  });

  test.each(['a', '"a', '"a" "b"', ',', '"a"b"'])('the field %j is malformed', (field) => {
    expect(() => checkPreconditions({ 'if-match': field }, () => '"a"')).toThrow(expect.objectContaining({ code: 'request_malformed' }));
  });
});

describe('the route table', () => {
  const route = (method: Route['method'], template: string): Route => ({
    method,
    template,
    handle: async () => ({ status: 200, headers: {}, body: undefined }),
    description: { operationId: template, summary: '', answers: {}, errors: [] },
  });
  const table = new RouteTable([
    route('GET', '/v1/docs/{collection}'),
    route('GET', '/v1/docs/{collection}/{id}'),
    route('PATCH', '/v1/docs/{collection}/{id}'),
  ]);

  test('finds routes and decodes parameters once', () => {
    const { route: found, parameters } = table.match('PATCH', '/v1/docs/carts/a%2Fb%252F');
    expect(found.method).toBe('PATCH');
    expect([...parameters]).toEqual([
      ['collection', 'carts'],
      ['id', 'a/b%2F'],
    ]);
    expect(table.match('HEAD', '/v1/docs/carts').route.method).toBe('GET');
  });

  test('[DOOR11] tells an unknown path, a wrong method and a bad encoding apart', () => {
    const refusal = (code: string, details: object = {}) => expect.objectContaining({ code, details: expect.objectContaining(details) });
    expect(() => table.match('GET', '/v1/docs')).toThrow(refusal('route_not_found'));
    expect(() => table.match('GET', '/v1/docs/a/b/c')).toThrow(refusal('route_not_found'));
    expect(() => table.match('DELETE', '/v1/docs/a/b')).toThrow(
      refusal('method_not_allowed', { allow: ['GET', 'PATCH', 'HEAD', 'OPTIONS'] }),
    );
    expect(() => table.match('GET', '/v1/docs/a/%zz')).toThrow(refusal('request_malformed'));
    expect(() => table.match('GET', '/v1/docs/a/%ff')).toThrow(refusal('request_malformed'));
  });

  test('reads the path of origin-form and absolute-form targets', () => {
    expect(splitTarget('/a/b?c=d?e')).toEqual({ path: '/a/b', query: 'c=d?e' });
    expect(splitTarget('HTTP://host:1/a?b')).toEqual({ path: '/a', query: 'b' });
    expect(splitTarget('*')).toEqual({ path: '*', query: '' });
  });
});

describe('fields', () => {
  test('media types ignore case and parameters, and charsets other than UTF-8 are refused', () => {
    expect(mediaTypeOf('Application/Merge-Patch+JSON; charset="UTF-8"')).toBe('application/merge-patch+json');
    expect(mediaTypeOf(undefined)).toBeUndefined();
    expect(mediaTypeOf('')).toBeUndefined();
    expect(() => mediaTypeOf('application/json; charset=latin1')).toThrow(expect.objectContaining({ code: 'content_type_unsupported' }));
  });

  test.each(['', 'a b', 'é', 'a'.repeat(256), 'key, key'])('the idempotency key %j is refused', (key) => {
    expect(() => readField({ 'idempotency-key': key }, 'idempotency-key', 'request_malformed')).toThrow(
      expect.objectContaining({ code: 'request_malformed' }),
    );
  });

  test('a trace context is taken when it is valid and ignored when not', () => {
    const valid = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01';
    expect(readTrace({ traceparent: valid })).toBe(valid);
    for (const traceparent of [
      '00-0-0-01',
      valid.toUpperCase(),
      valid.replace('4bf92f3577b34da6a3ce929d0e0e4736', '0'.repeat(32)),
      `${valid}-x`,
    ]) {
      expect(readTrace({ traceparent })).toBeUndefined();
    }
  });
});

describe('the origin policy', () => {
  const listed = new OriginPolicy({ allowedOrigins: ['https://shop.example'], isOnLoopback: false });
  const loopback = new OriginPolicy({ allowedOrigins: [], isOnLoopback: true });

  test.each([
    [undefined, true],
    ['https://shop.example', true],
    ['https://shop.example.evil.example', false],
    ['https://evil.example/https://shop.example', false],
    ['http://shop.example', false],
    ['https://shop.example:8443', false],
    ['null', false],
    ['', false],
    ['http://127.0.0.1:7100', false],
    ['http://region.example:7101', true],
  ])('with a list, %s: %s', (origin, isAllowed) => {
    expect(listed.allows(origin, 'region.example:7101')).toBe(isAllowed);
  });

  test.each([
    ['http://127.0.0.1:7100', true],
    ['http://localhost:3000', true],
    ['http://[::1]:1', true],
    ['http://localhost.evil.example', false],
    ['http://127.0.0.1.evil.example', false],
    ['http://user@127.0.0.1:7100', false],
    ['https://shop.example', false],
    ['null', false],
  ])('on loopback without a list, %s: %s', (origin, isAllowed) => {
    expect(loopback.allows(origin, '127.0.0.1:7101')).toBe(isAllowed);
  });

  test.each([
    ['127.0.0.1:7101', true],
    ['LOCALHOST', true],
    ['localhost:', true],
    ['[::1]:7101', true],
    ['127.8.8.8:1', true],
    ['evil.example:7101', false],
    ['127.0.0.1.evil.example:7101', false],
    ['localhost.evil.example', false],
    ['evil.example@localhost', false],
    ['', false],
    [undefined, false],
  ])('on loopback, Host %s: %s, whatever Origin says', (host, isAllowed) => {
    expect(loopback.allows(undefined, host)).toBe(isAllowed);
    expect(loopback.refusalOf({ host })?.code).toBe(isAllowed ? undefined : 'origin_not_allowed');
    if (!isAllowed) expect(loopback.allows(`http://${host}`, host)).toBe(false);
  });

  test('on loopback behind a proxy, the hosts of listed origins pass', () => {
    const proxied = new OriginPolicy({ allowedOrigins: ['https://shop.example'], isOnLoopback: true });
    expect(proxied.allows('https://shop.example', 'shop.example')).toBe(true);
    expect(proxied.allows(undefined, '127.0.0.1:7101')).toBe(true);
    expect(proxied.allows('http://evil.example:7101', 'evil.example:7101')).toBe(false);
  });

  test('an asterisk allows all', () => {
    expect(new OriginPolicy({ allowedOrigins: ['*'], isOnLoopback: true }).allows('https://any.example', undefined)).toBe(true);
  });

  test('loopback addresses are told from others', () => {
    expect(['localhost', '127.0.0.1', '127.8.8.8', '::1'].every(isLoopbackHost)).toBe(true);
    expect(['0.0.0.0', '::', '10.0.0.1', '127.evil.example'].some(isLoopbackHost)).toBe(false);
  });
});
