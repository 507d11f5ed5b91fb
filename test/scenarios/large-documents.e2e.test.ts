// Large Automerge documents and updates at a real region, sent by the client that people use: whatever the merging of them
// costs, everybody else is served meanwhile.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import * as Automerge from '@automerge/automerge';
import { type DocHandle, Repo } from '@automerge/automerge-repo';
import { WebSocketClientAdapter } from '@automerge/automerge-repo-network-websocket';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { RegionProgram } from './region-program.ts';

type Board = { text: string; title: string };

const changeCount = 20_000;
const pastedUnits = 40_000;
/** How long the event loop may be held up. */
const blockedMsMax = 250;

const folder = mkdtempSync(join(tmpdir(), 'anabranch-large-'));
let region: RegionProgram;
const repos: Repo[] = [];

beforeAll(async () => {
  region = await RegionProgram.start({ name: 'berlin', folder });
}, 60_000);

afterAll(async () => {
  await Promise.all(repos.map((repo) => repo.shutdown()));
  await region?.stop();
  rmSync(folder, { recursive: true });
});

/** A text typed one character after the other: each is a change of its own, and all of them are 300 bytes. */
function typedBoard(): Uint8Array {
  const handle = Automerge.getBackend(Automerge.from<Board>({ text: '', title: '' }));
  const text = String(handle.getWithType('_root', 'text')?.[1]);
  for (let i = 0; i < changeCount; i++) {
    handle.splice(text, i, 0, 'x');
    handle.commit(null, 0);
  }
  return handle.save();
}

function connect(): Repo {
  const repo = new Repo({ network: [new WebSocketClientAdapter(`${region.url.replace('http', 'ws')}/v1/sync/automerge/boards`)] });
  repos.push(repo);
  return repo;
}

/**
 * Asks the region whether it lives, again and again from a thread of its own. Measured is how long the region's event loop
 * worked before it answered, in processor time of that thread: what the machine does besides does not count.
 */
class Probe {
  readonly #worker: Worker;

  constructor({ url, pid }: RegionProgram) {
    const script = `
      const { readFileSync } = require('node:fs');
      const { parentPort, workerData: { url, path } } = require('node:worker_threads');
      let isDone = false;
      parentPort.on('message', () => { isDone = true; });
      const processorMs = () => Number(readFileSync(path, 'utf8').split(' ')[0]) / 1e6;
      (async () => {
        let longestMs = 0;
        while (!isDone) {
          const startMs = processorMs();
          await (await fetch(url)).arrayBuffer();
          longestMs = Math.max(longestMs, processorMs() - startMs);
        }
        parentPort.postMessage(longestMs);
      })();`;
    this.#worker = new Worker(script, { eval: true, workerData: { url: `${url}/livez`, path: `/proc/${pid}/task/${pid}/schedstat` } });
    this.#worker.once('error', (error) => {
      throw error;
    });
  }

  async end(): Promise<number> {
    const whenTold = new Promise<number>((resolve) => this.#worker.once('message', resolve));
    this.#worker.postMessage('end');
    const longestMs = await whenTold;
    await this.#worker.terminate();
    return longestMs;
  }
}

async function readBoard(handle: DocHandle<Board>): Promise<Partial<Board>> {
  const response = await fetch(`${region.url}/v1/docs/boards/${handle.documentId}`);
  const json: unknown = await response.json();
  return Object(json);
}

async function until(holds: (board: Partial<Board>) => boolean, handle: DocHandle<Board>): Promise<void> {
  await expect.poll(async () => holds(await readBoard(handle)), { timeout: 60_000, interval: 50 }).toBe(true);
}

/** One client shares a large document, another pastes into it, both change one key at once. @returns the longest waits. */
async function round(): Promise<Record<'shared' | 'pasted' | 'resolved', number>> {
  const [ada, ben] = [connect(), connect()];
  const during = async (work: () => Promise<void>): Promise<number> => {
    const probe = new Probe(region);
    await work();
    return probe.end();
  };
  let adas = ada.import<Board>(typedBoard());
  const shared = await during(() => until((board) => board.text?.length === changeCount, adas));
  const bens = await ben.find<Board>(adas.documentId);
  const pasted = await during(async () => {
    bens.change((board) => Automerge.splice(board, ['text'], 10, 0, 'y'.repeat(pastedUnits)));
    await until((board) => board.text?.length === changeCount + pastedUnits, adas);
  });
  // Both are written before either is heard of: from then on the key has two values, and its next change replaces both.
  const resolved = await during(async () => {
    adas.change((board) => Object.assign(board, { title: 'from ada' }));
    bens.change((board) => Object.assign(board, { title: 'from ben' }));
    await expect.poll(() => adas.heads().join() === bens.heads().join(), { timeout: 60_000, interval: 50 }).toBe(true);
    adas = await ada.find<Board>(adas.documentId);
    adas.change((board) => Object.assign(board, { title: 'from both' }));
    await until((board) => board.title === 'from both', adas);
  });
  return { shared, pasted, resolved };
}

test('[GUARD6] large documents and updates are taken, and nobody waits for them', async () => {
  const rounds = [await round(), await round(), await round()];
  console.info(`the event loop worked at most, in ms: ${rounds.map((each) => JSON.stringify(each)).join(' ')}`);
  // The first one compiles what it runs.
  for (const kind of ['shared', 'pasted', 'resolved'] as const) {
    expect(Math.min(...rounds.map((each) => each[kind]))).toBeLessThan(blockedMsMax);
  }
});
