// One node as a process: lines in, lines out, and how it ended.

import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { LineSplitter } from '../wire/line-splitter.ts';
import { decodeMessage, encodeMessage, type Message } from '../wire/message.ts';

export interface NodeProcessOptions {
  readonly id: string;
  readonly bin: string;
  readonly args: readonly string[];
  readonly receive: (message: Message) => void;
  /** Called when it wrote what is no message, or ended by itself. */
  readonly failed: (reason: string) => void;
  readonly logged: (text: string) => void;
}

/** A node that does not end by itself when its input ends is killed after this time. */
const stopMsMax = 5_000;
/** Bytes of input that the node has not read at which messages of other nodes are dropped. */
const congestedBytes = 16 << 20;
/** Characters kept of what it logged last. */
const logUnitsMax = 4_000;

export class NodeProcess {
  readonly id: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #whenEnded: Promise<void>;
  #isStopping = false;
  #hasEnded = false;
  #log = '';

  constructor(options: NodeProcessOptions) {
    this.id = options.id;
    const { bin, args } = options;
    // Scripts are run by this Node, whether or not they are marked as programs.
    const isScript = /\.m?js$/.test(bin);
    this.#child = isScript ? spawn(process.execPath, [bin, ...args], { stdio: 'pipe' }) : spawn(bin, [...args], { stdio: 'pipe' });
    const { stdin, stdout, stderr } = this.#child;
    const lines = new LineSplitter();
    // A node may send what it likes under its own name; anything else is a failure of the node.
    const receive = (chunk: string): void => {
      for (const line of lines.push(chunk)) {
        const message = decodeMessage(line);
        if (message.src !== this.id) throw new Error(`it wrote a message from ${message.src}`);
        options.receive(message);
      }
    };
    stdout.setEncoding('utf8').on('data', (chunk: string) => {
      try {
        receive(chunk);
      } catch (error) {
        options.failed(`${this.id}: ${error instanceof Error ? error.message : error}`);
      }
    });
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#log = (this.#log + text).slice(-logUnitsMax);
      options.logged(text);
    });
    // Writing to a process that has ended fails; the end itself is reported below.
    stdin.on('error', () => {});
    const killWithUs = (): void => void this.#child.kill('SIGKILL');
    process.once('exit', killWithUs);
    this.#whenEnded = new Promise((resolve) => {
      const ended = (reason: string): void => {
        process.removeListener('exit', killWithUs);
        this.#hasEnded = true;
        if (!this.#isStopping) options.failed(`${this.id} ended by itself: ${reason} ${this.#log}`.trimEnd());
        resolve();
      };
      this.#child.once('error', (error) => ended(error.message));
      this.#child.once('exit', (code, signal) => ended(`${code ?? signal}`));
    });
  }

  deliver(message: Message, mayBeLost: boolean): void {
    if (this.#isStopping || (mayBeLost && this.#child.stdin.writableLength > congestedBytes)) return;
    this.#child.stdin.write(encodeMessage(message));
  }

  /** Ends its input, and the process if that does not help. Resolves with what is wrong with its end, if anything. */
  async stop(): Promise<string | undefined> {
    if (this.#hasEnded) return undefined;
    this.#isStopping = true;
    this.#child.stdin.end();
    const killed = setTimeout(() => this.#child.kill('SIGKILL'), stopMsMax);
    await this.#whenEnded;
    clearTimeout(killed);
    const { exitCode, signalCode } = this.#child;
    return exitCode === 0 ? undefined : `${this.id} ended with ${exitCode ?? signalCode} ${this.#log}`;
  }
}
