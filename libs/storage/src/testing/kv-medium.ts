// Media for the contract suite over the two ordered maps. A crash of the memory map keeps its image; a crash of LMDB
// keeps a copy of the data file, which is what a killed process leaves behind (that nothing is acknowledged before it is
// synced is shown by lmdb-kv.sync.test.ts: no crash of a process loses what the kernel has).

import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { AnabranchError, silentLogger } from '@anabranch/base';
import { KvReplicaStore } from '../kv-replica-store.ts';
import { LmdbKv } from '../lmdb-kv.ts';
import { MemoryKv, type MemoryKvImage } from '../memory-kv.ts';
import type { Mutation, OrderedKv } from '../ordered-kv.ts';
import type { MediumSetup, StoreMedium } from './store-medium.ts';

/** An ordered map that fails on demand. */
class FallibleKv implements OrderedKv {
  readonly #inner: OrderedKv;
  readonly #takeFailure: () => AnabranchError | undefined;

  constructor(inner: OrderedKv, takeFailure: () => AnabranchError | undefined) {
    this.#inner = inner;
    this.#takeFailure = takeFailure;
  }

  get: OrderedKv['get'] = (key) => this.#inner.get(key);
  entries: OrderedKv['entries'] = (start, end, options) => this.#inner.entries(start, end, options);
  keys: OrderedKv['keys'] = (start, end, options) => this.#inner.keys(start, end, options);

  async commit(mutations: readonly Mutation[]): Promise<void> {
    const failure = this.#takeFailure();
    if (failure) throw failure;
    await this.#inner.commit(mutations);
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}

/** A place that holds an ordered map over restarts and crashes. */
interface Place {
  open(): Promise<OrderedKv>;
  /** Moves what a crash would leave to where the next `open` finds it. */
  crash(): void;
  remove(): Promise<void>;
}

function mediumAt(place: Place, decorate: (kv: OrderedKv) => OrderedKv = (kv) => kv): StoreMedium {
  let failure: AnabranchError | undefined;
  const takeFailure = () => {
    const taken = failure;
    failure = undefined;
    return taken;
  };
  return {
    open: async (logger = silentLogger) => KvReplicaStore.open(new FallibleKv(decorate(await place.open()), takeFailure), logger),
    crash: () => place.crash(),
    failNextCommit(code) {
      failure = new AnabranchError(code, 'the medium was told to fail');
    },
    async tamper(change) {
      const kv = await place.open();
      await change(kv);
      await kv.close();
    },
    dispose: () => place.remove(),
  };
}

/** A medium in memory; `decorate` may put something between the store and the map. */
export function memoryMedium(decorate?: (kv: MemoryKv) => OrderedKv): MediumSetup {
  return async () => {
    let image: MemoryKvImage = [];
    let current: MemoryKv | undefined;
    const keepImage = () => {
      image = current?.image() ?? image;
      current = undefined;
    };
    const place: Place = {
      async open() {
        keepImage();
        current = new MemoryKv(image);
        return current;
      },
      crash: keepImage,
      remove: async () => {},
    };
    return mediumAt(place, (kv) => (decorate && kv instanceof MemoryKv ? decorate(kv) : kv));
  };
}

/** A medium in a directory of its own below the system's temporary directory. */
export const lmdbMedium: MediumSetup = async () => {
  const root = mkdtempSync(join(tmpdir(), 'anabranch-store-'));
  const opened: OrderedKv[] = [];
  let generation = 0;
  const directory = () => join(root, String(generation));
  return mediumAt({
    async open() {
      const kv = await LmdbKv.open(directory());
      opened.push(kv);
      return kv;
    },
    crash() {
      const left = join(directory(), 'data.mdb');
      generation++;
      mkdirSync(directory());
      copyFileSync(left, join(directory(), 'data.mdb'));
    },
    async remove() {
      for (const kv of opened) await kv.close();
      rmSync(root, { recursive: true });
    },
  });
};
