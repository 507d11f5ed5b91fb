import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import type { WorldStatus } from './status-monitor.ts';
import { Program } from './testing/program.ts';

const json = { 'content-type': 'application/json' };

/** The demo on free ports, ready. */
class RunningDemo {
  readonly program: Program;
  readonly urls: Readonly<Record<string, string>>;

  private constructor(program: Program, urls: Readonly<Record<string, string>>) {
    this.program = program;
    this.urls = urls;
  }

  static async start(dataDir: string, ...flags: string[]): Promise<RunningDemo> {
    const program = new Program('main', ['--port-base', '0', '--data', dataDir, ...flags]);
    await program.line(/^ {2}stop +Ctrl-C$/);
    const [, block = ''] = program.output.split('\nready\n');
    return new RunningDemo(program, Object.fromEntries([...block.matchAll(/^ {2}(\S+) +(http\S+)/gm)].map(([, name, url]) => [name, url])));
  }

  get api(): string {
    return `${this.urls['index']}api`;
  }

  async status(): Promise<WorldStatus> {
    return JSON.parse(await (await fetch(`${this.api}/status`)).text());
  }

  async pids(): Promise<number[]> {
    return (await this.status()).regions.map((region) => region.process.pid ?? 0);
  }
}

async function codeOf(response: Promise<Response>): Promise<[number, string]> {
  const answer = await response;
  expect(answer.headers.get('content-type')).toMatch('application/problem+json');
  return [answer.status, JSON.parse(await answer.text()).code];
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}

function makeDataDir(): string {
  return join(mkdtempSync(join(tmpdir(), 'anabranch-demo-')), 'world');
}

function deleteDataDir(dataDir: string): void {
  rmSync(join(dataDir, '..'), { recursive: true, force: true });
}

