// One region process on its own store and a free port, started as a person would start it, or under another program that
// watches it. For scenarios that need other regions than the three of the demo's world.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { worldCollections } from '@anabranch/demo';

const program = join(dirname(fileURLToPath(import.meta.resolve('@anabranch/region/package.json'))), 'dist/main.js');
const startDeadlineMs = 30_000;

export interface RegionProgramOptions {
  readonly name: string;
  /** Holds its store, configuration and mesh key: the same for all regions of a mesh. */
  readonly folder: string;
  /** Peers it dials, as `name=url`. */
  readonly peers?: readonly string[];
  /** A program that starts and watches it, with arguments. */
  readonly under?: readonly string[];
}

export class RegionProgram {
  readonly url: string;
  /** Of the region, also when another program watches it. */
  readonly pid: number;
  /** Exit code, or the signal that ended it. */
  readonly whenExited: Promise<number | string | null>;
  #isRunning = true;

  /** Resolves when it takes writes. */
  static async start(options: RegionProgramOptions): Promise<RegionProgram> {
    const { name, folder, peers = [], under = [] } = options;
    const configPath = join(folder, 'region.config.json');
    const meshKeyPath = join(folder, 'mesh.key');
    writeFileSync(configPath, JSON.stringify({ collections: worldCollections }));
    writeFileSync(meshKeyPath, '5a'.repeat(32), { mode: 0o600 });
    const [command = '', ...args] = [
      ...[...under, process.execPath, program, 'region', '--name', name, '--listen', '127.0.0.1:0'],
      ...['--data', join(folder, name), '--config', configPath, '--mesh-key-file', meshKeyPath],
      ...peers.flatMap((peer) => ['--peer', peer]),
    ];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    return new RegionProgram(child, await readStart(child));
  }

  private constructor(child: ChildProcess, { url, pid }: RegionStart) {
    this.url = url;
    this.pid = pid;
    this.whenExited = once(child, 'exit').then(([code, signal]) => signal ?? code);
    const killWithUs = (): void => this.kill();
    process.once('exit', killWithUs);
    void this.whenExited.then(() => {
      this.#isRunning = false;
      process.removeListener('exit', killWithUs);
    });
  }

  /** SIGTERM; resolves with the exit code. */
  stop(): Promise<number | string | null> {
    if (this.#isRunning) signalProcess(this.pid, 'SIGTERM');
    return this.whenExited;
  }

  kill(): void {
    if (this.#isRunning) signalProcess(this.pid, 'SIGKILL');
  }
}

/** A process that is gone already needs no signal. */
function signalProcess(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

interface RegionStart {
  readonly url: string;
  readonly pid: number;
}

/** What the log of a region says until it is ready; a region that does not get there is killed. */
function readStart(child: ChildProcess): Promise<RegionStart> {
  const lines: string[] = [];
  const start = { url: '', pid: 0 };
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => {
      clearTimeout(deadline);
      // A region outlives the program that watches it.
      if (start.pid > 0) signalProcess(start.pid, 'SIGKILL');
      child.kill('SIGKILL');
      reject(new Error(`the region ${why}\n${lines.join('\n')}`));
    };
    const deadline = setTimeout(() => fail('is not ready in time'), startDeadlineMs);
    child.once('error', reject);
    const failEnded = (code: number | null): void => fail(`ended with ${code}`);
    child.once('exit', failEnded);
    for (const stream of [child.stdout, child.stderr]) {
      if (stream === null) continue;
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        const record: { event?: unknown; pid?: unknown; url?: unknown } = line.startsWith('{') ? JSON.parse(line) : {};
        if (record.event === 'region.starting') start.pid = Number(record.pid);
        if (record.event === 'region.listening') start.url = String(record.url);
        if (record.event !== 'region.ready') return;
        clearTimeout(deadline);
        child.removeListener('exit', failEnded);
        resolve(start);
      });
    }
  });
}
