import { silentLogger } from '@anabranch/base';
import { parseDocumentId } from '@anabranch/protocol';
import { describe, expect, test } from 'vitest';
import { KvReplicaStore } from './kv-replica-store.ts';
import { MemoryKv } from './memory-kv.ts';
import { openMemoryStore } from './open-store.ts';
import type { OrderedKv } from './ordered-kv.ts';
import { newRecord, payloadStart, sealRecord } from './record.ts';
import { documentKey, uint56Bytes, writeUint56 } from './store-key.ts';
import { describeReplicaStore } from './testing/describe-replica-store.ts';
import { lmdbMedium, memoryMedium } from './testing/kv-medium.ts';
import { berlin, cartA, cartB, OpSource, tokyo } from './testing/op-source.ts';

describeReplicaStore('memory', memoryMedium());
describeReplicaStore('LMDB', lmdbMedium);

describe('KvReplicaStore', () => {
  test('[STORE4] opening reads the same few records with one document and with a thousand', async () => {
    const read: number[] = [];
    for (const count of [1, 1000]) {
      const { kv, taken } = counting(new MemoryKv());
      const source = new OpSource();
      const store = await KvReplicaStore.open(kv, silentLogger);
      for (let at = 0; at < count; at++) {
        const documents = [parseDocumentId(`carts/${at}`)];
        await store.commit({ ops: [source.next(berlin, { documents }), source.next(tokyo, { documents })] });
      }
      taken.length = 0;
      store.opening();
      read.push(taken.length);
    }
    expect(read[1]).toBe(read[0]);
    expect(read[0]).toBeLessThan(10);
  });

  test('[STORE8] loading a document reads its snapshot and the ops after it, and nothing else', async () => {
    const { kv, taken } = counting(new MemoryKv());
    const source = new OpSource();
    const store = await KvReplicaStore.open(kv, silentLogger);
    for (let at = 0; at < 200; at++) await store.commit({ ops: [source.next(berlin, { documents: [at % 2 ? cartA : cartB] })] });
    await store.commit({ snapshots: [{ document: cartA, library: 'yjs', state: Uint8Array.of(1), position: 190 }] });
    taken.length = 0;
    expect(store.readDocument(cartA).ops.length).toBe(5);
    // The mark, the snapshot, and for each op its entry in the index and its record.
    expect(taken.length).toBe(2 + 2 * 5);
  });

  test('[STORE38] restoring an op reads the index from the op before it in its log on', async () => {
    const { kv, taken } = counting(new MemoryKv());
    const source = new OpSource();
    const store = await KvReplicaStore.open(kv, silentLogger);
    const ops = Array.from({ length: 500 }, (_, at) => source.next(berlin, { documents: [at % 2 ? cartA : cartB] }));
    for (const op of ops) await store.commit({ ops: [op] });
    taken.length = 0;
    for (const op of ops.slice(490)) expect(await store.restore(op)).toBe(true);
    expect(taken.length).toBe(2 * 10);
  });

  test('commits of one burst share a group, and those that arrive meanwhile the next', async () => {
    const inner = new MemoryKv();
    const groups: number[] = [];
    const { kv } = counting(inner);
    const commit: OrderedKv['commit'] = (mutations) => {
      groups.push(mutations.length);
      return inner.commit(mutations);
    };
    const source = new OpSource();
    const store = await KvReplicaStore.open({ ...kv, commit }, silentLogger);
    groups.length = 0;
    await Promise.all(Array.from({ length: 100 }, () => store.commit({ ops: [source.next(berlin)] })));
    expect(groups).toEqual([200]);
    const first = store.commit({ ops: [source.next(berlin)] });
    await Promise.resolve();
    await Promise.resolve();
    const later = Array.from({ length: 50 }, () => store.commit({ ops: [source.next(berlin)] }));
    await Promise.all([first, ...later]);
    expect(groups).toEqual([200, 2, 100]);
  });

  test('[HIST1] history of a store whose earlier release deleted what snapshots covered begins where it is whole', async () => {
    const kv = new MemoryKv();
    const source = new OpSource();
    const store = await KvReplicaStore.open(kv, silentLogger);
    for (let at = 0; at < 10; at++) await store.commit({ ops: [source.next(berlin)] });
    await store.commit({ snapshots: [{ document: cartA, library: 'yjs', state: Uint8Array.of(1), position: 7 }] });
    // As that release left it: the covered records up to a limit deleted, and a mark of library and position only.
    const mark = newRecord(1 + uint56Bytes);
    mark[payloadStart] = 0;
    writeUint56(mark, 7, payloadStart + 1);
    const markKey = documentKey(cartA, 0);
    const deleted = [1, 2, 3, 4, 5].map((position) => ({ key: documentKey(cartA, position) }));
    await kv.commit([...deleted, { key: markKey, value: sealRecord(markKey, mark) }]);
    const positions = () => store.readHistory(cartA, 0, 1 << 20).ops.map(({ position }) => position);
    expect(store.readHistory(cartA, 0, 1 << 20).beginsAfter).toBe(7);
    expect(positions()).toEqual([8, 9, 10]);
    expect(store.readDocument(cartA).ops.map(({ position }) => position)).toEqual([8, 9, 10]);
    // The next snapshot keeps what is there, and does not claim more.
    await store.commit({ snapshots: [{ document: cartA, library: 'yjs', state: Uint8Array.of(2), position: 9 }] });
    expect(store.readHistory(cartA, 0, 1 << 20).beginsAfter).toBe(7);
    expect(positions()).toEqual([8, 9, 10]);
    expect(store.readDocument(cartA).ops.map(({ position }) => position)).toEqual([10]);
  });

  test('a closed store is not used', async () => {
    const store = await openMemoryStore();
    await store.close();
    await store.close();
    expect(() => store.opening()).toThrow(expect.objectContaining({ code: 'not_ready' }));
    await expect(store.commit({})).rejects.toMatchObject({ code: 'not_ready' });
  });
});

/** A map that notes every record and key taken from it. */
function counting(inner: OrderedKv): { readonly kv: OrderedKv; readonly taken: Uint8Array[] } {
  const taken: Uint8Array[] = [];
  function* noted<T>(items: Iterable<T>, keyOf: (item: T) => Uint8Array): Iterable<T> {
    for (const item of items) {
      taken.push(keyOf(item));
      yield item;
    }
  }
  const kv: OrderedKv = {
    get(key) {
      taken.push(key);
      return inner.get(key);
    },
    entries: (start, end, options) => noted(inner.entries(start, end, options), ({ key }) => key),
    keys: (start, end, options) => noted(inner.keys(start, end, options), (key) => key),
    commit: (mutations) => inner.commit(mutations),
    close: () => inner.close(),
  };
  return { kv, taken };
}
