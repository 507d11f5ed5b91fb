// Server-sent events over real sockets.

import { once } from 'node:events';
import { decodeSessionToken, encodeSessionToken, VersionVector } from '@anabranch/causality';
import { parseDocumentId } from '@anabranch/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { TestRegion } from './testing/region-under-test.ts';

interface ServerEvent {
  readonly name: string;
  readonly id: string;
  readonly data: Record<string, unknown>;
}

/** Reads an event stream as the standard says, as far as the region uses it. */
class EventReader {
  readonly response: Response;
  readonly #reader: ReadableStreamDefaultReader<string>;
  comments = 0;
  #text = '';

  static async open(region: TestRegion, path: string, headers: Record<string, string> = {}): Promise<EventReader> {
    const response = await fetch(region.url(path), { headers });
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    return new EventReader(response);
  }

  private constructor(response: Response) {
    if (response.body === null) throw new Error('the stream has no body');
    this.response = response;
    this.#reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event; undefined when the stream has ended. */
  async next(): Promise<ServerEvent | undefined> {
    for (;;) {
      const end = this.#text.indexOf('\n\n');
      if (end < 0) {
        const { done, value } = await this.#reader.read();
        if (done) return undefined;
        this.#text += value;
        continue;
      }
      const block = this.#text.slice(0, end);
      this.#text = this.#text.slice(end + 2);
      if (block.startsWith(':')) this.comments += 1;
      const fields = new Map(block.split('\n').map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]));
      const data = fields.get('data');
      if (data !== undefined) return { name: fields.get('event') ?? 'message', id: fields.get('id') ?? '', data: JSON.parse(data) };
    }
  }

  async cancel(): Promise<void> {
    await this.#reader.cancel();
  }
}

let region: TestRegion;
beforeAll(async () => {
  region = await TestRegion.start({ limits: { eventHeartbeatMs: 20, eventStreamsMax: 3, eventStallMsMax: 300, readWaitMsMax: 50 } });
});
afterAll(() => region.stop());

let count = 0;
const freshPath = () => `/v1/docs/carts/live-${++count}`;
const setStatus = (path: string, value: unknown) => region.patch(path, [{ op: 'set', path: '/status', value }]);
const noStreams = () => expect.poll(async () => (await region.ask('/metrics')).text).toContain('anabranch_http_event_streams 0');

