// One region process on its own store and a fixed address, for tests that do to it what a supervisor, a kernel or a disk does:
// kill, stop, continue, start again under another program, on another store. Nothing restarts it but the test.
//
//  1. At most one process exists at a time.
//  2. The process does not outlive the test process.

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { RegionClient } from '@anabranch/demo';
import { nodeFlags } from '@anabranch/region/node-flags';
import { until } from './until.ts';

const program = join(dirname(fileURLToPath(import.meta.resolve('@anabranch/region/package.json'))), 'dist/main.js');
const readyMsMax = 60_000;
/** Log lines shown of a region that did not do what it should. */
const linesShown = 25;

/** Log events that no fault of these tests excuses. */
const alarms = new Set(['origin.quarantined', 'document.quarantined', 'region.unhandled_rejection', 'region.uncaught_exception']);

/** A line of the region's log. */
export interface LogRecord {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export interface RegionUnderFaultOptions {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly configPath: string;
  readonly meshKeyPath: string;
  readonly dataPath: string;
  /** Peers it dials, as `name=url`. */
  readonly peers: readonly string[];
  /** The command that brings it to its place. */
  readonly enter: readonly string[];
}

/** Exit code, or the signal that ended the process. */
export type ProcessEnd = number | NodeJS.Signals;

export class RegionUnderFault {
  readonly name: string;
  readonly client: RegionClient;
  readonly dataPath: string;
  readonly #options: RegionUnderFaultOptions;
  #child: ChildProcess | undefined;
  #isRetired = false;
  #whenEnded: Promise<ProcessEnd> = Promise.resolve(0);
  #output: string[] = [];
  #records: LogRecord[] = [];
  readonly #alarms: string[] = [];

  constructor(options: RegionUnderFaultOptions) {
    this.#options = options;
    this.name = options.name;
    this.dataPath = options.dataPath;
    this.client = new RegionClient(options.name, this.url);
  }

  get url(): string {
    return `http://${this.#options.address}:${this.#options.port}`;
  }

  get isRunning(): boolean {
    return this.#child !== undefined;
  }

  /** Resolves when the process that was started last has ended. */
  get whenEnded(): Promise<ProcessEnd> {
    return this.#whenEnded;
  }

  /** What the process that was started last has logged. */
  recordsOf(event: string): readonly LogRecord[] {
    return this.#records.filter((record) => record.event === event);
  }

  /** What all processes so far have logged that none may. */
  get alarms(): readonly string[] {
    return this.#alarms;
  }

  /** The last lines that the process printed, for messages. */
  get recentOutput(): string {
    return this.#output.slice(-linesShown).join('\n');
  }

  /** Starts a process, under a program that watches it if one is named. Says nothing about readiness. */
  start(under: readonly string[] = []): void {
    if (this.#child !== undefined || this.#isRetired) throw new Error(`${this.name} runs already, or its test is over`);
    const { name, address, port, configPath, meshKeyPath, dataPath, peers, enter } = this.#options;
    const [command = '', ...args] = [
      ...[...enter, ...under, process.execPath, ...nodeFlags, program, 'region', '--name', name, '--listen', `${address}:${port}`],
      ...['--data', dataPath, '--config', configPath, '--mesh-key-file', meshKeyPath],
      ...peers.flatMap((peer) => ['--peer', peer]),
    ];
    this.#output = [];
    this.#records = [];
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => this.#take(line));
    }
    const killWithUs = (): void => this.#signal('SIGKILL');
    process.once('exit', killWithUs);
    // `close`, not `exit`: by then its last words have been read.
    this.#whenEnded = once(child, 'close').then(([code, signal]) => {
      process.removeListener('exit', killWithUs);
      this.#child = undefined;
      return signal ?? code;
    });
  }

  /** Resolves when it takes writes. @throws with its last lines when it ends, or does not get there in time. */
  async untilReady(): Promise<void> {
    const isReady = await until(readyMsMax, async () => !this.isRunning || (await this.client.isReady()));
    if (!isReady || !this.isRunning) throw new Error(`${this.name} is not ready\n${this.recentOutput}`);
  }

  /** SIGKILL. */
  async kill(): Promise<void> {
    this.#signal('SIGKILL');
    await this.#whenEnded;
  }

  /** SIGKILL, and no start any more: a test that ran out of time may still be under way. */
  async retire(): Promise<void> {
    this.#isRetired = true;
    await this.kill();
  }

  /** SIGTERM. */
  stop(): Promise<ProcessEnd> {
    this.#signal('SIGTERM');
    return this.#whenEnded;
  }

  /** SIGSTOP; resolves when no thread of the process runs any more. */
  async pause(): Promise<void> {
    this.#signal('SIGSTOP');
    const isStopped = await until(5_000, async () => /^State:\s+T/m.test(readFileSync(`/proc/${this.#pid}/status`, 'utf8')));
    if (!isStopped) throw new Error(`${this.name} does not stop`);
  }

  /** SIGCONT. */
  resume(): void {
    this.#signal('SIGCONT');
  }

  /** Of the region itself: a program that watches it has another. */
  get #pid(): number | undefined {
    const started = this.recordsOf('region.starting')[0]?.fields['pid'];
    return typeof started === 'number' ? started : this.#child?.pid;
  }

  #signal(signal: NodeJS.Signals): void {
    const pid = this.#pid;
    if (this.#child === undefined || pid === undefined) return;
    try {
      process.kill(pid, signal);
    } catch (error) {
      // It is gone, and we have not been told yet.
      if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
    }
  }

  #take(line: string): void {
    this.#output.push(line);
    if (this.#output.length > 4 * linesShown) this.#output.splice(0, linesShown);
    if (!line.startsWith('{')) return;
    const fields: Readonly<Record<string, unknown>> = JSON.parse(line);
    const event = String(fields['event']);
    this.#records.push({ event, fields });
    if (alarms.has(event)) this.#alarms.push(line);
  }
}
