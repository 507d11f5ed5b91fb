// A real region process on LMDB under strace, with a peer and a session that watch: nothing that tells of a write may leave
// the process before the sync that covers the write has returned.

import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operationsMediaType, RegionClient } from '@anabranch/demo';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { WebsocketProvider } from 'y-websocket';
import * as Y from 'yjs';
import { type Exit, marker, readDurabilityTrace, tracedCalls, tracedStringBytes } from './durability-trace.ts';
import { RegionProgram } from './region-program.ts';

const cart = 'carts/traced';
const sequentialWrites = 36;
const concurrentWrites = 64;
const writesAtOnce = 16;
/** Long enough for whoever does not wait for the sync to be seen. */
const syncDelay = 'inject=fdatasync:delay_enter=5000';

beforeAll(() => {
  const { status } = spawnSync('strace', ['-f', '-y', '-o', '/dev/null', 'true']);
  if (status === 0) return;
  throw new Error('These tests watch system calls: install strace (apt-get install strace) and allow ptrace.');
});

let folder = '';
const cleanups: Array<() => unknown> = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'anabranch-acknowledgements-'));
});
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  rmSync(folder, { recursive: true });
});

async function startRegion(options: { name: string; peers?: string[]; under?: string[] }): Promise<RegionProgram> {
  const region = await RegionProgram.start({ folder, ...options });
  cleanups.push(() => {
    region.kill();
    return region.whenExited;
  });
  return region;
}

const traceFile = () => join(folder, 'trace');
const straceWith = (injection: string) => [
  ...['strace', '-f', '-tt', '-y', '-qq', '-o', traceFile(), '-s', String(tracedStringBytes)],
  ...['-e', `trace=${tracedCalls}`, '-e', injection],
];

interface Acknowledgement {
  readonly marker: string;
  /** Of the view it was answered with; every write makes another view. */
  readonly etag: string;
}

/** One article into the cart, under a name that is found in the trace; undefined when it was not acknowledged. */
async function write(region: RegionProgram, index: number): Promise<Acknowledgement | undefined> {
  const sku = marker(index);
  const response = await fetch(`${region.url}/v1/docs/${cart}`, {
    method: 'PATCH',
    headers: { 'content-type': operationsMediaType, 'idempotency-key': `key-of-${sku}` },
    body: JSON.stringify([{ op: 'increment', path: `/items/${sku}/qty`, by: 1 }]),
  });
  await response.arrayBuffer();
  return response.ok ? { marker: sku, etag: response.headers.get('etag')?.replaceAll('"', '') ?? '' } : undefined;
}

async function writeAll(region: RegionProgram): Promise<Acknowledgement[]> {
  const acknowledged: Array<Acknowledgement | undefined> = [];
  for (let index = 0; index < sequentialWrites; index++) acknowledged.push(await write(region, index));
  for (let index = 0; index < concurrentWrites; index += writesAtOnce) {
    const writes = Array.from({ length: writesAtOnce }, (_, i) => write(region, sequentialWrites + index + i));
    acknowledged.push(...(await Promise.all(writes)));
  }
  return acknowledged.filter((each) => each !== undefined);
}

/** A y-websocket client of the cart. */
function watch(region: RegionProgram): Y.Doc {
  const doc = new Y.Doc();
  const options = { WebSocketPolyfill: WebSocket as never, disableBc: true };
  const provider = new WebsocketProvider(`${region.url.replace('http', 'ws')}/v1/sync/yjs`, cart, doc, options);
  cleanups.push(() => {
    provider.destroy();
    provider.awareness.destroy();
  });
  return doc;
}

