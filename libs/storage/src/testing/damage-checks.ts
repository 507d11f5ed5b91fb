// Checks of damage: every record of a small store is flipped, cut, exchanged, and lost in turn. Whatever is done to the
// records, a read either returns what it returned before or throws; a document whose snapshot is damaged is all of its ops.

import { isDeepStrictEqual } from 'node:util';
import { isAnabranchError, type LogFields, silentLogger } from '@anabranch/base';
import { VersionVector } from '@anabranch/causality';
import type { OpAppend, ReplicaStore } from '@anabranch/engine';
import { expect } from 'vitest';
import type { KvEntry } from '../ordered-kv.ts';
import { logKey } from '../store-key.ts';
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
    name: '[STORE38] an op that a read found damaged is told of each time, and is what it was once it has been restored',
    async run(medium) {
      const source = await fill(medium);
      const intact = await readOnce(medium);
      for (const [lost, broken] of [
        [[1, 2], true],
        [[2], false],
      ] as const) {
        await medium.tamper(async (kv) => {
          const log = [...kv.entries(Uint8Array.of(0x6c), Uint8Array.of(0x6d))].filter(({ key }) => Buffer.from(key).includes(berlin));
          for (const { key, value } of log.filter(({ key }) => lost.some((seq) => seq === key.at(-1)))) {
            await kv.commit([broken ? { key, value: flipped(value, 30) } : { key }]);
          }
        });
        const store = await medium.open();
        const told: string[] = [];
        store.onDamaged(({ origin, seq }) => told.push(`${origin} ${seq}`));
        for (let again = 0; again < 2; again++) expect(codeOf(() => store.readOps(berlin, lost[0] - 1, 1e9))).toBe('record_damaged');
        expect(told).toEqual([`${berlin} ${lost[0]}`, `${berlin} ${lost[0]}`]);
        for (const { position: _, idempotency: __, ...op } of source.filter(({ origin }) => origin === berlin)) {
          if (lost.some((seq) => seq === op.seq)) expect(await store.restore(op)).toBe(true);
        }
        expect(readAll(store)).toEqual(intact);
        await store.close();
        expect(await readOnce(medium)).toEqual(intact);
      }
    },
  },
  {
    name: '[STORE39] a scrub in steps of any size tells of every damaged record, and of ops that vanished from a log',
    async run(medium) {
      await fill(medium);
      const records: KvEntry[] = [];
      await medium.tamper(async (kv) => {
        records.push(...kv.entries(firstKey, endKey));
      });
      for (const record of records) {
        const isLost = record.key[0] === 0x6c && Buffer.from(record.key).includes(berlin) && record.key.at(-1) === 2;
        const isNeeded = [0x6d, 0x70].includes(record.key[0] ?? 0) || isHead(record);
        for (const value of isNeeded ? [] : [flipped(record.value, 8), ...(isLost ? [undefined] : [])]) {
          await medium.tamper((kv) => kv.commit([{ key: record.key, ...(value && { value }) }]));
          for (const bytesMax of [1, 100, 1e9]) expect(await scrubbed(medium, bytesMax)).toEqual(['store.record_damaged']);
          await medium.tamper((kv) => kv.commit([record]));
        }
      }
      expect(await scrubbed(medium, 50)).toEqual([]);
    },
  },
  {
    name: '[STORE38] an op that no index names is restored to the position that no other op has, and not when there are two',
    async run(medium) {
      const source = new OpSource();
      const written = await medium.open();
      const order = [berlin, tokyo, berlin, tokyo, tokyo, berlin, tokyo];
      const ops = order.map((origin, at) => source.next(origin, { documents: [2, 3, 4].includes(at) ? [] : [cartA] }));
      await written.commit({ ops });
      await written.close();
      const whole = await readLogs(medium);
      const lost = async (...positions: number[]): Promise<void> => {
        for (const { origin, seq } of ops.filter(({ position }) => positions.includes(position))) {
          await medium.tamper((kv) => kv.commit([{ key: logKey(origin, seq), value: Uint8Array.of(1) }]));
        }
      };
      const restored = async (position: number): Promise<boolean> => {
        const store = await medium.open();
        const [op] = ops.filter((each) => each.position === position);
        const { position: _, ...given } = op ?? source.next(berlin);
        const isRestored = await store.restore(given);
        await store.close();
        return isRestored;
      };
      await lost(4);
      expect(await restored(4)).toBe(true);
      expect(await readLogs(medium)).toEqual(whole);
      await lost(3, 4);
      // Berlin's was the third or the fourth; Tokyo's too, as long as Berlin's is not there.
      expect([await restored(3), await restored(4)]).toEqual([false, false]);
      await lost(1);
      expect([await restored(1), await restored(3)]).toEqual([true, false]);
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

/** Without them no store opens. */
function isHead({ key }: KvEntry): boolean {
  return key[0] === 0x6c && key.at(-1) === (Buffer.from(key).includes(berlin) ? 3 : 1);
}

async function readLogs(medium: StoreMedium): Promise<unknown> {
  const store = await medium.open();
  const logs = [store.readOps(berlin, 0, 1e9), store.readOps(tokyo, 0, 1e9)];
  await store.close();
  return logs;
}

/** What a whole scrub, in a bounded number of steps, has the store log. */
async function scrubbed(medium: StoreMedium, bytesMax: number): Promise<readonly string[]> {
  const reported: string[] = [];
  const store = await medium.open({ ...silentLogger, error: (event) => reported.push(event) });
  let steps = 0;
  let after: Uint8Array | undefined;
  do {
    after = store.scrub(after, bytesMax);
    steps += 1;
  } while (after !== undefined && steps < 100);
  expect(after).toBe(undefined);
  expect(steps).toBeGreaterThan(bytesMax < 200 ? 3 : 0);
  await store.close();
  return reported;
}

/** A small store with a record of every kind, and its ops. */
async function fill(medium: StoreMedium): Promise<readonly OpAppend[]> {
  const source = new OpSource();
  const store = await medium.open();
  const ops = [
    source.next(berlin, { documents: [cartA], idempotencyKey: 'one' }),
    source.next(berlin, { documents: [cartB], idempotencyKey: 'two' }),
    source.next(tokyo, { documents: [cartA, cartB] }),
    source.next(berlin, { documents: [cartA] }),
  ];
  await store.commit({
    identity: { region: berlinRegion, storeId: new Uint8Array(16).fill(3), origin: berlin },
    peerVectors: [
      [berlinRegion, VersionVector.of([[berlin, 1]])],
      [tokyoRegion, VersionVector.of([[berlin, 2]])],
    ],
    ops,
  });
  await store.commit({
    snapshots: [
      { document: cartA, library: 'yjs', state: Uint8Array.of(1, 2, 3), position: 3 },
      { document: cartB, library: 'automerge', state: Uint8Array.of(4, 5, 6), position: 1 },
    ],
  });
  await store.close();
  return ops;
}

async function readOnce(medium: StoreMedium): Promise<Reads> {
  const store = await medium.open();
  const reads = readAll(store);
  await store.close();
  return reads;
}

type Variants = (record: KvEntry, all: readonly KvEntry[]) => readonly Uint8Array[];

/** Replaces each record by each of its variants in turn, and reads everything. */
async function checkDamage(medium: StoreMedium, variantsOf: Variants): Promise<void> {
  await fill(medium);
  const whole = await medium.open();
  const intact = readAll(whole);
  const byOps = new Map([
    ['cartA', { snapshot: undefined, ops: whole.readHistory(cartA, 0, 1e9).ops }],
    ['cartB', { snapshot: undefined, ops: whole.readHistory(cartB, 0, 1e9).ops }],
  ]);
  await whole.close();
  const records: KvEntry[] = [];
  await medium.tamper(async (kv) => {
    records.push(...kv.entries(firstKey, endKey));
  });
  expect(new Set(records.map(({ key }) => key[0])).size).toBe(6);
  for (const record of records) {
    for (const variant of variantsOf(record, records)) {
      await medium.tamper((kv) => kv.commit([{ key: record.key, value: variant }]));
      const damaged = await readDamaged(medium);
      if (isSnapshot(record)) expectMadeUpFor(damaged, { intact, byOps });
      else expectReported(damaged.reads, intact, record);
      await medium.tamper((kv) => kv.commit([record]));
    }
  }
}

function isSnapshot({ key }: KvEntry): boolean {
  return key[0] === 0x73;
}

type Reads = ReadonlyMap<string, unknown>;

/** A damaged snapshot is reported, and the document read from its ops. */
function expectMadeUpFor({ reads, reported }: DamagedReads, { intact, byOps }: { readonly intact: Reads; readonly byOps: Reads }): void {
  const changed = [...reads].filter(([what, result]) => !isDeepStrictEqual(result, intact.get(what)));
  expect(changed).toHaveLength(1);
  for (const [what, result] of changed) expect(result).toEqual(byOps.get(what));
  expect(reported).toEqual(['store.record_damaged']);
}

function expectReported(reads: ReadonlyMap<string, unknown>, intact: ReadonlyMap<string, unknown>, { key }: KvEntry): void {
  const name = Buffer.from(key).toString('latin1');
  const changed = [...reads].filter(([what, result]) => result !== 'record_damaged' && !isDeepStrictEqual(result, intact.get(what)));
  expect(changed, `served from a damaged record under ${name}`).toEqual([]);
  expect([...reads.values()], `no read reported the record under ${name}`).toContain('record_damaged');
}

interface DamagedReads {
  readonly reads: Reads;
  /** What the store logged. */
  readonly reported: readonly string[];
}

async function readDamaged(medium: StoreMedium): Promise<DamagedReads> {
  const reported: string[] = [];
  let store: ReplicaStore;
  try {
    store = await medium.open({ ...silentLogger, error: (event) => reported.push(event) });
  } catch (error) {
    if (isAnabranchError(error)) return { reads: new Map([['open', error.code]]), reported };
    throw error;
  }
  const reads = readAll(store);
  await store.close();
  return { reads, reported };
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
