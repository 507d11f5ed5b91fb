// Keeps a number of HTTP connections busy, one request at a time on each, and counts the answers. The requests are made
// once and written to bare sockets: a full HTTP client would be slower than the servers it shall measure.
//
//   write request --> collect bytes until head and body of the answer are there --> count, write the next

import { connect, type Socket } from 'node:net';

export interface LoadPlan {
  readonly port: number;
  readonly connections: number;
  readonly ms: number;
  /** Written in turn; each connection begins at another one. */
  readonly requests: readonly string[];
}

export interface LoadResult {
  readonly answersPerSecond: number;
  readonly latenciesMs: readonly number[];
}

/** @throws Error when an answer is anything but 200. */
export async function load({ port, connections, ms, requests }: LoadPlan): Promise<LoadResult> {
  const bytes = requests.map((text) => Buffer.from(text));
  const startMs = performance.now();
  const endMs = startMs + ms;
  const latenciesMs: number[] = [];
  const run = (_: unknown, n: number): Promise<void> => new Connection(port, latenciesMs).run(bytes, n, endMs);
  await Promise.all(Array.from({ length: connections }, run));
  const seconds = (performance.now() - startMs) / 1000;
  return { answersPerSecond: latenciesMs.length / seconds, latenciesMs };
}

class Connection {
  readonly #socket: Socket;
  readonly #latenciesMs: number[];
  #received: Buffer = Buffer.alloc(0);
  #sentAtMs = 0;

  constructor(port: number, latenciesMs: number[]) {
    this.#socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.#latenciesMs = latenciesMs;
  }

  run(requests: readonly Buffer[], firstRequest: number, endMs: number): Promise<void> {
    let turn = firstRequest;
    const send = (): void => {
      this.#sentAtMs = performance.now();
      this.#socket.write(requests[turn++ % requests.length] ?? '');
    };
    return new Promise((resolve, reject) => {
      this.#socket.once('error', reject);
      this.#socket.once('close', () => resolve());
      this.#socket.once('connect', send);
      this.#socket.on('data', (chunk: Buffer) => {
        try {
          if (!this.#takeAnswer(chunk)) return;
          const nowMs = performance.now();
          this.#latenciesMs.push(nowMs - this.#sentAtMs);
          if (nowMs < endMs) send();
          else this.#socket.end();
        } catch (error) {
          this.#socket.destroy();
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      });
    });
  }

  /** True when the answer is there as a whole. */
  #takeAnswer(chunk: Buffer): boolean {
    this.#received = this.#received.length === 0 ? chunk : Buffer.concat([this.#received, chunk]);
    const headEnd = this.#received.indexOf('\r\n\r\n');
    if (headEnd < 0) return false;
    const head = this.#received.toString('latin1', 0, headEnd);
    const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1];
    if (length === undefined) throw new Error(`an answer without a length: ${head}`);
    if (this.#received.length < headEnd + 4 + Number(length)) return false;
    if (!head.startsWith('HTTP/1.1 200 ')) throw new Error(`answered ${this.#received.toString()}`);
    this.#received = Buffer.alloc(0);
    return true;
  }
}
