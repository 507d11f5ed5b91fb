// One process at a time has the folder open. A lock of a process that is gone is taken over.

import { open, readFile, rm } from 'node:fs/promises';
import { AnabranchError } from '@anabranch/base';

/** Paths this process holds: its own pid is alive, and says nothing about them. */
const heldHere = new Set<string>();
const attemptsMax = 3;

export class FolderLock {
  readonly #path: string;

  private constructor(path: string) {
    this.#path = path;
    heldHere.add(path);
  }

  /** @throws AnabranchError `store_locked`, `store_failed`. */
  static async take(path: string): Promise<FolderLock> {
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      try {
        const file = await open(path, 'wx');
        await file.writeFile(`${process.pid}\n`);
        await file.close();
        return new FolderLock(path);
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (code !== 'EEXIST') throw new AnabranchError('store_failed', `the folder cannot be locked: ${message}`);
      }
      const pid = Number(await readFile(path, 'utf8').catch(() => ''));
      if (heldHere.has(path) || (pid !== process.pid && isAlive(pid))) {
        throw new AnabranchError('store_locked', `another client has the folder open (process ${pid})`);
      }
      await rm(path, { force: true });
    }
    throw new AnabranchError('store_locked', 'another client opens the folder at the same time');
  }

  async release(): Promise<void> {
    heldHere.delete(this.#path);
    await rm(this.#path, { force: true });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
