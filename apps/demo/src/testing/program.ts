import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { vi } from 'vitest';

/** A program of this app, compiled, as a user runs it. */
export class Program {
  readonly #child: ChildProcess;
  #output = '';
  readonly whenEnded: Promise<number | null>;

  constructor(name: 'main' | 'partition' | 'oversell' | 'bank', args: readonly string[]) {
    const path = fileURLToPath(new URL(`../../dist/${name}.js`, import.meta.url));
    this.#child = spawn(process.execPath, [path, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.whenEnded = once(this.#child, 'close').then(() => this.#child.exitCode);
  }

  /** Everything it has printed. */
  get output(): string {
    return this.#output;
  }

  /** The first line that matches, once it is there. Rejects when the program ends without it. */
  async line(pattern: RegExp): Promise<string> {
    let found: string | undefined;
    await vi.waitFor(
      () => {
        found = this.#output.split('\n').find((line) => pattern.test(line));
        if (found === undefined && this.#child.exitCode === null) throw new Error(`no line ${pattern} in:\n${this.#output}`);
      },
      { timeout: 90_000, interval: 20 },
    );
    if (found === undefined) throw new Error(`the program ended with ${this.#child.exitCode}:\n${this.#output}`);
    return found;
  }

  /** As a terminal does that is closed: nothing it prints can be written any more. */
  closeOutput(): void {
    for (const stream of [this.#child.stdout, this.#child.stderr]) stream?.destroy();
  }

  /** Sends a signal and resolves with the exit code. */
  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal);
    return this.whenEnded;
  }
}
