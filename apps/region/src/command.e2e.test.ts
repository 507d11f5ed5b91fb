// The compiled `anabranch` command as a process.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { nodeFlags } from './node-flags.ts';

const main = join(import.meta.dirname, '../dist/main.js');
const shim = join(import.meta.dirname, '../bin/anabranch.mjs');
const folder = mkdtempSync(join(tmpdir(), 'anabranch-command-'));
const running = new Set<ChildProcess>();
afterAll(() => {
  for (const child of running) child.kill('SIGKILL');
  rmSync(folder, { recursive: true });
});

const config = join(folder, 'config.json');
writeFileSync(
  config,
  JSON.stringify({
    collections: {
      carts: { library: 'yjs', schema: { type: 'object', fields: { qty: { type: 'counter' }, memo: { type: 'register' } } } },
    },
  }),
);

class Command {
  readonly child: ChildProcess;
  stdout = '';
  stderr = '';

  constructor(program: string, args: readonly string[]) {
    const { PATH } = process.env;
    this.child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], env: { PATH } });
    running.add(this.child);
    this.child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    this.child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.child.once('exit', () => running.delete(this.child));
  }

  async whenEnded(): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) await once(this.child, 'close');
    return this.child.exitCode;
  }

  /** The fields of the log line of an event, once it is written. */
  async event(name: string): Promise<Record<string, unknown>> {
    const find = () => this.stdout.split('\n').find((line) => line.includes(`"event":"${name}"`));
    await expect.poll(find, { timeout: 60_000 }).toBeDefined();
    return JSON.parse(find() ?? '');
  }

  static run(program: string, ...args: readonly string[]): Command {
    return new Command(program, args);
  }

  static anabranch(...args: readonly string[]): Command {
    return Command.run(process.execPath, main, ...args);
  }

  static regionArgs(data: string): readonly string[] {
    return ['region', '--name', 'berlin', '--listen', '127.0.0.1:0', '--data', join(folder, data), '--config', config];
  }

  static region(data: string, ...args: readonly string[]): Command {
    return Command.anabranch(...Command.regionArgs(data), ...args);
  }
}

let pairs = 0;

/** Two regions with a link, and a write in one that waits for both. */
async function linkedPair() {
  const data = `pair-${++pairs}`;
  const key = join(folder, `${data}.key`);
  writeFileSync(key, '5a'.repeat(32));
  const common = ['--listen', '127.0.0.1:0', '--config', config, '--mesh-key-file', key];
  const tokyo = Command.anabranch('region', '--name', 'tokyo', '--data', join(folder, `${data}-tokyo`), '--peer', 'berlin', ...common);
  const { url: tokyoUrl } = await tokyo.event('region.listening');
  const berlin = Command.region(data, '--peer', `tokyo=${String(tokyoUrl).replace('http:', 'ws:')}`, '--mesh-key-file', key);
  const { url } = await berlin.event('region.listening');
  await berlin.event('region.ready');
  await berlin.event('link.established');
  const write = async () => {
    const answer = fetch(`${url}/v1/docs/carts/a`, {
      method: 'PATCH',
      headers: { 'content-type': 'application/vnd.anabranch.ops+json', 'anabranch-write-concern': 'all; timeout=60s' },
      body: '[{"op":"increment","path":"/qty","by":2}]',
    });
    await expect.poll(async () => await (await fetch(`${url}/metrics`)).text()).toContain('anabranch_http_requests_in_flight 2');
    return { answer };
  };
  return { berlin, tokyo, write };
}

describe('the command', () => {
  test('[LIFE4] --version and --help print and exit with 0', async () => {
    for (const [args, text] of [
      [['--version'], /^\d+\.\d+\.\d+\n$/],
      [['--help'], /anabranch region/],
      [['region', '--help'], /--mesh-key-file FILE/],
    ] as const) {
      const command = Command.anabranch(...args);
      expect(await command.whenEnded()).toBe(0);
      expect(command.stdout).toMatch(text);
      expect(command.stderr).toBe('');
    }
  });

  test.each([[[]], [['explode']], [['region', '--nam', 'x']], [['region', '--name', 'berlin', '--log-level', 'loud']]])(
    '[LIFE4] %j exits with 2 and says why',
    async (args) => {
      const command = Command.anabranch(...args);
      expect(await command.whenEnded()).toBe(2);
      expect(command.stdout).toBe('');
      expect(command.stderr).toMatch(/^anabranch: .+\nSee anabranch --help/);
      expect(command.stderr).not.toMatch(/ {4}at /);
    },
  );
});

