import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeUtf8 } from '@anabranch/base';
import { parseDocumentId } from '@anabranch/protocol';
import { afterAll, describe, expect, test } from 'vitest';
import { describeClientStore } from '../testing/describe-client-store.ts';
import { FolderStore } from './folder-store.ts';

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

const ann = parseDocumentId('carts/ann');
const write = { id: 'w', writer: 'device.1', updates: [{ document: ann, update: encodeUtf8('update') }], described: [] };

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

  test('[STORE26] damage before the end is told, not passed over', async () => {
    const folder = await newFolder();
    const store = new FolderStore(folder);
    await store.open(() => 'device');
    for (let count = 0; count < 3; count++) await store.append(write);
    await store.close();
    const whole = await readFile(join(folder, 'journal'));
    whole[60] = (whole[60] ?? 0) ^ 1;
    await writeFile(join(folder, 'journal'), whole);
    await expect(new FolderStore(folder).open(() => 'x')).rejects.toMatchObject({ code: 'record_damaged' });
    await writeFile(join(folder, 'journal'), 'something else');
    await expect(new FolderStore(folder).open(() => 'x')).rejects.toMatchObject({ code: 'store_format_unknown' });
  });

  test('[STORE27] one client at a time; a lock of a process that is gone is taken over', async () => {
    const folder = await newFolder();
    const store = new FolderStore(folder);
    await store.open(() => 'device');
    await expect(new FolderStore(folder).open(() => 'x')).rejects.toMatchObject({ code: 'store_locked' });
    await store.close();
    await appendFile(join(folder, 'lock'), '999999999\n');
    const next = new FolderStore(folder);
    expect((await next.open(() => 'x')).device).toBe('device');
    await next.close();
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
});
