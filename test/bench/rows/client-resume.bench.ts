// What an embedded client that was away pays for what it missed: 10 writes, among 1,000 and among 10,000 open documents. Timed
// from going online to showing all of them, with the bytes on its socket; in turns, so that what slows the machine for a while
// slows both.

import { join } from 'node:path';
import type { Measure } from '../bench-row.ts';
import { median } from '../statistics.ts';
import { type Device, openDevice, socketBytes, untilConnected } from '../world/client-device.ts';
import { RegionProcess } from '../world/region-process.ts';

const missed = 10;
const openAtOnce = 500;
const warmUps = 2;

export const measure: Measure = async ({ folder, isQuick }) => {
  const region = await RegionProcess.start({ folder: join(folder, 'region'), region: 'new-york', core: 0 });
  const writer = await openDevice(join(folder, 'writer'), region.port);
  await untilConnected(writer);
  const readers: Reader[] = [];
  for (const documents of isQuick ? [100, 1_000] : [1_000, 10_000]) {
    readers.push(await Reader.open({ folder: join(folder, `${documents}`), port: region.port, writer, documents }));
  }
  for (let turn = 0; turn < warmUps + (isQuick ? 3 : 11); turn++) {
    for (const reader of readers) await reader.missAndResume(turn >= warmUps);
  }
  for (const { device } of readers) await device.close();
  await writer.close();
  await region.end('SIGTERM');
  const times = readers.map(({ timesMs }) => median(timesMs));
  const bytes = readers.map((reader) => median(reader.bytes));
  return [
    ...readers.flatMap(({ documents, timesMs, bytes: runs }) => [
      { metric: `${documents} documents`, unit: 'ms', better: 'less' as const, runs: timesMs },
      { metric: `${documents} documents, bytes`, unit: 'bytes', better: 'less' as const, runs },
    ]),
    { metric: 'slowest-to-fastest', unit: 'x', better: 'less', bar: 1.2, runs: [Math.max(...times) / Math.min(...times)] },
    { metric: 'most-to-fewest bytes', unit: 'x', better: 'less', bar: 1.2, runs: [Math.max(...bytes) / Math.min(...bytes)] },
  ];
};

type Cart = Awaited<ReturnType<Device['open']>>;

interface ReaderParts {
  readonly folder: string;
  readonly port: number;
  readonly writer: Device;
  readonly documents: number;
}

class Reader {
  readonly device: Device;
  readonly documents: number;
  readonly timesMs: number[] = [];
  readonly bytes: number[] = [];
  readonly #written: readonly Cart[];
  readonly #shown: readonly Cart[];

  private constructor(device: Device, documents: number, written: readonly Cart[], shown: readonly Cart[]) {
    this.device = device;
    this.documents = documents;
    this.#written = written;
    this.#shown = shown;
  }

  /** Opens all documents, and ten of them at the writer too. */
  static async open({ folder, port, writer, documents }: ReaderParts): Promise<Reader> {
    const device = await openDevice(folder, port);
    await untilConnected(device);
    const shown: Cart[] = [];
    while (shown.length < documents) {
      const ids = Array.from({ length: Math.min(openAtOnce, documents - shown.length) }, (_, n) => `of-${documents}-${shown.length + n}`);
      const opened = await Promise.all(ids.map((id) => device.open('carts', id, { startEmpty: true })));
      await Promise.all(opened.map((cart) => cart.edit([{ op: 'increment', path: '/items/a/qty', by: 1 }]).when('durable')));
      shown.push(...opened);
    }
    const chosen = Array.from({ length: missed }, (_, n) => Math.floor((n * documents) / missed));
    const written = await Promise.all(chosen.map((n) => writer.open('carts', `of-${documents}-${n}`)));
    const watched = chosen.flatMap((n) => shown.slice(n, n + 1));
    return new Reader(device, documents, written, watched);
  }

  async missAndResume(isTimed: boolean): Promise<void> {
    this.device.goOffline();
    await Promise.all(this.#written.map((cart) => cart.edit([{ op: 'increment', path: '/items/b/qty', by: 1 }]).when('durable')));
    const goals = this.#written.map(({ value }) => JSON.stringify(value));
    const startBytes = socketBytes();
    const startMs = performance.now();
    this.device.goOnline();
    await Promise.all(this.#shown.map((cart, n) => untilShown(cart, goals[n] ?? '')));
    const ms = performance.now() - startMs;
    await untilConnected(this.device);
    if (!isTimed) return;
    this.timesMs.push(ms);
    this.bytes.push(socketBytes() - startBytes);
  }
}

function untilShown(cart: Cart, goal: string): Promise<void> {
  return new Promise((resolve) => {
    const look = (): void => {
      if (JSON.stringify(cart.value) !== goal) return;
      end();
      resolve();
    };
    const end = cart.subscribe(look);
    look();
  });
}
