import { type FileHandle, mkdir, mkdtemp, open, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeUtf8, encodeUtf8 } from '@anabranch/base';
import { parseDocumentId } from '@anabranch/protocol';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { describeClientStore } from '../testing/describe-client-store.ts';
import { FolderStore } from './folder-store.ts';
import { recordsOfCommit } from './journal.ts';

const folders: string[] = [];
async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'anabranch-client-'));
  folders.push(folder);
  return folder;
}
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

describeClientStore('a folder', async () => {
  const folder = await newFolder();
  return { make: () => new FolderStore(folder), isKept: true };
});

describeClientStore('a folder whose journal is written anew again and again', async () => {
  const folder = await newFolder();
  return { make: () => new FolderStore(folder, { rewriteBytesMin: 100, rewriteFactor: 0 }), isKept: true };
});

const ann = parseDocumentId('carts/ann');
const write = { id: 'w', writer: 'device.1', updates: [{ document: ann, update: encodeUtf8('update') }], described: [] };

/** The methods of every open file, to be replaced by a test. */
/** Of the forms of `write` the one with bytes. */
function writeBytes(write: unknown, handle: FileHandle, ...args: [bytes: Uint8Array, from: number, length: number]): Promise<unknown> {
  return (write as (...all: typeof args) => Promise<unknown>).apply(handle, args);
}

async function fileMethods(): Promise<FileHandle> {
  const handle = await open(await newFolder(), 'r');
  await handle.close();
  return Object.getPrototypeOf(handle) as FileHandle;
}

/** A disk that takes so many bytes more: of a write that does not fit the first part, as disks do, and then none. */
async function limitDisk(room: { bytes: number }): Promise<void> {
  const methods = await fileMethods();
  const { write: writeToDisk } = methods;
  vi.spyOn(methods, 'write').mockImplementation(async function (this: FileHandle, bytes: unknown, offset: unknown) {
    const [all, from] = [bytes as Uint8Array, Number(offset ?? 0)];
    const length = Math.min(room.bytes, all.length - from);
    if (length === 0) throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    room.bytes -= length;
    return (await writeBytes(writeToDisk, this, all, from, length)) as never;
  } as never);
}
afterEach(() => {
  vi.restoreAllMocks();
});

async function idsKept(folder: string): Promise<string[]> {
  const store = new FolderStore(folder);
  await store.open(() => 'x');
  const ids = (await store.pendingAfter(0)).map(({ id }) => id);
  await store.close();
  return ids;
}

/** A journal of so many writes, and where it ended before the first and after each. */
async function journalOf(count: number) {
  const folder = await newFolder();
  const store = new FolderStore(folder);
  await store.open(() => 'device');
  const ends = [(await readFile(join(folder, 'journal'))).length];
  for (let at = 0; at < count; at++) {
    await store.append({ ...write, id: `w${at}` });
    ends.push((await readFile(join(folder, 'journal'))).length);
  }
  await store.close();
  return { folder, ends, whole: await readFile(join(folder, 'journal')) };
}

