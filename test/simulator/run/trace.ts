// Everything that is visible from outside, in order: the last lines for people, and a running hash for comparing two runs.

import { crc32 } from 'node:zlib';

/** Lines kept for a report. */
const linesMax = 200;

export class Trace {
  readonly #nowMs: () => number;
  readonly #lines: string[] = [];
  #at = 0;
  #low = 0;
  #high = 1;
  /** Events so far. */
  count = 0;
  /** Called with every line, when somebody wants all of them. */
  onLine: ((line: string) => void) | undefined;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  note(event: string): void {
    const line = `${this.#nowMs().toFixed(3)} ${event}`;
    this.count += 1;
    this.#low = crc32(line, this.#low);
    this.#high = (Math.imul(this.#high, 0x01000193) ^ this.#low ^ this.count) | 0;
    this.#lines[this.#at] = line;
    this.#at = (this.#at + 1) % linesMax;
    this.onLine?.(line);
  }

  get hash(): string {
    return [this.#low, this.#high].map((word) => (word >>> 0).toString(16).padStart(8, '0')).join('');
  }

  lastLines(): string[] {
    return [...this.#lines.slice(this.#at), ...this.#lines.slice(0, this.#at)];
  }
}
