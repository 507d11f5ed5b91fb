// The sync servers that others build, each in a process of its own. They are installed apart from the workspace, with pinned
// versions (peers/package-lock.json), when a row first needs them: nobody else has to.

import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { cpSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pinned } from '../machine.ts';
import { residentBytesOf } from './memory.ts';

export type Peer = 'y-websocket-server' | 'hocuspocus-server';

const sources = fileURLToPath(new URL('../../peers', import.meta.url));
const folder = fileURLToPath(new URL('../../../../.anabranch/bench-peers', import.meta.url));

/** @throws Error when npm cannot install them. */
export function installPeers(): void {
  cpSync(sources, folder, { recursive: true });
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return;
  console.log('installing the servers to compare with (npm ci) ...');
  const flags = ['ci', '--ignore-scripts', '--no-audit', '--no-fund'];
  const { status, stderr } = spawnSync('npm', flags, { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the servers to compare with cannot be installed:\n${stderr}`);
}

export class PeerServer {
  readonly port: number;
  readonly #process: ChildProcess;

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.port = port;
  }

  static async start(peer: Peer, core: number): Promise<PeerServer> {
    const [command, args] = pinned(core, process.execPath, [join(folder, `${peer}.mjs`)]);
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const port = await new Promise<number>((resolve, reject) => {
      child.once('message', (message: { readonly port: number }) => resolve(message.port));
      child.once('exit', (code, signal) => reject(new Error(`${peer} ended with ${code ?? signal}`)));
      child.once('error', reject);
    });
    return new PeerServer(child, port);
  }

  residentBytes(): number | undefined {
    return residentBytesOf(this.#process.pid);
  }

  async end(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once('exit', resolve));
    this.#process.disconnect();
    await ended;
  }
}
