import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { FolderLock } from './folder-lock.ts';
import { FolderStore } from './folder-store.ts';

const folders: string[] = [];
const processes: ChildProcess[] = [];
async function newFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'anabranch-lock-')));
  folders.push(folder);
  return folder;
}
afterAll(async () => {
  for (const store of stores) await store.close();
  for (const child of processes) child.kill();
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

const codeOf = (opened: Promise<unknown>): Promise<string> =>
  opened.then(
    () => 'opened',
    ({ code }) => code,
  );
const stores: FolderStore[] = [];
function openAs(folder: string): Promise<string> {
  const store = new FolderStore(folder);
  stores.push(store);
  return codeOf(store.open(() => 'device'));
}

/** A process that lives until the tests end, and the file that a lock of it would have. */
async function otherProcess(): Promise<{ readonly pid: number; readonly lock: string }> {
  const child = spawn(process.execPath, ['-e', 'process.stdin.resume()'], { stdio: ['pipe', 'ignore', 'ignore'] });
  processes.push(child);
  await once(child, 'spawn');
  const pid = child.pid ?? 0;
  return { pid, lock: `lock.${pid}.${await startOf(pid)}.00` };
}

async function startOf(pid: number): Promise<string> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '0';
}

describe('the lock of a folder', () => {
  test('[STORE27] one client at a time has it, and the next after it is closed', async () => {
    const folder = await newFolder();
    const store = new FolderStore(folder);
    await store.open(() => 'device');
    expect(await openAs(folder)).toBe('store_locked');
    // Closed twice: both wait until the folder is free.
    void store.close();
    await store.close();
    const next = new FolderStore(folder);
    expect((await next.open(() => 'x')).device).toBe('device');
    await next.close();
    expect(await readdir(folder)).toEqual(['journal']);
  });

  test('[STORE27] one folder is one, however it is spelled', async () => {
    const folder = await newFolder();
    const link = join(await newFolder(), 'link');
    await symlink(folder, link);
    const spellings = [folder, `${folder}/`, relative(process.cwd(), folder), join(folder, '..', folder.split('/').at(-1) ?? ''), link];
    const outcomes = await Promise.all(spellings.map(openAs));
    expect(outcomes.sort()).toEqual(['opened', 'store_locked', 'store_locked', 'store_locked', 'store_locked']);
  });

  test('[STORE27] the lock of a process that is gone is taken over, by one', async () => {
    for (let count = 0; count < 20; count++) {
      const folder = await newFolder();
      await writeFile(join(folder, 'lock.999999999.1.00'), '');
      const outcomes = await Promise.all([openAs(folder), openAs(folder), openAs(folder)]);
      expect(outcomes.sort()).toEqual(['opened', 'store_locked', 'store_locked']);
      expect((await readdir(folder)).filter((name) => name.startsWith('lock'))).toHaveLength(1);
    }
  });

  test('[STORE27] the lock of a process that lives is respected', async () => {
    const folder = await newFolder();
    const { lock } = await otherProcess();
    await writeFile(join(folder, lock), '');
    expect(await openAs(folder)).toBe('store_locked');
    expect(await readdir(folder)).toEqual([lock]);
  });

  test('[STORE27] a lock of this process that this copy of the code does not know of is respected', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, `lock.${process.pid}.${await startOf(process.pid)}.00`), '');
    expect(await openAs(folder)).toBe('store_locked');
  });

  test('[STORE27] a lock whose process number belongs to another program now is taken over, where the system tells', async () => {
    const folder = await newFolder();
    const { pid } = await otherProcess();
    await writeFile(join(folder, `lock.${pid}.1.00`), '');
    if (!existsSync('/proc/self/stat')) {
      expect(await codeOf(FolderLock.take(folder))).toBe('store_locked');
      return;
    }
    const lock = await FolderLock.take(folder);
    expect(await readdir(folder)).toHaveLength(1);
    await lock.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test('[STORE27] a store that could not be opened takes the lock of no other away when it is closed', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'journal'), 'something else');
    const failed = new FolderStore(folder);
    expect(await codeOf(failed.open(() => 'x'))).toBe('store_format_unknown');
    await rm(join(folder, 'journal'));
    expect(await openAs(folder)).toBe('opened');
    await failed.close();
    expect(await openAs(folder)).toBe('store_locked');
  });

  test('[STORE34] what the system refuses is told as store_failed', async () => {
    const folder = await newFolder();
    expect(await openAs(join(folder, 'x'.repeat(300)))).toBe('store_failed');
    const file = join(folder, 'file');
    await writeFile(file, '');
    // That is for the application to put right.
    expect(await openAs(file)).toBe('config_invalid');
    expect(await openAs(join(file, 'below'))).toBe('config_invalid');
    expect(await codeOf(FolderLock.take(join(file, 'below')))).toBe('store_failed');
    // It is not left locked.
    expect(await codeOf(FolderLock.take(join(file, 'below')))).toBe('store_failed');
  });
});
