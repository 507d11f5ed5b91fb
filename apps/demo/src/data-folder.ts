// The folder that a world keeps between runs: one data directory per region, the mesh key, the configuration. A marker file
// says that it is ours: nothing else is ever written into or deleted.

import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AnabranchError, type Random, toHex } from '@anabranch/base';
import { worldCollections } from './world-collections.ts';
import type { RegionName } from './world-plan.ts';

const markerName = 'anabranch-demo.json';
const marker = `${JSON.stringify({ world: 'anabranch-demo', formatVersion: 1 })}\n`;
const meshKeyBytes = 32;

export class DataFolder {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  /**
   * Opens the folder, or makes it. With `isFresh` everything of an earlier run is deleted first.
   * @throws AnabranchError `config_invalid` when the folder holds something that no demo has written, `store_locked` when
   *   another demo is using it.
   */
  static open(path: string, random: Random, isFresh = false): DataFolder {
    const folder = new DataFolder(path);
    const isEmpty = !existsSync(path) || readdirSync(path).length === 0;
    if (!isEmpty && !folder.#isOurs()) {
      throw new AnabranchError('config_invalid', `${path} is not empty and was not made by the demo: choose another --data`, { path });
    }
    folder.#refuseIfInUse();
    if (isFresh) rmSync(path, { recursive: true, force: true });
    mkdirSync(path, { recursive: true });
    writeFileSync(join(path, markerName), marker);
    writeFileSync(folder.#ownerPath, `${process.pid}\n`);
    writeFileSync(folder.configPath, `${JSON.stringify({ collections: worldCollections }, null, 2)}\n`);
    if (!existsSync(folder.meshKeyPath)) writeFileSync(folder.meshKeyPath, `${toHex(random.bytes(meshKeyBytes))}\n`, { mode: 0o600 });
    return folder;
  }

  get configPath(): string {
    return join(this.path, 'region.config.json');
  }

  get meshKeyPath(): string {
    return join(this.path, 'mesh.key');
  }

  regionPath(name: RegionName): string {
    return join(this.path, name);
  }

  /** Lets another demo use the folder. */
  release(): void {
    rmSync(this.#ownerPath, { force: true });
  }

  /** Deletes the folder and everything in it. */
  delete(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  get #ownerPath(): string {
    return join(this.path, 'demo.pid');
  }

  #isOurs(): boolean {
    const path = join(this.path, markerName);
    return existsSync(path) && readFileSync(path, 'utf8') === marker;
  }

  // A second demo with --fresh would delete the data under the first one's regions.
  #refuseIfInUse(): void {
    if (!existsSync(this.#ownerPath)) return;
    const pid = Number(readFileSync(this.#ownerPath, 'utf8'));
    if (pid === process.pid || !isAlive(pid)) return;
    const message = `${this.path} is in use by the demo with process id ${pid}; if that is none, delete ${this.#ownerPath}`;
    throw new AnabranchError('store_locked', message, { path: this.path });
  }
}

function isAlive(pid: number): boolean {
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