/** Forwards to the region, and takes the offer to compress out of the handshake: frames of links cross in clear. */
async function listenInClear(region: RegionProgram): Promise<number> {
  const { hostname, port } = new URL(region.url);
  const server: Server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    for (const [socket, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      socket.on('error', () => other.destroy());
      socket.on('close', () => other.destroy());
    }
    upstream.pipe(client);
    client.once('data', (request) => {
      upstream.write(request.toString('latin1').replace(/^sec-websocket-extensions:.*\r\n/im, ''), 'latin1');
      client.pipe(upstream);
    });
  }).listen(0, '127.0.0.1');
  cleanups.push(() => server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function articlesIn(region: RegionProgram): Promise<number> {
  const view = await new RegionClient('region', region.url).read('carts', 'traced');
  return Object.keys(Object(Reflect.get(Object(view), 'items'))).length;
}

describe('system calls of a region', () => {
  test('[CONV7] [LOG5] [SYNC3] every answer, session update and link frame follows the sync of its write', async () => {
    const berlin = await startRegion({ name: 'berlin', under: straceWith(syncDelay) });
    const linkUrl = `ws://127.0.0.1:${await listenInClear(berlin)}/v1/link`;
    const tokyo = await startRegion({ name: 'tokyo', peers: [`berlin=${linkUrl}`] });
    const watched = watch(berlin);
    const acknowledged = await writeAll(berlin);
    const count = sequentialWrites + concurrentWrites;
    expect(acknowledged.length).toBe(count);
    const watchedKeys = () => [...watched.share.keys()].flatMap((name) => [...watched.getMap(name).keys()]);
    await expect
      .poll(
        () =>
          new Set(
            watchedKeys()
              .join()
              .match(/mark-\d{4}/g),
          ).size,
        { timeout: 20_000 },
      )
      .toBe(count);
    await expect.poll(() => articlesIn(tokyo), { timeout: 20_000 }).toBe(count);
    expect(await berlin.stop()).toBe(0);

    const trace = readFileSync(traceFile(), 'utf8');
    const { departures, durable, problems } = readDurabilityTrace(trace);
    expect(problems).toEqual([]);
    expect(durable.size).toBe(count);
    for (const each of acknowledged) {
      const answers = departures.filter(({ exit, etag }) => exit === 'answer' && etag === each.etag);
      expect(answers.map(({ markers }) => markers.includes(each.marker))).toEqual([true]);
    }
    const seenAt = (exit: Exit) => new Set(departures.flatMap((each) => (each.exit === exit ? each.markers : []))).size;
    expect({ session: seenAt('session'), link: seenAt('link'), output: seenAt('output') }).toEqual({
      session: count,
      link: count,
      output: 0,
    });
    expectCatches(trace, acknowledged);
  });

  test('[CONV7] [LOG7] [LIFE5] when a sync fails, nothing more is acknowledged and the region ends; what was is there', async () => {
    const berlin = await startRegion({ name: 'berlin', under: straceWith('inject=fdatasync:error=EIO:when=6+') });
    const acknowledged: string[] = [];
    for (let index = 0; index < 200; index++) {
      const acknowledgement = await write(berlin, index).catch(() => undefined);
      if (acknowledgement === undefined) break;
      acknowledged.push(acknowledgement.marker);
    }
    expect(await berlin.whenExited).toBe(70);
    const { durable, problems, departures } = readDurabilityTrace(readFileSync(traceFile(), 'utf8'));
    expect(problems).toEqual([]);
    expect(departures.filter(({ exit }) => exit === 'answer').length).toBe(acknowledged.length);
    expect(acknowledged.length).toBeGreaterThan(0);
    expect([...durable]).toEqual(acknowledged);
    const again = await startRegion({ name: 'berlin' });
    expect(await articlesIn(again)).toBeGreaterThanOrEqual(acknowledged.length);
  });
});

/** The reader of the trace sees what it is there to see. */
function expectCatches(trace: string, acknowledged: readonly Acknowledgement[]): void {
  const lines = trace.split('\n');
  const victim = acknowledged[7];
  const answerAt = lines.findIndex((line) => line.includes(`etag: \\"${victim?.etag}`));
  const syncAt = lines.findLastIndex((line, at) => at < answerAt && /fdatasync.*\) += 0/.test(line));
  const problemsOf = (doctored: readonly string[]) => readDurabilityTrace(doctored.join('\n')).problems;

  const early = lines.toSpliced(answerAt, 1).toSpliced(syncAt, 0, lines[answerAt] ?? '');
  expect(problemsOf(early)).toEqual([expect.stringMatching(`answer with ${victim?.marker}`)]);

  const failed = lines.with(syncAt, (lines[syncAt] ?? '').replace(/\) += 0.*$/, ') = -1 EIO (Input/output error)'));
  for (const exit of ['answer', 'session', 'link']) {
    expect(problemsOf(failed)).toContainEqual(expect.stringMatching(`${exit} with ${victim?.marker}`));
  }
  expect(problemsOf(failed).filter((problem) => !problem.includes(victim?.marker ?? ''))).toEqual([]);

  const tooEarly = (doctored: readonly string[]) =>
    new Set(
      problemsOf(doctored)
        .join()
        .match(/mark-\d{4}/g),
    ).size;
  expect(tooEarly(lines.filter((line) => !line.includes('fdatasync')))).toBe(acknowledged.length);
  expect(tooEarly(lines.map((line) => line.replace(/O_DSYNC\|?/, '')))).toBe(acknowledged.length);
}
