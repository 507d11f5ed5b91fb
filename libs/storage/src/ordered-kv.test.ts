import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LmdbKv } from './lmdb-kv.ts';
import { MemoryKv } from './memory-kv.ts';
import type { KvEntry, OrderedKv } from './ordered-kv.ts';

const keyPlan = fc.oneof(
  fc.uint8Array({ minLength: 1, maxLength: 3 }),
  fc.array(fc.constantFrom(0, 1, 0x7f, 0x80, 0xff), { minLength: 1, maxLength: 3 }).map((bytes) => Uint8Array.from(bytes)),
);
const valuePlan = fc.option(fc.uint8Array({ maxLength: 20 }), { nil: undefined });
const historyPlan = fc.record({
  commits: fc.array(fc.array(fc.tuple(keyPlan, valuePlan), { maxLength: 20 }), { maxLength: 8 }),
  ranges: fc.array(fc.tuple(keyPlan, keyPlan, fc.boolean(), fc.option(fc.nat(5), { nil: undefined })), { minLength: 3, maxLength: 10 }),
});

type History = typeof historyPlan extends fc.Arbitrary<infer T> ? T : never;

describe('OrderedKv', () => {
  test('both maps order keys by their bytes and read ranges alike', () =>
    fc.assert(
      fc.asyncProperty(historyPlan, async (history) => {
        const directory = mkdtempSync(join(tmpdir(), 'anabranch-kv-'));
        const lmdb = await LmdbKv.open(directory);
        try {
          for (const kv of [new MemoryKv(), lmdb]) await compareWithModel(kv, history);
        } finally {
          await lmdb.close();
          rmSync(directory, { recursive: true });
        }
      }),
      { numRuns: 25 },
    ));

  test('a memory map of many keys keeps them sorted through inserts and deletes', async () => {
    const kv = new MemoryKv();
    const keys = Array.from({ length: 5000 }, (_, at) => Buffer.from(String((at * 7919) % 5000).padStart(4, '0')));
    for (const key of keys) await kv.commit([{ key, value: key }]);
    await kv.commit(keys.filter((_, at) => at % 3 === 0).map((key) => ({ key })));
    const left = keys
      .filter((_, at) => at % 3 !== 0)
      .map(String)
      .sort();
    const range = [Buffer.from('0'), Buffer.from('a')] as const;
    expect([...kv.keys(...range)].map((key) => Buffer.from(key).toString())).toEqual(left);
    expect([...kv.keys(...range, { reverse: true })].map((key) => Buffer.from(key).toString())).toEqual([...left].reverse());
    expect(new MemoryKv(kv.image()).image()).toEqual(kv.image());
  });
});

async function compareWithModel(kv: OrderedKv, { commits, ranges }: History): Promise<void> {
  const model = new Map<string, KvEntry>();
  for (const commit of commits) {
    await kv.commit(commit.map(([key, value]) => ({ key, ...(value && { value }) })));
    for (const [key, value] of commit) {
      if (value) model.set(Buffer.from(key).toString('hex'), { key, value });
      else model.delete(Buffer.from(key).toString('hex'));
    }
  }
  const sorted = [...model.values()].sort((a, b) => Buffer.compare(a.key, b.key));
  for (const { key, value } of sorted) expect(plain(kv.get(key))).toEqual(plain(value));
  for (const [start, end, reverse, limit] of ranges) {
    expect(plain(kv.get(start))).toEqual(plain(model.get(Buffer.from(start).toString('hex'))?.value));
    const within = sorted.filter(({ key }) => Buffer.compare(start, key) <= 0 && Buffer.compare(key, end) < 0);
    if (reverse) within.reverse();
    const expected = within.slice(0, limit ?? within.length);
    const options = { reverse, ...(limit !== undefined && { limit }) };
    expect([...kv.entries(start, end, options)].map(({ key, value }) => [plain(key), plain(value)])).toEqual(
      expected.map(({ key, value }) => [plain(key), plain(value)]),
    );
    expect([...kv.keys(start, end, options)].map(plain)).toEqual(expected.map(({ key }) => plain(key)));
  }
}

function plain(bytes: Uint8Array | undefined): readonly number[] | undefined {
  return bytes && [...bytes];
}
