// Clients that type into notes, through any server that speaks a protocol of Yjs: on each note one types and another sees it.

import * as Y from 'yjs';
import { YjsSocket, type YjsSocketOptions } from '../world/yjs-sockets.ts';

/** Updates of one typist that the other has not seen yet: somebody who types fast on a slow line. */
const unseenMax = 8;

export type TypistsPlan = Pick<YjsSocketOptions, 'protocol' | 'url'> & {
  readonly notes: number;
  readonly updatesPerNote: number;
};

export interface Typed {
  readonly seconds: number;
  /** Of WebSocket messages, both ways, of all clients. */
  readonly messageBytes: number;
  readonly updateBytes: number;
}

export type IdlePlan = Pick<YjsSocketOptions, 'protocol' | 'url'> & { readonly notes: number; readonly sessions: number };

const openAtOnce = 50;
let idle: YjsSocket[] = [];

let typedNotes = 0;

/** Types on as many new notes at the same time, until all of it was seen. */
export async function type({ protocol, url, notes, updatesPerNote }: TypistsPlan): Promise<Typed> {
  const pairs = await Promise.all(
    Array.from({ length: notes }, (_, n) => openPair({ protocol, url, document: `notes/typed-${typedNotes + n}` })),
  );
  typedNotes += notes;
  const typed = pairs.map((pair) => ({ pair, updates: typedText(updatesPerNote) }));
  const startBytes = sum(pairs.map((pair) => pair.messageBytes));
  const startMs = performance.now();
  await Promise.all(typed.map(({ pair, updates }) => pair.type(updates)));
  const seconds = (performance.now() - startMs) / 1000;
  const messageBytes = sum(pairs.map((pair) => pair.messageBytes)) - startBytes;
  for (const pair of pairs) pair.end();
  return { seconds, messageBytes, updateBytes: sum(typed.flatMap(({ updates }) => updates.map((update) => update.length))) };
}

/** Opens sessions that say nothing more. */
export async function stay({ protocol, url, notes, sessions }: IdlePlan): Promise<void> {
  while (idle.length < sessions) {
    const options = Array.from({ length: Math.min(openAtOnce, sessions - idle.length) }, (_, n) => ({
      ...{ protocol, url, document: `notes/idle-${(idle.length + n) % notes}` },
    }));
    idle.push(...(await Promise.all(options.map((one) => YjsSocket.open(one)))));
  }
}

export function leave(): void {
  for (const socket of idle) socket.end();
  idle = [];
}

async function openPair(options: Omit<YjsSocketOptions, 'onUpdate'>): Promise<Pair> {
  const pair = new Pair();
  const seen = (update: Uint8Array): void => pair.seen(update);
  pair.sockets = await Promise.all([YjsSocket.open(options), YjsSocket.open({ ...options, onUpdate: seen })]);
  return pair;
}

class Pair {
  sockets: readonly [YjsSocket, YjsSocket] | undefined;
  #seenCount = 0;
  #more: () => void = () => {};

  async type(updates: readonly Uint8Array[]): Promise<void> {
    for (const [n, update] of updates.entries()) {
      await this.#untilSeen(n - unseenMax);
      this.sockets?.[0].sendUpdate(update);
    }
    await this.#untilSeen(updates.length);
  }

  /** Servers may send several updates as one: what is in it counts. */
  seen(update: Uint8Array): void {
    this.#seenCount = Math.max(this.#seenCount, ...Y.parseUpdateMeta(update).to.values());
    this.#more();
  }

  get messageBytes(): number {
    return sum((this.sockets ?? []).map((socket) => socket.messageBytes));
  }

  end(): void {
    for (const socket of this.sockets ?? []) socket.end();
  }

  async #untilSeen(count: number): Promise<void> {
    while (this.#seenCount < count) {
      await new Promise<void>((resolve) => {
        this.#more = resolve;
      });
    }
  }
}

/** One update per key, as an editor makes them. */
function typedText(count: number): Uint8Array[] {
  const doc = new Y.Doc();
  const updates: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const text = doc.getText('body');
  for (let n = 0; n < count; n++) text.insert(text.length, String.fromCharCode(97 + (n % 26)));
  return updates;
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
