import { execFileSync } from 'node:child_process';
import { mkdirSync, statfsSync } from 'node:fs';
import { requireIsolation } from './isolation.ts';

/** A file system in memory with room for so many bytes and no more, mounted on a folder. */
export class SmallDisk {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static mount(folder: string, bytes: number): SmallDisk {
    requireIsolation();
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${bytes},mode=0700`, 'anabranch-small-disk', folder]);
    return new SmallDisk(folder);
  }

  get freeBytes(): number {
    const { bavail, bsize } = statfsSync(this.#folder);
    return bavail * bsize;
  }

  /** Makes it larger; what it holds stays. */
  grow(bytes: number): void {
    execFileSync('mount', ['-o', `remount,size=${bytes}`, this.#folder]);
  }

  unmount(): void {
    execFileSync('umount', [this.#folder]);
  }
}
