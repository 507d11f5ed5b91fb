// One client at a time has the folder open. Each that wants it lays down a file of its own, whose name says who it is, and then
// looks for others:
//
//   lock.<pid>.<start of the process>.<nonce>
//
//   lay down own file -> no other of a process that lives -> has the folder
//                     \-> another: take own file back, and refuse, after a few attempts
//
// Invariant 1: a file is laid down before others are looked for: of two clients at least one sees the other. Both may: then both
//              step back and try again.
// Invariant 2: nobody removes the file of a process that lives. That of one that is gone has a name that no other will have,
//              so that whoever removes it takes nothing from a client that came meanwhile.
// Invariant 3: a process is known by its number and by when it began, where the system tells it: numbers are given again.

import { randomBytes } from 'node:crypto';
import { open, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { AnabranchError } from '@anabranch/base';
import { throwStoreFailure } from './store-failure.ts';

/** Folders that this process has open: refuses the second of two at once, where their files would refuse both. */
const heldHere = new Set<string>();
const attemptsMax = 5;
const waitMsMax = 50;
/** Stands for a start that the system does not tell. */
const unknownStart = '0';

export class FolderLock {
  readonly #folder: string;
  readonly #path: string;

  private constructor(folder: string, path: string) {
    this.#folder = folder;
    this.#path = path;
  }

  /** `folder` is its real path: one folder has one. @throws AnabranchError `store_locked`, `store_failed`. */
  static async take(folder: string): Promise<FolderLock> {
    if (heldHere.has(folder)) throw lockedBy(process.pid);
    heldHere.add(folder);
    try {
      const name = `lock.${process.pid}.${(await startOf(process.pid)) ?? unknownStart}.${randomBytes(8).toString('hex')}`;
      const lock = new FolderLock(folder, join(folder, name));
      await lock.#win(name).catch(throwStoreFailure);
      return lock;
    } catch (error) {
      heldHere.delete(folder);
      throw error;
    }
  }

  async release(): Promise<void> {
    await rm(this.#path, { force: true }).catch(throwStoreFailure);
    heldHere.delete(this.#folder);
  }

  async #win(name: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      const file = await open(this.#path, 'wx');
      await file.close();
      const other = await otherHolder(this.#folder, name);
      if (other === undefined) return;
      await rm(this.#path, { force: true });
      if (attempt === attemptsMax) throw lockedBy(other);
      await new Promise((resolve) => setTimeout(resolve, Math.random() * waitMsMax));
    }
  }
}

/** The number of another process that lives and has, or wants, the folder. What those left that are gone is removed. */
async function otherHolder(folder: string, own: string): Promise<number | undefined> {
  let holder: number | undefined;
  for (const name of await readdir(folder)) {
    const [, pid, start] = /^lock\.(\d+)\.(\d+)\.[0-9a-f]+$/.exec(name) ?? [];
    if (pid === undefined || start === undefined || name === own) continue;
    if (await isAlive(Number(pid), start)) holder = Number(pid);
    else await rm(join(folder, name), { force: true });
  }
  return holder;
}

async function isAlive(pid: number, start: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    // Of another user.
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const startNow = await startOf(pid);
  return startNow === undefined || start === unknownStart || startNow === start;
}

/** When a process began, in a measure of the system; undefined where it does not tell. */
async function startOf(pid: number): Promise<string | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // Field 22; the second, a name in brackets, may hold anything.
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
}

function lockedBy(pid: number): AnabranchError {
  return new AnabranchError('store_locked', `another client has the folder open (process ${pid})`);
}