describe('the running demo', () => {
  const dataDir = makeDataDir();
  let demo: RunningDemo;

  beforeAll(async () => {
    demo = await RunningDemo.start(dataDir);
  });

  afterAll(async () => {
    await demo.program.stop();
    deleteDataDir(dataDir);
  });

  test('[DEMO1] said ready when all regions take writes and the page is served', async () => {
    expect(Object.keys(demo.urls)).toEqual(['index', 'shop', 'console', 'new-york', 'berlin', 'tokyo']);
    for (const name of ['new-york', 'berlin', 'tokyo']) expect((await fetch(`${demo.urls[name]}/readyz`)).status).toBe(200);
    for (const name of ['index', 'console']) expect(await (await fetch(demo.urls[name] ?? '')).text()).toContain('<title>Anabranch');
    expect((await fetch(demo.urls['shop'] ?? '')).status).toBe(200);
  });

  test('[DEMO2] links and regions are controlled over the API, which refuses anything else', async () => {
    const link = `${demo.api}/links/tokyo/berlin`;
    const put = (url: string, body: unknown): Promise<Response> => fetch(url, { method: 'PUT', headers: json, body: JSON.stringify(body) });

    const listed: Pick<WorldStatus, 'links'> = JSON.parse(await (await fetch(`${demo.api}/links`)).text());
    const delays = listed.links.map(({ a, b, state, aToB }) => [a, b, state, aToB.delayMs]);
    expect(delays).toEqual([
      ['berlin', 'new-york', 'up', 40],
      ['new-york', 'tokyo', 'up', 110],
      ['berlin', 'tokyo', 'up', 85],
    ]);
    const changed = await put(link, { state: 'cut', direction: 'a-to-b', delayMs: 20 });
    expect(changed.status).toBe(200);
    expect(await changed.json()).toMatchObject({ a: 'tokyo', b: 'berlin', state: 'one-way', aToB: { state: 'cut', delayMs: 20 } });
    expect(await (await fetch(`${demo.api}/links/berlin/tokyo`)).json()).toMatchObject({ bToA: { state: 'cut' }, aToB: { state: 'up' } });

    expect(await codeOf(put(link, { state: 'down' }))).toEqual([422, 'value_invalid']);
    expect(await codeOf(put(link, { delayMs: -1 }))).toEqual([422, 'value_invalid']);
    expect(await codeOf(put(`${demo.api}/links/tokyo/paris`, { state: 'cut' }))).toEqual([404, 'region_not_found']);
    expect(await codeOf(put(`${demo.api}/links/tokyo/tokyo`, { state: 'cut' }))).toEqual([404, 'link_not_found']);
    expect(await codeOf(fetch(link, { method: 'PUT', headers: json, body: '{"state":' }))).toEqual([400, 'request_malformed']);
    expect(await codeOf(fetch(link, { method: 'PUT', headers: json }))).toEqual([422, 'value_invalid']);
    expect(await codeOf(fetch(link, { method: 'PUT', body: '{}' }))).toEqual([415, 'content_type_unsupported']);
    expect(await codeOf(put(link, { state: 'x'.repeat(70_000) }))).toEqual([413, 'request_too_large']);
    expect(await codeOf(fetch(link, { method: 'DELETE' }))).toEqual([405, 'method_not_allowed']);
    expect(
      await codeOf(fetch(link, { method: 'PUT', headers: { ...json, origin: 'https://elsewhere.example' }, body: '{"state":"up"}' })),
    ).toEqual([403, 'origin_not_allowed']);
    expect(await codeOf(fetch(`${demo.api}/nothing`))).toEqual([404, 'route_not_found']);
    expect(await (await fetch(link)).json()).toMatchObject({ state: 'one-way', aToB: { delayMs: 20 } });

    const post = (path: string): Promise<Response> => fetch(`${demo.api}/regions/${path}`, { method: 'POST' });
    const [, , tokyo] = await demo.pids();
    expect(await (await post('tokyo/kill')).json()).toMatchObject({ process: { state: 'down', lastExit: 'SIGKILL' } });
    expect(() => process.kill(tokyo ?? 0, 0)).toThrow();
    expect(await codeOf(post('tokyo/pause'))).toEqual([409, 'region_state_conflict']);
    expect(await codeOf(post('tokyo/explode'))).toEqual([404, 'route_not_found']);
    expect(await codeOf(post('paris/kill'))).toEqual([404, 'region_not_found']);
    expect((await demo.status()).regions[2]).toMatchObject({
      name: 'tokyo',
      isAnswering: false,
      isReady: false,
      process: { state: 'down' },
    });
    expect((await post('tokyo/restart')).status).toBe(200);
    await vi.waitFor(
      async () => {
        const { regions } = await demo.status();
        expect(regions[2]).toMatchObject({ name: 'tokyo', isReady: true });
      },
      { timeout: 60_000, interval: 50 },
    );
    expect((await post('tokyo/pause')).status).toBe(200);
    expect((await post('tokyo/resume')).status).toBe(200);
  });

  test('[DEMO9] the load on the regions is started, told of and ended over the API', async () => {
    const load = `${demo.api}/load`;
    const put = (body: unknown): Promise<Response> => fetch(load, { method: 'PUT', headers: json, body: JSON.stringify(body) });
    expect(await codeOf(put({ opsPerSecond: 1_000, seconds: 5 }))).toEqual([422, 'value_invalid']);
    expect(await (await put({ opsPerSecond: 30, seconds: 600 })).json()).toMatchObject({ isRunning: true, opsPerSecond: 30 });
    const written = async (region: string): Promise<unknown> => (await fetch(`${demo.urls[region]}/v1/docs/carts/load-0`)).json();
    await vi.waitFor(
      async () => expect(await (await fetch(`${demo.api}/status`)).json()).toMatchObject({ load: { isRunning: true, failed: 0 } }),
      { timeout: 30_000, interval: 50 },
    );
    await vi.waitFor(async () => expect(await written('tokyo')).toMatchObject({ items: { 'article-0': { qty: expect.any(Number) } } }), {
      ...{ timeout: 30_000, interval: 50 },
    });
    expect(await (await fetch(load, { method: 'DELETE' })).json()).toMatchObject({ isRunning: false, leftMs: 0 });
    expect(await codeOf(fetch(load, { method: 'POST' }))).toEqual([405, 'method_not_allowed']);
  });

  test('[DEMO10] shows what must be looked at, and keeps every line of the regions in files', async () => {
    expect(demo.program.output).toMatch(/tokyo +\| [\d:.]+ region\.ready/);
    expect(demo.program.output).not.toContain('region.listening');
    const log = readFileSync(join(dataDir, 'logs', 'tokyo.log'), 'utf8');
    expect(log).toContain('"event":"region.listening"');
    expect(demo.program.output).toContain(join(dataDir, 'logs'));
  });

  test('[DEMO2] a region that dies by itself is started again', async () => {
    const [newYork] = await demo.pids();
    process.kill(newYork ?? 0, 'SIGKILL');
    await vi.waitFor(
      async () => {
        const { regions } = await demo.status();
        expect(regions[0]).toMatchObject({ isReady: true, process: { restartCount: 1, lastExit: 'SIGKILL' } });
      },
      { timeout: 60_000, interval: 50 },
    );
  });

  test('[DEMO6] a signal stops every process', async () => {
    const pids = await demo.pids();
    expect(pids).toHaveLength(3);
    expect(await demo.program.stop()).toBe(0);
    expect(demo.program.output.trimEnd().split('\n').at(-1)).toBe(`stopped  every region has ended; what they hold is kept in ${dataDir}`);
    for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow(expect.objectContaining({ code: 'ESRCH' }));
    await expect(demo.status()).rejects.toThrow();
  });
});

