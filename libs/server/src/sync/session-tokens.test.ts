// Session guarantees on the way between WebSockets, REST and regions: real y-websocket providers and Repos at real doors.

import { once } from 'node:events';
import { connect as netConnect } from 'node:net';
import { silentLogger, silentMetrics } from '@anabranch/base';
import { decodeSessionToken, encodeSessionToken, type OriginId, VersionVector } from '@anabranch/causality';
import { parseDocumentId } from '@anabranch/protocol';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { RegionServer } from '../region-server.ts';
import { defaultServerLimits } from '../server-limits.ts';
import { RawClient } from './testing/raw-client.ts';
import { startRegion } from './testing/start-region.ts';
import { linkRegions, nodeHash, realClock, TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

const note = parseDocumentId('notes/n1');
const tokenMessageType = 100;
interface Client {
  readonly text: Y.Text;
  readonly provider: WebsocketProvider;
  /** What the region told, the newest last. */
  readonly tokens: string[];
  readonly closes: { code: number; reason: string }[];
}

function connect(region: TestRegion, params: Readonly<Record<string, string>>): Client {
  const doc = new Y.Doc();
  const options = { WebSocketPolyfill: WebSocket as never, disableBc: true, params, connect: false };
  const provider = new WebsocketProvider(`${region.url}/v1/sync/yjs`, note, doc, options);
  const client: Client = { text: doc.getText('body'), provider, tokens: [], closes: [] };
  provider.messageHandlers[tokenMessageType] = (_encoder, decoder) => {
    const length = decoder.arr[decoder.pos++] ?? 0;
    expect(length).toBeLessThan(0x80);
    client.tokens.push(Buffer.from(decoder.arr.subarray(decoder.pos, decoder.pos + length)).toString());
    decoder.pos += length;
  };
  provider.on('connection-close', (event) => {
    if (event !== null) client.closes.push({ code: event.code, reason: event.reason });
  });
  provider.connect();
  onTestFinished(() => {
    provider.destroy();
    provider.awareness.destroy();
  });
  return client;
}

/** The REST door of a region. */
async function restOf({ replica }: TestRegion): Promise<(headers: Record<string, string>, ops?: object[]) => Promise<Response>> {
  const server = new RegionServer({
    ...{ replica, clock: realClock, hash: nodeHash, logger: silentLogger, metrics: silentMetrics, limits: defaultServerLimits },
    metricsSource: { contentType: 'text/plain', read: async () => '' },
    upgrades: new Map(),
    origins: { allowedOrigins: [], isOnLoopback: true },
    version: '0.0.0',
  });
  const { port } = await server.listen('127.0.0.1', 0);
  onTestFinished(() => server.stop());
  return (headers, ops) =>
    fetch(`http://127.0.0.1:${port}/v1/docs/${note}`, {
      headers: { ...headers, ...(ops && { 'content-type': 'application/vnd.anabranch.ops+json' }) },
      ...(ops && { method: 'PATCH', body: JSON.stringify(ops) }),
    });
}

const sessionOf = (answer: Response) => answer.headers.get('anabranch-session') ?? '';

describe('a sync session that presents a token', () => {
  test('[TOKEN3] begins when the region covers it, and shows what it names in its first answer', async () => {
    const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
    const { version } = await berlin.edit(note, { op: 'insert', path: '/body', index: 0, text: 'seen' });
    const client = connect(tokyo, { session: encodeSessionToken(version), token: 'canary' });
    await until(() => tokyo.doors.sessionCount === 1, 'it waits');
    expect(client.provider.synced).toBe(false);
    linkRegions(tokyo, berlin);
    await until(() => client.provider.synced, 'it is synced');
    expect(client.text.toString()).toBe('seen');
    expect(client.tokens).toEqual([]);
    client.provider.destroy();
    await until(() => tokyo.doors.sessionCount === 0, 'it is counted no more');
  });

  test.each(['yjs/notes/n1', 'automerge/boards'])(
    '[TOKEN3] %s: is closed with not_yet_visible after a bounded wait, or as malformed',
    async (path) => {
      const region = await startRegion('berlin', { sessionWaitMsMax: 50 });
      const forged = encodeSessionToken(region.replica.version.with('mars.0123456789ab' as OriginId, 7));
      const closeOf = async (query: string) => {
        const client = new RawClient(`${region.url}/v1/sync/${path}?${query}`);
        const { code, reason } = await client.whenClosed;
        return [code, reason];
      };
      expect(await closeOf(`session=${forged}`)).toEqual([1013, 'not_yet_visible']);
      expect(await closeOf('session=AAAA')).toEqual([4400, 'session_token_invalid']);
      expect(await closeOf(`session=${'A'.repeat(200_000)}`)).toEqual([1006, '']);
      expect(await closeOf(`session=${forged}&session=${forged}`)).toEqual([4400, 'session_token_invalid']);
      expect(region.doors.sessionCount).toBe(0);
      expect([...region.replica.version.origins()]).toEqual([]);
    },
  );

  test('[TOKEN3] that waits when the region stops is closed at once', async () => {
    const region = await TestRegion.start({ region: 'berlin', limits: { sessionWaitMsMax: 10_000 } });
    const forged = encodeSessionToken(region.replica.version.with('mars.0123456789ab' as OriginId, 7));
    const client = new RawClient(`${region.url}/v1/sync/yjs/notes/n1?session=${forged}`);
    await until(() => region.doors.sessionCount === 1, 'it waits');
    await region.stop();
    expect((await client.whenClosed).code).toBe(1001);
  });
});

describe('tokens told to a y-websocket client', () => {
  test('[TOKEN4] cover each own update once it is durable, and what the others wrote', async () => {
    const region = await startRegion('berlin');
    const [asking, silent] = [connect(region, { tokens: 'true' }), connect(region, { tokens: '1' })];
    await until(() => asking.provider.synced && silent.provider.synced, 'both are synced');
    const newest = () => decodeSessionToken(asking.tokens.at(-1) ?? '');
    for (let seq = 1; seq <= 6; seq++) {
      (seq % 2 === 0 ? asking : silent).text.insert(0, 'x');
      await until(() => asking.tokens.length > 0 && newest().get(region.replica.origin) === seq, `told of op ${seq}`);
      expect(region.opCount).toBe(seq);
      expect(asking.text.length).toBe(seq);
    }
    expect(silent.tokens).toEqual([]);
    const seqs = asking.tokens.map((token) => decodeSessionToken(token).get(region.replica.origin));
    expect(seqs).toEqual([...new Set(seqs)].sort((a, b) => a - b));
  });
});

test('[TOKEN5] own writes and what was read are there on every step from WebSocket to REST to WebSocket, region by region', async () => {
  const [berlin, tokyo] = [await startRegion('berlin'), await startRegion('tokyo')];
  linkRegions(berlin, tokyo);
  const rest = new Map([
    [berlin, await restOf(berlin)],
    [tokyo, await restOf(tokyo)],
  ]);
  let token = encodeSessionToken(berlin.replica.version);
  for (let round = 0; round < 10; round++) {
    const [here, there] = round % 2 === 0 ? [berlin, tokyo] : [tokyo, berlin];
    const client = connect(here, { tokens: 'true', session: token });
    await until(() => client.provider.synced, 'synced');
    expect(client.text.toString()).toBe('r'.repeat(round) + 'w'.repeat(round));
    client.text.insert(round, 'r');
    await until(
      () =>
        client.tokens.some(
          (told) => decodeSessionToken(told).get(here.replica.origin) > decodeSessionToken(token).get(here.replica.origin),
        ),
      'told',
    );
    token = client.tokens.at(-1) as typeof token;
    client.provider.destroy();
    // At once over REST in the other region: it waits for what the client wrote over there.
    const read = await rest.get(there)?.({ 'anabranch-session': token });
    expect(await read?.json()).toEqual({ body: 'r'.repeat(round + 1) + 'w'.repeat(round) });
    const written = await rest.get(there)?.({ 'anabranch-session': read === undefined ? '' : sessionOf(read) }, [
      { op: 'insert', path: '/body', index: 2 * round + 1, text: 'w' },
    ]);
    expect(await written?.json()).toEqual({ body: 'r'.repeat(round + 1) + 'w'.repeat(round + 1) });
    token = (written === undefined ? '' : sessionOf(written)) as typeof token;
  }
});

test('[SYNC5] noise of a client that was told to wait, and then that the region stops, ends nothing but its socket', async () => {
  const region = await startRegion('berlin');
  const token = encodeSessionToken(VersionVector.of([[region.replica.origin, 1]]));
  const socket = netConnect(Number(new URL(region.url).port), '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  const key = Buffer.alloc(16).toString('base64');
  socket.write(`GET /v1/sync/yjs/${note}?session=${token} HTTP/1.1\r\nhost: x\r\nconnection: upgrade\r\nupgrade: websocket\r\n`);
  socket.write(`sec-websocket-version: 13\r\nsec-websocket-key: ${key}\r\n\r\n`);
  await once(socket, 'data');
  socket.resume();
  await until(() => region.doors.sessionCount === 1, 'it waits');
  const uncaught = vi.fn();
  process.once('uncaughtException', uncaught);
  const stopped = region.doors.stop();
  await region.edit(note, { op: 'set', path: '/m/k', value: 1 });
  await new Promise((resolve) => setImmediate(resolve));
  socket.write(Buffer.alloc(64, 0xff));
  await stopped;
  // The noise was read before that.
  await until(() => socket.closed, 'the socket has ended');
  process.off('uncaughtException', uncaught);
  expect(uncaught).not.toHaveBeenCalled();
});
