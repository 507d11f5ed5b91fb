import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@anabranch/base';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LmdbKv } from './lmdb-kv.ts';
import { openLmdbStore } from './open-store.ts';
import { sealRecord } from './record.ts';
import { newFormatRecord } from './record-codec.ts';
import { metaKey } from './store-key.ts';
import { berlin, OpSource } from './testing/op-source.ts';
import { startWriter } from './testing/writer-process.ts';

const logger = silentLogger;
let root = '';
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'anabranch-lmdb-'));
});
afterEach(() => rmSync(root, { recursive: true }));

describe('a directory that is open', () => {
  test('[STORE5] is refused to a second store in this process, and the first goes on', async () => {
    const directory = join(root, 'a', 'b.mdb');
    const store = await openLmdbStore({ directory, logger });
    await expect(openLmdbStore({ directory, logger })).rejects.toMatchObject({ code: 'store_locked', details: { directory } });
    await store.commit({ ops: [new OpSource().next(berlin)] });
    expect(store.opening().lastPosition).toBe(1);
    await store.close();
    const again = await openLmdbStore({ directory, logger });
    expect(again.opening().lastPosition).toBe(1);
    await again.close();
  });

  test('[STORE5] is refused to another process, and free again when its process was killed', async () => {
    const directory = join(root, 'store');
    const first = startWriter({ directory, batches: 100_000, underWay: 1 });
    try {
      await first.whenOpened;
      await expect(openLmdbStore({ directory, logger })).rejects.toMatchObject({ code: 'store_locked' });
      const second = await startWriter({ directory, batches: 1, underWay: 1 }).whenEnded;
      expect(second.lines).toEqual([]);
      expect(second.errors).toContain('store_locked');
    } finally {
      first.child.kill('SIGKILL');
      await first.whenEnded;
    }
    const free = await openLmdbStore({ directory, logger });
    expect(free.opening().lastPosition).toBeGreaterThan(0);
    await free.close();
  });
});

describe('pages that make no sense', () => {
  test('[STORE3] are damage with a code wherever they are read, not an error of the medium', async () => {
    const directory = join(root, 'store');
    const [before, key, after] = ['key-a', 'key-b', 'key-c'].map((text) => Buffer.from(text));
    const kv = await LmdbKv.open(directory);
    await kv.commit([before, key, after].flatMap((each) => (each === undefined ? [] : [{ key: each, value: Buffer.from('value') }])));
    await kv.close();
    setDuplicatesFlag(join(directory, 'data.mdb'), Buffer.from('key-b'));

    const damaged = await LmdbKv.open(directory);
    const [start, end] = [Buffer.from('key-b'), Buffer.from('key-d')];
    for (const read of [
      () => damaged.get(Buffer.from('key-b')),
      () => [...damaged.entries(start, end)],
      () => [...damaged.entries(start, end, { reverse: true })],
    ]) {
      expect(read).toThrow(expect.objectContaining({ code: 'record_damaged' }));
    }
    await damaged.close();
  });

  test('[STORE3] what the reader of a range throws is passed on as it is, and the range ends', async () => {
    const kv = await LmdbKv.open(join(root, 'store'));
    await kv.commit([{ key: Buffer.from('key'), value: Buffer.from('value') }]);
    expect(() => {
      for (const _entry of kv.entries(Buffer.from('a'), Buffer.from('z'))) throw new RangeError('of the reader');
    }).toThrow(RangeError);
    await kv.close();
  });
});

/** In the node header in front of a key, wherever the key lies: LMDB then takes its value for a tree of duplicates. */
function setDuplicatesFlag(path: string, key: Buffer): void {
  const bytes = readFileSync(path);
  const flagsBeforeKey = 4;
  const isDuplicates = 0x04;
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at + 1)) {
    bytes[at - flagsBeforeKey] = (bytes[at - flagsBeforeKey] ?? 0) | isDuplicates;
  }
  writeFileSync(path, bytes);
}

describe('a directory of another format', () => {
  for (const [name, change] of [
    [
      'a newer store format',
      async (kv: LmdbKv) => kv.commit([{ key: metaKey('format'), value: sealRecord(metaKey('format'), newFormatRecord(2)) }]),
    ],
    ['no format record', async (kv: LmdbKv) => kv.commit([{ key: metaKey('format') }, { key: Buffer.from('x'), value: Buffer.from('y') }])],
  ] as const) {
    test(`[STORE6] ${name}: refused, and left unchanged`, async () => {
      const directory = join(root, 'store');
      await (await openLmdbStore({ directory, logger })).close();
      const kv = await LmdbKv.open(directory);
      await change(kv);
      await kv.close();
      const before = readFileSync(join(directory, 'data.mdb'));
      await expect(openLmdbStore({ directory, logger })).rejects.toMatchObject({ code: 'store_format_unknown' });
      expect(readFileSync(join(directory, 'data.mdb')).equals(before)).toBe(true);
    });
  }

  test('a copied directory opens with what it held', async () => {
    const source = new OpSource();
    const store = await openLmdbStore({ directory: join(root, 'store'), logger });
    await store.commit({ ops: [source.next(berlin), source.next(berlin)] });
    await store.close();
    cpSync(join(root, 'store'), join(root, 'copy'), { recursive: true });
    const copy = await openLmdbStore({ directory: join(root, 'copy'), logger });
    expect(copy.opening().lastPosition).toBe(2);
    await copy.close();
  });
});