describe('starting the demo', () => {
  let dataDir: string;

  beforeEach(() => {
    dataDir = makeDataDir();
  });

  afterEach(() => deleteDataDir(dataDir));

  test('[DEMO4] [SHOP19] data stays between runs, shelves are stocked once, and --fresh starts empty', async () => {
    const document = '/v1/docs/carts/kept';
    const edit = { method: 'PATCH', headers: { 'content-type': 'application/vnd.anabranch.ops+json' } };
    const body = JSON.stringify([{ op: 'add', path: '/coupons', value: 'KEPT' }]);
    let demo = await RunningDemo.start(dataDir);
    expect((await fetch(demo.urls['tokyo'] + document, { ...edit, body })).status).toBe(200);
    const stockInTokyo = async (): Promise<unknown> => (await fetch(`${demo.urls['tokyo']}/v1/docs/inventory/tea`)).json();
    await vi.waitFor(async () => expect(await stockInTokyo()).toEqual({ stock: 36, reserved: 0 }), { timeout: 30_000, interval: 50 });
    await demo.program.stop();

    demo = await RunningDemo.start(dataDir);
    expect(await (await fetch(demo.urls['tokyo'] + document)).json()).toMatchObject({ coupons: ['KEPT'] });
    expect(await stockInTokyo()).toEqual({ stock: 36, reserved: 0 });
    await demo.program.stop();

    demo = await RunningDemo.start(dataDir, '--fresh');
    expect((await fetch(demo.urls['tokyo'] + document)).status).toBe(404);
    await demo.program.stop();
  });

  test('[DEMO6] Ctrl-\\ stops every process too', async () => {
    const demo = await RunningDemo.start(dataDir);
    const pids = await demo.pids();
    const code = await demo.program.stop('SIGQUIT');
    const left = pids.filter(isAlive);
    for (const pid of left) process.kill(pid, 'SIGKILL');
    expect([code, left]).toEqual([0, []]);
  });

  test.each<[string, NodeJS.Signals | undefined]>([
    ['whose terminal is closed', 'SIGHUP'],
    ['that nobody reads any more', undefined],
  ])('[DEMO6] one %s stops every process in order', async (_, signal) => {
    const demo = await RunningDemo.start(dataDir);
    const pids = await demo.pids();
    demo.program.closeOutput();
    // It prints that the region has ended by itself.
    if (signal === undefined) process.kill(pids[0] ?? 0, 'SIGKILL');
    expect(await (signal === undefined ? demo.program.whenEnded : demo.program.stop(signal))).toBe(0);
    expect(pids.filter(isAlive)).toEqual([]);
    expect(existsSync(join(dataDir, 'demo.pid'))).toBe(false);
  });

  test('[DEMO1] a taken port is named, with the flag that helps, after a wrong option', async () => {
    const blocker = createServer();
    await once(blocker.listen(0, '127.0.0.1'), 'listening');
    const address = blocker.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    for (const portBase of [port, port - 2]) {
      const demo = new Program('main', ['--port-base', String(portBase), '--data', dataDir]);
      expect(await demo.whenEnded).toBe(1);
      expect(demo.output).toMatch(`port ${port} is in use`);
      expect(demo.output).toMatch('--port-base');
    }
    // What `npm start` says before it compiles anything: of an option first, of a port then.
    const script = fileURLToPath(new URL('../../../infra/scripts/start.mjs', import.meta.url));
    const npmStart = async (...args: string[]): Promise<[number | null, string]> => {
      const child = spawn(process.execPath, [script, 'apps/demo/dist/main.js', ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      const chunks: string[] = [];
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => chunks.push(String(chunk)));
      await once(child, 'close');
      return [child.exitCode, chunks.join('')];
    };
    const ports = ['--port-base', String(port)];
    expect(await npmStart(...ports)).toEqual([1, expect.stringMatching(`^port ${port} is in use: npm start may be running already`)]);
    expect(await npmStart(...ports, '--bogus')).toEqual([2, expect.stringMatching(/^Unknown option '--bogus'/)]);
    expect(await npmStart(...ports, '--help')).toEqual([0, expect.stringContaining('--port-base N')]);
    await new Promise((resolve) => blocker.close(resolve));
  });
});