describe('event streams', () => {
  test('[DOOR7] send each later change with a token that covers it', async () => {
    const path = freshPath();
    await setStatus(path, 'before');
    const events = await EventReader.open(region, `${path}/events`);
    for (const value of ['one', 'two', 'three']) {
      const written = await setStatus(path, value);
      const event = await events.next();
      expect(event).toMatchObject({ name: 'message', data: { status: value } });
      const seen = decodeSessionToken(event?.id ?? '');
      expect(seen.covers(decodeSessionToken(written.headers.get('anabranch-session') ?? ''))).toBe(true);
    }
    await events.cancel();
    await noStreams();
  });

  test('[DOOR7] a removed document is told by name', async () => {
    const path = freshPath();
    await setStatus(path, 'here');
    const events = await EventReader.open(region, `${path}/events`);
    await region.ask(path, { method: 'DELETE' });
    expect(await events.next()).toMatchObject({ name: 'removed', data: { status: null } });
    await setStatus(path, 'again');
    expect(await events.next()).toMatchObject({ name: 'message', data: { status: 'again' } });
    await events.cancel();
    await noStreams();
  });

  test.each([
    ['Last-Event-ID', (token: string): [string, Record<string, string>] => ['', { 'last-event-id': token }]],
    ['after', (token: string): [string, Record<string, string>] => [`?after=${token}`, {}]],
    ['Anabranch-Session', (token: string): [string, Record<string, string>] => ['', { 'anabranch-session': token }]],
  ])('[DOOR7] a reader that resumes by %s first gets the present view', async (_, resume) => {
    const path = freshPath();
    const token = (await setStatus(path, 'seen')).headers.get('anabranch-session') ?? '';
    await setStatus(path, 'missed');
    const [query, headers] = resume(token);
    const events = await EventReader.open(region, `${path}/events${query}`, headers);
    expect(await events.next()).toMatchObject({ data: { status: 'missed' } });
    await events.cancel();
    await noStreams();
  });

  test('[DOOR7] an idle stream is kept open by comments', async () => {
    const path = freshPath();
    const events = await EventReader.open(region, `${path}/events`);
    const next = events.next();
    await expect.poll(() => events.comments).toBeGreaterThan(2);
    await setStatus(path, 'x');
    expect(await next).toMatchObject({ data: { status: 'x' } });
    await events.cancel();
    await noStreams();
  });

  test('[DOOR7] a reader that does not read is cut, and costs one view and the socket, not every change', async () => {
    const path = freshPath();
    const socket = await region.connect();
    socket.pause();
    socket.write(`GET ${path}/events HTTP/1.1\r\nhost: localhost\r\n\r\n`);
    await expect.poll(async () => (await region.ask('/metrics')).text).toContain('anabranch_http_event_streams 1');
    const big = 'x'.repeat(200_000);
    // Far more than both socket buffers hold: 16 MB in 80 changes.
    for (let i = 0; i < 80; i++) await setStatus(path, `${i} ${big}`);
    await noStreams();
    let bytes = 0;
    socket.on('data', (chunk) => {
      bytes += chunk.length;
    });
    socket.resume();
    await once(socket, 'close');
    expect(bytes).toBeLessThan(12_000_000);
  });

  test('[DOOR7] streams have a limit, and free their place', async () => {
    const open = await Promise.all([1, 2, 3].map(() => EventReader.open(region, `${freshPath()}/events`)));
    const refused = await region.ask(`${freshPath()}/events`);
    expect([refused.status, refused.json?.['code']]).toEqual([503, 'overloaded']);
    for (const events of open) await events.cancel();
    await noStreams();
    await (await EventReader.open(region, `${freshPath()}/events`)).cancel();
    await noStreams();
  });

  test.each(['/v1/docs/carts/waiting/events', '/v1/changes?follow=true'])(
    '[DOOR7] readers of %s that wait keep their places',
    async (path) => {
      const limited = await TestRegion.start({ limits: { eventStreamsMax: 3, changeFeedsMax: 3 } });
      const { origin } = limited.replica.status();
      const headers = { 'anabranch-session': encodeSessionToken(VersionVector.of([[origin, 1]])) };
      const asked = [1, 2, 3, 4, 5].map(() => fetch(limited.url(path), { headers }));
      const inFlight = async (): Promise<string> => (await limited.ask('/metrics')).text;
      await expect.poll(inFlight).toMatch(/anabranch_http_requests_in_flight [34]\n/);
      await limited.patch('/v1/docs/carts/waiting', [{ op: 'enable', path: '/gift' }]);
      const answers = await Promise.all(asked);
      expect(answers.map(({ status }) => status).sort()).toEqual([200, 200, 200, 503, 503]);
      await limited.stop();
    },
  );

  test.each([
    ['/v1/docs/shops/a/events', {}, 404, 'collection_not_found'],
    ['/v1/docs/carts/a%2fb/events', {}, 400, 'document_id_invalid'],
    ['/v1/docs/carts/a/events?since=1', {}, 400, 'request_malformed'],
    ['/v1/docs/carts/a/events?after=%20', {}, 400, 'session_token_invalid'],
    ['/v1/docs/carts/a/events', { 'last-event-id': 'x x' }, 400, 'session_token_invalid'],
    ['/v1/docs/carts/a/events', { 'last-event-id': 'AQETYmVybGluLjAwMDAwMDAwMDAwMAk' }, 503, 'not_yet_visible'],
  ])('[DOOR11] %s %j is refused before the stream begins', async (path, headers, status, code) => {
    const answer = await region.ask(path, { headers });
    expect([answer.status, answer.json?.['code']]).toEqual([status, code]);
  });
});

describe('stopping', () => {
  test('[LIFE2] ends the streams', async () => {
    const stopping = await TestRegion.start();
    const events = await EventReader.open(stopping, '/v1/docs/carts/a/events');
    const next = events.next();
    await stopping.stop();
    expect(await next).toBeUndefined();
  });

  test.each(['/v1/docs/carts/late/events', '/v1/changes?follow=true'])(
    '[LIFE2] ends %s also for readers that still waited for it',
    async (path) => {
      const stopping = await TestRegion.start();
      const { origin } = stopping.replica.status();
      const headers = { 'anabranch-session': encodeSessionToken(VersionVector.of([[origin, 1]])) };
      const asked = fetch(stopping.url(path), { headers });
      await expect.poll(() => stopping.server.gauges()).toContainEqual({ name: 'anabranch_http_requests_in_flight', value: 1 });
      const startMs = performance.now();
      const stopped = stopping.server.stop();
      await stopping.replica.edit({ document: parseDocumentId('carts/late'), plan: () => [{ op: 'enable', path: '/gift' }] });
      const answer = await asked;
      expect(answer.status).toBe(200);
      await answer.text();
      await stopped;
      expect(performance.now() - startMs).toBeLessThan(2_000);
      await stopping.stop();
    },
  );
});
