// The real thing: `anabranch region` as a process, started the way an operator would, watched through its health door.

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { nodeFlags } from '@anabranch/region/node-flags';
import { pinned } from '../machine.ts';
import { benchCollections } from './bench-replica.ts';
import { residentBytesOf } from './memory.ts';

export interface RegionOptions {
  /** The store is `folder/region`. */
  readonly folder: string;
  readonly region: string;
  readonly core?: number;
}

const readyMsMax = 30_000;

export class RegionProcess {
  readonly port: number;
  /** From starting the process to its first answer that it is ready. */
  readonly readyMs: number;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, port: number, readyMs: number) {
    this.#process = child;
    this.port = port;
    this.readyMs = readyMs;
  }

  /** @throws Error when it ends, or is not ready in time. */
  static async start({ folder, region, core }: RegionOptions): Promise<RegionProcess> {
    const port = await freePort();
    const flags = await flagsOf({ folder, region }, port);
    const script = fileURLToPath(new URL('./dist/main.js', import.meta.resolve('@anabranch/region/package.json')));
    const [command, args] = pinned(core, process.execPath, [...nodeFlags, script, 'region', ...flags]);
    const startMs = performance.now();
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    while (!(await isReady(port))) {
      const ending = child.exitCode ?? child.signalCode;
      if (ending !== null) throw new Error(`the region ended with ${ending}`);
      if (performance.now() - startMs > readyMsMax) throw new Error('the region did not become ready');
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return new RegionProcess(child, port, performance.now() - startMs);
  }

  /** Physical memory it holds; undefined where the system does not say. */
  residentBytes(): number | undefined {
    return residentBytesOf(this.#process.pid);
  }

  async end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.kill(signal);
    await ended;
  }
}

async function flagsOf({ folder, region }: RegionOptions, port: number): Promise<string[]> {
  const config = join(folder, 'region.json');
  await mkdir(folder, { recursive: true });
  await writeFile(config, JSON.stringify({ collections: Object.fromEntries(benchCollections) }));
  const flags = { name: region, listen: `127.0.0.1:${port}`, data: join(folder, region), config, 'log-level': 'error' };
  return Object.entries(flags).flatMap(([name, value]) => [`--${name}`, value]);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

function isReady(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const asked = request({ host: '127.0.0.1', port, path: '/readyz', agent: false }, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.once('error', () => resolve(false));
    asked.end();
  });
}