describe('the folder of a client', () => {
  test('[STORE25] cut anywhere, it opens with the whole records before the cut', async () => {
    const folder = await newFolder();
    const store = new FolderStore(folder);
    await store.open(() => 'device');
    const lengths: number[] = [];
    for (let count = 0; count < 5; count++) {
      lengths.push((await readFile(join(folder, 'journal'))).length);
      await store.append({ ...write, id: `w${count}` });
    }
    await store.close();
    const whole = await readFile(join(folder, 'journal'));
    for (let length = lengths[0] ?? 0; length <= whole.length; length++) {
      await writeFile(join(folder, 'journal'), whole.subarray(0, length));
      const cut = new FolderStore(folder);
      expect((await cut.open(() => 'another')).device).toBe('device');
      const kept = (await cut.pendingAfter(0)).length;
      expect(kept).toBe(length === whole.length ? 5 : lengths.filter((at) => at <= length).length - 1);
      // And it goes on from there.
      await cut.append({ ...write, id: 'later' });
      await cut.close();
      const again = new FolderStore(folder);
      await again.open(() => 'another');
      expect((await again.pendingAfter(0)).length).toBe(kept + 1);
      await again.close();
    }
  });

  test('[STORE26] a flipped bit is told or takes the last write; it is never passed over', async () => {
    const { folder, whole, ends } = await journalOf(4);
    for (let at = 0; at < whole.length; at++) {
      const flipped = Uint8Array.from(whole);
      flipped[at] = (flipped[at] ?? 0) ^ (1 << (at % 8));
      await writeFile(join(folder, 'journal'), flipped);
      const isLast = at >= (ends[3] ?? 0);
      const outcome = await idsKept(folder).catch(({ code }) => code);
      if (isLast) expect(outcome).toEqual(['w0', 'w1', 'w2']);
      else expect(outcome, `a bit of byte ${at}`).toBe(at < 19 ? 'store_format_unknown' : 'record_damaged');
    }
  });

  test('[STORE26] a journal of nothing but its head, or of another form, is told', async () => {
    const { folder, whole, ends } = await journalOf(0);
    for (let length = 1; length < (ends[0] ?? 0); length++) {
      await writeFile(join(folder, 'journal'), whole.subarray(0, length));
      await expect(idsKept(folder)).rejects.toMatchObject({ code: length < 19 ? 'store_format_unknown' : 'record_damaged' });
    }
    await writeFile(join(folder, 'journal'), 'something else');
    await expect(idsKept(folder)).rejects.toMatchObject({ code: 'store_format_unknown' });
  });

  test.each([1, 4, 8, 64, 5_000])('[STORE32] %i zeros behind the end are cut off', async (count) => {
    const { folder, whole } = await journalOf(3);
    await writeFile(join(folder, 'journal'), Buffer.concat([whole, new Uint8Array(count)]));
    expect(await idsKept(folder)).toEqual(['w0', 'w1', 'w2']);
    expect((await readFile(join(folder, 'journal'))).length).toBe(whole.length);
  });

  test('[STORE32] of writes that share a synchronisation, none is there when any part of them is missing', async () => {
    const { folder, ends } = await journalOf(1);
    const store = new FolderStore(folder);
    await store.open(() => 'x');
    // One holds the bytes of a journal: they pass for no part of this one.
    const updates = [{ document: ann, update: Uint8Array.from(await readFile(join(folder, 'journal'))) }];
    await Promise.all(['a', 'b', 'c'].map((id) => store.append({ ...write, id, updates })));
    await store.close();
    const whole = await readFile(join(folder, 'journal'));
    for (let from = ends[1] ?? 0; from < whole.length - 7; from += 7) {
      const torn = Uint8Array.from(whole);
      torn.fill(0, from, from + 40);
      await writeFile(join(folder, 'journal'), torn);
      expect(await idsKept(folder)).toEqual(['w0']);
    }
  });

  test('[STORE28] a journal that has grown is written anew, with the same contents', async () => {
    const folder = await newFolder();
    const store = new FolderStore(folder);
    await store.open(() => 'device');
    await store.commit([{ type: 'follow', document: ann }]);
    const state = new Uint8Array(100_000).fill(7);
    await store.commit([{ type: 'state', document: ann, state }]);
    // What is dropped stays in the journal until it is written anew.
    for (let count = 0; count < 40; count++) {
      const n = await store.append({ ...write, updates: [{ document: ann, update: state }] });
      await store.commit([{ type: 'drop', n }]);
    }
    await store.append(write);
    expect((await readFile(join(folder, 'journal'))).length).toBeLessThan(2_000_000);
    await store.close();
    const again = new FolderStore(folder);
    await again.open(() => 'x');
    const { updates, pending } = await again.load(ann);
    expect(updates.map(({ bytes }) => bytes.length)).toEqual([100_000]);
    expect(pending).toHaveLength(1);
    await again.close();
  });

  test('[STORE29] a write that the disk took in part is not acknowledged, and leaves nothing', async () => {
    const folder = await newFolder();
    const store = new FolderStore(folder);
    await store.open(() => 'device');
    await store.append({ ...write, id: 'before' });
    const length = (await readFile(join(folder, 'journal'))).length;
    const room = { bytes: 10 };
    await limitDisk(room);
    await expect(store.append({ ...write, id: 'refused' })).rejects.toMatchObject({ code: 'store_full' });
    expect((await readFile(join(folder, 'journal'))).length).toBe(length);
    await expect(store.commit([{ type: 'follow', document: ann }])).rejects.toMatchObject({ code: 'store_full' });
    expect((await store.load(ann)).isFollowed).toBe(false);
    expect((await store.pendingAfter(0)).map(({ id }) => id)).toEqual(['before']);
    room.bytes = 1_000_000;
    await store.append({ ...write, id: 'after' });
    await store.close();
    expect(await idsKept(folder)).toEqual(['before', 'after']);
  });

  test('[STORE29] a write that is taken in many parts is whole', async () => {
    const folder = await newFolder();
    const store = new FolderStore(folder);
    await store.open(() => 'device');
    const methods = await fileMethods();
    const { write: writeToDisk } = methods;
    vi.spyOn(methods, 'write').mockImplementation(function (this: FileHandle, bytes: unknown, offset: unknown) {
      return writeBytes(writeToDisk, this, bytes as Uint8Array, Number(offset ?? 0), 1);
    } as never);
    await store.append({ ...write, id: 'one' });
    await store.append({ ...write, id: 'two' });
    await store.close();
    vi.restoreAllMocks();
    expect(await idsKept(folder)).toEqual(['one', 'two']);
  });

  test.each(['truncate', 'datasync'] as const)('[STORE29] after a failure of %s nothing is written any more', async (method) => {
    const folder = await newFolder();
    const store = new FolderStore(folder);
    await store.open(() => 'device');
    await store.append({ ...write, id: 'before' });
    const room = { bytes: method === 'truncate' ? 10 : 1_000_000 };
    await limitDisk(room);
    const failing = vi.spyOn(await fileMethods(), method).mockRejectedValue(new Error('EIO'));
    await expect(store.append({ ...write, id: 'refused' })).rejects.toThrow('did not keep it');
    room.bytes = 1_000_000;
    failing.mockRestore();
    await expect(store.append({ ...write, id: 'after' })).rejects.toThrow('did not keep it');
    await store.close();
    expect(await idsKept(folder)).toEqual(['before']);
  });

  test('[STORE30] a rewrite that fails takes nothing away of what was kept, and is tried again', async () => {
    const folder = await newFolder();
    const store = new FolderStore(folder);
    await store.open(() => 'device');
    await store.append({ ...write, id: 'first' });
    // In the way of the new journal.
    await mkdir(join(folder, 'journal.new'));
    const update = new Uint8Array(100_000).fill(7);
    const growOnce = async () =>
      store.commit([{ type: 'drop', n: await store.append({ ...write, updates: [{ document: ann, update }] }) }]);
    for (let count = 0; count < 25; count++) await growOnce();
    expect((await readFile(join(folder, 'journal'))).length).toBeGreaterThan(2_000_000);
    expect(store.trouble?.code).toBe('store_failed');
    await rm(join(folder, 'journal.new'), { recursive: true });
    for (let count = 0; count < 12; count++) await growOnce();
    expect((await readFile(join(folder, 'journal'))).length).toBeLessThan(1_200_000);
    expect(store.trouble).toBeUndefined();
    await store.close();
    expect(await idsKept(folder)).toEqual(['first']);
  });

  test('[STORE31] a fold after the journal was written anew takes nothing later away when the folder is opened again', async () => {
    const folder = await newFolder();
    const store = new FolderStore(folder, { rewriteBytesMin: 1_000 });
    await store.open(() => 'device');
    const textOf = async (from: FolderStore) => (await from.load(ann)).updates.map(({ bytes }) => decodeUtf8(bytes)).join(' ');
    await store.commit([{ type: 'follow', document: ann }]);
    for (const text of ['one', 'two', 'three']) await store.commit([{ type: 'update', document: ann, update: encodeUtf8(text) }]);
    const before = (await store.load(ann)).updates.at(-1)?.at ?? 0;
    await store.commit([{ type: 'fold', document: ann, upTo: before, state: encodeUtf8('folded') }]);
    for (let count = 0; count < 10; count++) {
      await store.commit([
        { type: 'drop', n: await store.append({ ...write, updates: [{ document: ann, update: new Uint8Array(500) }] }) },
      ]);
    }
    await store.commit([{ type: 'update', document: ann, update: encodeUtf8('a') }]);
    const upTo = (await store.load(ann)).updates.at(-1)?.at ?? 0;
    await store.commit([{ type: 'update', document: ann, update: encodeUtf8('LATER') }]);
    await store.commit([{ type: 'fold', document: ann, upTo, state: encodeUtf8('folded+a') }]);
    expect(await textOf(store)).toBe('folded+a LATER');
    await store.close();
    const again = new FolderStore(folder);
    await again.open(() => 'x');
    expect(await textOf(again)).toBe('folded+a LATER');
    await again.close();
  });

  test('[STORE33] more than a million updates, of a commit and of a journal written anew, are read back', async () => {
    const count = 1_000_001;
    const change = { type: 'update', document: ann, update: Uint8Array.of(1) } as const;
    const changes = Array.from({ length: count }, () => change);
    const records = recordsOfCommit(changes);
    expect(records.map(({ changes: part }) => part.length)).toEqual([...Array.from({ length: 100 }, () => 10_000), 1]);
    const folder = await newFolder();
    // Written anew after each batch.
    const store = new FolderStore(folder, { rewriteBytesMin: 0, rewriteFactor: 0 });
    await store.open(() => 'device');
    await store.commit([{ type: 'follow', document: ann }, ...changes]);
    await store.close();
    const again = new FolderStore(folder);
    await again.open(() => 'x');
    expect((await again.load(ann)).updates).toHaveLength(count);
    await again.close();
  });
});