describe('the installed command', () => {
  test('[LIFE4] is the compiled program', async () => {
    const command = Command.run(shim, '--version');
    expect(await command.whenEnded()).toBe(0);
    expect(command.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('says what to do before there is one', async () => {
    mkdirSync(join(folder, 'clone/bin'), { recursive: true });
    const alone = join(folder, 'clone/bin/anabranch.mjs');
    copyFileSync(shim, alone);
    const command = Command.run(alone, '--version');
    expect(await command.whenEnded()).toBe(1);
    expect(command.stderr).toBe('anabranch: not compiled yet: run npm run build first\n');
  });

  test('has the flags of a region', () => {
    expect(readFileSync(shim, 'utf8').split('\n', 1)).toEqual([`#!/usr/bin/env -S node ${nodeFlags.join(' ')}`]);
  });
});

describe('a region process', () => {
  test('[LIFE1] [LIFE2] serves, keeps what it acknowledged, and exits with 0 on SIGTERM', async () => {
    const first = Command.region('kept');
    const { url, yjs, hocuspocus, automerge } = await first.event('region.listening');
    const sync = String(url).replace('http:', 'ws:');
    expect([yjs, hocuspocus]).toEqual([`${sync}/v1/sync/yjs/{collection}`, `${sync}/v1/sync/hocuspocus`]);
    expect(automerge).toBe(`${sync}/v1/sync/automerge/{collection}`);
    await first.event('region.ready');
    const document = `${url}/v1/docs/carts/a`;
    const patch = {
      method: 'PATCH',
      headers: { 'content-type': 'application/vnd.anabranch.ops+json' },
      body: '[{"op":"increment","path":"/qty","by":2}]',
    };
    expect((await fetch(document, patch)).status).toBe(200);
    const stream = await fetch(`${document}/events`);
    first.child.kill('SIGTERM');
    expect(await stream.text()).toMatch(/^retry: /);
    expect(await first.whenEnded()).toBe(0);
    await first.event('region.stopped');
    expect(first.stderr).toBe('');

    const second = Command.region('kept');
    const { url: again } = await second.event('region.listening');
    expect(await (await fetch(`${again}/v1/docs/carts/a`)).json()).toEqual({ memo: null, qty: 2 });
    second.child.kill('SIGINT');
    expect(await second.whenEnded()).toBe(0);
  });

  test('[LIFE6] [LOG8] started again, it waits for a peer that only dials it, and takes a new epoch when none is heard', async () => {
    const key = join(folder, 'mesh.key');
    writeFileSync(key, '5a'.repeat(32));
    const start = (): Command => Command.region('dialled', '--peer', 'tokyo', '--mesh-key-file', key);
    const first = start();
    const { origin } = await first.event('region.ready');
    first.child.kill('SIGKILL');
    await first.whenEnded();

    const second = start();
    const { url } = await second.event('region.listening');
    const status: unknown = await (await fetch(`${url}/v1/status`)).json();
    expect(status).toMatchObject({ origin, isWritable: false, peers: [{ region: 'tokyo', linkState: 'down' }] });
    const ready = await second.event('region.ready');
    expect(ready['origin']).not.toBe(origin);
    expect(await second.event('epoch.renewed')).toMatchObject({ cause: 'unconfirmed', before: origin, origin: ready['origin'] });
    second.child.kill('SIGTERM');
    expect(await second.whenEnded()).toBe(0);
  });

  test('[LIFE2] a signal while it starts ends it with 0', async () => {
    const region = Command.region('early');
    region.child.stdout?.once('data', () => region.child.kill('SIGTERM'));
    expect(await region.whenEnded()).toBe(0);
    await region.event('region.stopped');
    expect(region.stderr).toBe('');
  });

  test('[LIFE2] [WC6] a write that waits for another region is answered while its region stops, as met when it is', async () => {
    const { berlin, tokyo, write } = await linkedPair();
    tokyo.child.kill('SIGSTOP');
    const met = await write();
    berlin.child.kill('SIGTERM');
    await berlin.event('region.stopping');
    tokyo.child.kill('SIGCONT');
    const answer = await met.answer;
    expect([answer.status, answer.headers.get('anabranch-acknowledged')]).toEqual([200, 'berlin, tokyo']);
    expect(await berlin.whenEnded()).toBe(0);
    tokyo.child.kill('SIGTERM');
    expect(await tokyo.whenEnded()).toBe(0);
  });

  test('[LIFE2] [WC6] one that nobody acknowledges is answered as pending before its region ends', async () => {
    const { berlin, tokyo, write } = await linkedPair();
    tokyo.child.kill('SIGSTOP');
    const pending = await write();
    berlin.child.kill('SIGTERM');
    const answer = await pending.answer;
    expect([answer.status, answer.headers.get('anabranch-acknowledged')]).toEqual([202, 'berlin']);
    expect(await berlin.whenEnded()).toBe(0);
    tokyo.child.kill('SIGKILL');
    await tokyo.whenEnded();
  });

  test('a second signal ends it at once', async () => {
    const region = Command.region('impatient');
    const { url } = await region.event('region.listening');
    const held = new AbortController();
    const body = new ReadableStream({ start: (controller) => controller.enqueue(Buffer.from('[')) });
    const request = fetch(`${url}/v1/docs/carts/a`, { method: 'PATCH', body, duplex: 'half', signal: held.signal } as RequestInit).catch(
      () => undefined,
    );
    await expect.poll(async () => await (await fetch(`${url}/metrics`)).text()).toContain('anabranch_http_requests_in_flight 2');
    region.child.kill('SIGTERM');
    await region.event('region.stopping');
    region.child.kill('SIGTERM');
    expect(await region.whenEnded()).toBe(70);
    held.abort();
    await request;
  });

  test('a store in use, and a port in use, are named and exit with 1', async () => {
    const holder = Command.region('held');
    const { url } = await holder.event('region.listening');
    const locked = Command.region('held');
    expect(await locked.whenEnded()).toBe(1);
    expect(await locked.event('region.start_failed')).toMatchObject({ code: 'store_locked' });

    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const taken = Command.region('free', '--listen', `127.0.0.1:${port}`);
    expect(await taken.whenEnded()).toBe(2);
    const occupied = Command.anabranch(
      'region',
      '--name',
      'berlin',
      '--listen',
      `127.0.0.1:${port}`,
      '--data',
      join(folder, 'free'),
      '--config',
      config,
    );
    expect(await occupied.whenEnded()).toBe(1);
    expect(await occupied.event('region.start_failed')).toMatchObject({ code: 'port_taken' });
    server.close();
    expect((await fetch(`${url}/livez`)).status).toBe(200);
    holder.child.kill('SIGTERM');
    expect(await holder.whenEnded()).toBe(0);
  });

  test('[LIFE7] one whose log cannot be written goes on', async () => {
    const free = createServer().listen(0, '127.0.0.1');
    await once(free, 'listening');
    const { port } = free.address() as AddressInfo;
    await new Promise((resolve) => free.close(resolve));
    const args = ['region', '--name', 'berlin', '--listen', `127.0.0.1:${port}`, '--data', join(folder, 'unlogged'), '--config', config];
    const region = Command.run('/bin/sh', '-c', 'exec "$0" "$@" > /dev/full', process.execPath, main, ...args);
    const isReady = () => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok, String);
    await expect.poll(isReady, { timeout: 20_000 }).toBe(true);
    region.child.kill('SIGTERM');
    expect(await region.whenEnded()).toBe(0);
    expect(region.stderr).toBe('');
  });

  test('[LIFE5] [LOG7] a store that fails is answered 503, ends the process with 70, and keeps what was acknowledged', async () => {
    // The kernel fails every write beyond 400 kB of a file.
    const limited = Command.run('/bin/sh', '-c', 'ulimit -f 800; exec "$0" "$@"', process.execPath, main, ...Command.regionArgs('limited'));
    const { url } = await limited.event('region.listening');
    const write = (i: number) =>
      fetch(`${url}/v1/docs/carts/doc-${i}`, {
        method: 'PATCH',
        headers: { 'content-type': 'application/vnd.anabranch.ops+json' },
        body: JSON.stringify([{ op: 'set', path: '/memo', value: 'x'.repeat(20_000) }]),
      });
    const acknowledged: number[] = [];
    let refusal: Response | undefined;
    for (let i = 0; i < 100 && refusal === undefined; i++) {
      const answer = await write(i);
      if (answer.ok) acknowledged.push(i);
      else refusal = answer;
    }
    expect([refusal?.status, refusal?.headers.get('retry-after')]).toEqual([503, '1']);
    expect(await refusal?.json()).toMatchObject({ code: 'store_failed' });
    expect(await limited.whenEnded()).toBe(70);
    await limited.event('region.store_failed');
    expect(acknowledged.length).toBeGreaterThan(3);

    const restarted = Command.region('limited');
    const { url: again } = await restarted.event('region.listening');
    for (const i of acknowledged) expect((await fetch(`${again}/v1/docs/carts/doc-${i}`)).status).toBe(200);
    restarted.child.kill('SIGTERM');
    expect(await restarted.whenEnded()).toBe(0);
  });
});
