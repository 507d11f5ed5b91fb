// Checks of damage: every record of a small store is flipped, cut, exchanged, and lost in turn. Whatever is done to the
// records, a read either returns what it returned before or throws.

import { isDeepStrictEqual } from 'node:util';
import { isAnabranchError, type LogFields, silentLogger } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import type { ReplicaStore } from '@anabranch/engine';
import { expect } from 'vitest';
import type { KvEntry } from '../ordered-kv.ts';
import type { ContractCheck } from './contract-check.ts';
import { berlin, berlinRegion, cartA, cartB, OpSource, tokyo, tokyoRegion } from './op-source.ts';
import type { StoreMedium } from './store-medium.ts';

const [firstKey, endKey] = [Uint8Array.of(0), Uint8Array.of(0xff)];

export const damageChecks: readonly ContractCheck[] = [
  {
    name: '[STORE3] a record with a flipped bit or cut short is reported and not served',
    run: (medium) =>
      checkDamage(medium, ({ value }) => [
        ...[0, value.length >> 1, value.length - 1].map((at) => flipped(value, at)),
        ...[0, 1, 4, value.length - 1].map((length) => value.slice(0, length)),
        Uint8Array.from([...value, 0]),
      ]),
  },
  {
    name: '[STORE3] a whole record under the key of another is reported and not served',
    run: (medium) =>
      checkDamage(medium, ({ key, value }, all) =>
        all.filter((other) => other.key[0] === key[0] && !Buffer.from(other.value).equals(value)).map((other) => other.value),
      ),
  },
  {
    name: '[STORE3] an op that vanished from the middle of a log is reported; the ops before it are served',
    async run(medium) {
      await fill(medium);
      await medium.tamper(async (kv) => {
        const log = [...kv.entries(Uint8Array.of(0x6c), Uint8Array.of(0x6d))];
        const second = log.find(({ key }) => Buffer.from(key).includes(berlin) && key.at(-1) === 2);
        await kv.commit(second ? [{ key: second.key }] : []);
      });
      const store = await medium.open();
      expect(store.readOps(berlin, 0, 1e9).map(({ seq }) => seq)).toEqual([1]);
      expect(codeOf(() => store.readOps(berlin, 1, 1e9))).toBe('record_damaged');
      expect(store.readOps(berlin, 2, 1e9).map(({ seq }) => seq)).toEqual([3]);
      expect(codeOf(() => store.readDocument(cartB))).toBe('record_damaged');
      await store.close();
    },
  },
  {
    name: '[STORE3] damage is named: key space and ids in the error, one line in the log, other records served',
    async run(medium) {
      await fill(medium);
      await medium.tamper(async (kv) => {
        const [first] = kv.entries(Uint8Array.of(0x6c), Uint8Array.of(0x6d), { limit: 1 });
        if (first) await kv.commit([{ key: first.key, value: flipped(first.value, 20) }]);
      });
      const lines: Array<readonly [string, LogFields | undefined]> = [];
      const store = await medium.open({ ...silentLogger, error: (event, fields) => lines.push([event, fields]) });
      const details = { keySpace: 'log', origin: berlin, seq: 1, reason: 'checksum' };
      for (let again = 0; again < 2; again++) {
        expect(() => store.readOps(berlin, 0, 1e9)).toThrow(expect.objectContaining({ code: 'record_damaged', details }));
      }
      expect(lines).toEqual([['store.record_damaged', details]]);
      expect(store.readOps(berlin, 1, 1e9).map(({ seq }) => seq)).toEqual([2, 3]);
      expect(store.readOps(tokyo, 0, 1e9).map(({ seq }) => seq)).toEqual([1]);
      await store.close();
    },
  },
];

/** A small store with a record of every kind. */
async function fill(medium: StoreMedium): Promise<void> {
  const source = new OpSource();
  const store = await medium.open();
  await store.commit({
    identity: { region: berlinRegion, storeId: new Uint8Array(16).fill(3), origin: berlin },
    peerVectors: [
      [berlinRegion, VersionVector.of([[berlin, 1]])],
      [tokyoRegion, VersionVector.of([[berlin, 2]])],
    ],
    ops: [
      source.next(berlin, { documents: [cartA], idempotencyKey: 'one' }),
      source.next(berlin, { documents: [cartB], idempotencyKey: 'two' }),
      source.next(tokyo, { documents: [cartA, cartB] }),
      source.next(berlin, { documents: [cartA] }),
    ],
  });
  await store.commit({
    snapshots: [
      { document: cartA, library: 'yjs', state: Uint8Array.of(1, 2, 3), position: 3 },
      { document: cartB, library: 'automerge', state: Uint8Array.of(4, 5, 6), position: 1 },
    ],
  });
  await store.close();
}

type Variants = (record: KvEntry, all: readonly KvEntry[]) => readonly Uint8Array[];

/** Replaces each record by each of its variants in turn, and reads everything. */
async function checkDamage(medium: StoreMedium, variantsOf: Variants): Promise<void> {
  await fill(medium);
  const whole = await medium.open();
  const intact = readAll(whole);
  await whole.close();
  const records: KvEntry[] = [];
  await medium.tamper(async (kv) => {
    records.push(...kv.entries(firstKey, endKey));
  });
  expect(new Set(records.map(({ key }) => key[0])).size).toBe(6);
  for (const record of records) {
    for (const variant of variantsOf(record, records)) {
      await medium.tamper((kv) => kv.commit([{ key: record.key, value: variant }]));
      expectReported(await readDamaged(medium), intact, record);
      await medium.tamper((kv) => kv.commit([record]));
    }
  }
}

function expectReported(reads: ReadonlyMap<string, unknown>, intact: ReadonlyMap<string, unknown>, { key }: KvEntry): void {
  const name = Buffer.from(key).toString('latin1');
  const changed = [...reads].filter(([what, result]) => result !== 'record_damaged' && !isDeepStrictEqual(result, intact.get(what)));
  expect(changed, `served from a damaged record under ${name}`).toEqual([]);
  expect([...reads.values()], `no read reported the record under ${name}`).toContain('record_damaged');
}

async function readDamaged(medium: StoreMedium): Promise<ReadonlyMap<string, unknown>> {
  let store: ReplicaStore;
  try {
    store = await medium.open();
  } catch (error) {
    if (isAnabranchError(error)) return new Map([['open', error.code]]);
    throw error;
  }
  const reads = readAll(store);
  await store.close();
  return reads;
}

/** Every read of the small store by name, with its result or the code of its error. */
function readAll(store: ReplicaStore): ReadonlyMap<string, unknown> {
  const reads: Record<string, () => unknown> = {
    opening: () => store.opening(),
    listCarts: () => store.listDocuments('carts', undefined, 10),
    cartA: () => store.readDocument(cartA),
    cartB: () => store.readDocument(cartB),
    one: () => store.readIdempotency('one'),
    two: () => store.readIdempotency('two'),
    tokyo1: () => store.readOps(tokyo, 0, 0),
    berlin1: () => store.readOps(berlin, 0, 0),
    berlin2: () => store.readOps(berlin, 1, 0),
    berlin3: () => store.readOps(berlin, 2, 0),
  };
  return new Map(Object.entries(reads).map(([name, read]) => [name, codeOf(read)]));
}

function codeOf(read: () => unknown): unknown {
  try {
    return read();
  } catch (error) {
    if (isAnabranchError(error)) return error.code;
    throw error;
  }
}

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}
