// One region as a child process, watched. It stands between the commands of people and tests (kill, restart, pause) and a
// process that may also die by itself.
//
//   down --start--> running --pause--> paused --resume--> running
//   running, paused, waiting --kill or stop--> down               stays down until told
//   running --dies by itself--> waiting --backoff--> running      one that cannot be started has died by itself
//   any --retire--> down                                          for good
//
//  1. At most one process exists at a time: commands take turns, and each waits for the exit it causes.
//  2. Only a death that nobody asked for is followed by a restart of our own.
//  3. The process never outlives this one, as far as a process can see to that: it is killed when we exit.

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { AnabranchError, type Clock, type Timer } from '@anabranch/base';

/** First wait before a region that died by itself is started again; doubles with each early death. */
const restartDelayMsMin = 500;
const restartDelayMsMax = 8_000;
/** A region that lived this long had a good start: the wait begins anew. */
const goodLifeMs = 10_000;
/** From SIGTERM to SIGKILL. */
const stopDeadlineMs = 10_000;
/** Log lines kept for the message about a region that would not start. */
const recentLinesMax = 30;

export type ProcessState = 'down' | 'running' | 'paused' | 'waiting';

export interface ProcessView {
  readonly state: ProcessState;
  readonly pid: number | undefined;
  /** Starts after a death that nobody asked for. */
  readonly restartCount: number;
  /** How the last process ended: "exit code 1", "SIGKILL"; undefined while the first one lives. */
  readonly lastExit: string | undefined;
}

export interface RegionProcessOptions {
  readonly name: string;
  /** The program and its arguments, run by this Node. */
  readonly command: readonly string[];
  readonly clock: Clock;
  /** Takes every line that the process prints. */
  readonly log: (line: string) => void;
}

export class RegionProcess {
  readonly #options: RegionProcessOptions;
  readonly #recentLines: string[] = [];
  #child: ChildProcess | undefined;
  #state: ProcessState = 'down';
  #restartCount = 0;
  #restartDelayMs = restartDelayMsMin;
  #restartTimer: Timer | undefined;
  #lastExit: string | undefined;
  /** The exit that comes was asked for. */
  #isEnding = false;
  #isRetired = false;
  #whenEnded: Promise<void> = Promise.resolve();
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: RegionProcessOptions) {
    this.#options = options;
  }

  get view(): ProcessView {
    return { state: this.#state, pid: this.#child?.pid, restartCount: this.#restartCount, lastExit: this.#lastExit };
  }

  /** The last lines it printed. */
  get recentLines(): readonly string[] {
    return this.#recentLines;
  }

  /** Starts the process if there is none. Says nothing about readiness. */
  start(): Promise<void> {
    return this.#inTurn(async () => this.#spawn());
  }

  /** SIGKILL, as a power cut would. It stays down. */
  kill(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state === 'down') throw this.#conflict('it is down already');
      await this.#end('SIGKILL');
    });
  }

  /** SIGTERM, then SIGKILL at the deadline. It stays down. */
  stop(): Promise<void> {
    return this.#inTurn(() => this.#end('SIGTERM'));
  }

  /** As {@link stop}, for good: whoever still wants to start it is refused. */
  retire(): Promise<void> {
    this.#isRetired = true;
    return this.stop();
  }

  /** Ends the process, if there is one, as {@link stop} does, and starts it. */
  restart(): Promise<void> {
    return this.#inTurn(async () => {
      await this.#end('SIGTERM');
      this.#spawn();
    });
  }

  /** SIGSTOP: the process keeps its sockets and answers nothing. */
  pause(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state !== 'running') throw this.#conflict(`it is ${this.#state}`);
      this.#child?.kill('SIGSTOP');
      this.#state = 'paused';
    });
  }

  /** SIGCONT after {@link pause}. */
  resume(): Promise<void> {
    return this.#inTurn(async () => {
      if (this.#state !== 'paused') throw this.#conflict(`it is ${this.#state}`);
      this.#child?.kill('SIGCONT');
      this.#state = 'running';
    });
  }

  #spawn(): void {
    this.#restartTimer?.cancel();
    if (this.#isRetired) throw this.#conflict('its world has stopped');
    if (this.#child !== undefined) return;
    const child = spawn(process.execPath, this.#options.command, { stdio: ['ignore', 'pipe', 'pipe'] });
    const startedAtMs = this.#options.clock.monotonicMs();
    const killWithUs = (): boolean => child.kill('SIGKILL');
    process.once('exit', killWithUs);
    this.#child = child;
    this.#state = 'running';
    this.#whenEnded = new Promise((resolve) => {
      const ended = (how: string): void => {
        process.removeListener('exit', killWithUs);
        this.#lastExit = how;
        this.#child = undefined;
        this.#state = 'down';
        if (!this.#isEnding) this.#restartLater(this.#options.clock.monotonicMs() - startedAtMs);
        resolve();
      };
      child.on('error', (error) => {
        this.#takeLine(`signal or start failed: ${error.message}`);
        // What never began has no exit either.
        if (child.pid === undefined) ended('not started');
      });
      child.once('exit', (code, signal) => ended(signal ?? `exit code ${code}`));
    });
    if (child.pid === undefined) return;
    this.#takeLines(child.stdout);
    this.#takeLines(child.stderr);
  }

  async #end(signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    this.#restartTimer?.cancel();
    if (this.#state === 'waiting') this.#state = 'down';
    const child = this.#child;
    if (child === undefined) return;
    this.#isEnding = true;
    const deadline = this.#options.clock.setTimer(stopDeadlineMs, () => child.kill('SIGKILL'));
    child.kill(signal);
    // A stopped process takes SIGTERM only once it continues.
    if (this.#state === 'paused') child.kill('SIGCONT');
    await this.#whenEnded;
    deadline.cancel();
    this.#isEnding = false;
    this.#restartDelayMs = restartDelayMsMin;
  }

  #restartLater(livedMs: number): void {
    if (livedMs >= goodLifeMs) this.#restartDelayMs = restartDelayMsMin;
    const delayMs = this.#restartDelayMs;
    this.#restartDelayMs = Math.min(delayMs * 2, restartDelayMsMax);
    this.#state = 'waiting';
    this.#takeLine(`ended by itself (${this.#lastExit}); starts again in ${delayMs} ms`);
    this.#restartTimer = this.#options.clock.setTimer(delayMs, () => {
      if (this.#isRetired) return;
      this.#restartCount += 1;
      this.#spawn();
    });
  }

  #takeLines(stream: Readable): void {
    createInterface({ input: stream }).on('line', (line) => this.#takeLine(line));
  }

  #takeLine(line: string): void {
    this.#recentLines.push(line);
    if (this.#recentLines.length > recentLinesMax) this.#recentLines.shift();
    this.#options.log(line);
  }

  #inTurn<T>(command: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(command);
    this.#turn = result.catch(() => {});
    return result;
  }

  #conflict(why: string): AnabranchError {
    return new AnabranchError('region_state_conflict', `${this.#options.name}: ${why}`, { region: this.#options.name, state: this.#state });
  }
}
