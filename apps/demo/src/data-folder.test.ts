import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { NodeRandom } from '@anabranch/system';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DataFolder } from './data-folder.ts';

const random = new NodeRandom();

describe('DataFolder', () => {
  let parent: string;

  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'anabranch-folder-'));
  });

  afterEach(() => rmSync(parent, { recursive: true }));

  test('[DEMO4] keeps the mesh key and the data between runs', () => {
    const path = join(parent, 'deep/demo');
    const first = DataFolder.open(path, random);
    const key = readFileSync(first.meshKeyPath, 'utf8');
    expect(key).toMatch(/^[0-9a-f]{64}\n$/);
    expect(statSync(first.meshKeyPath).mode & 0o077).toBe(0);
    writeFileSync(join(path, 'tokyo'), 'kept');
    first.release();
    expect(readFileSync(DataFolder.open(path, random).meshKeyPath, 'utf8')).toBe(key);
    expect(existsSync(join(path, 'tokyo'))).toBe(true);
  });

  test('[DEMO4] starts empty when asked to', () => {
    const path = join(parent, 'demo');
    const key = readFileSync(DataFolder.open(path, random).meshKeyPath, 'utf8');
    writeFileSync(join(path, 'tokyo'), 'old');
    expect(readFileSync(DataFolder.open(path, random, true).meshKeyPath, 'utf8')).not.toBe(key);
    expect(existsSync(join(path, 'tokyo'))).toBe(false);
  });

  test('[DEMO4] neither writes into nor deletes what it did not make', () => {
    const path = join(parent, 'photos');
    mkdirSync(path);
    writeFileSync(join(path, 'one.jpg'), 'precious');
    for (const isFresh of [false, true]) {
      expect(() => DataFolder.open(path, random, isFresh)).toThrow(expect.objectContaining({ code: 'config_invalid' }));
    }
    expect(readFileSync(join(path, 'one.jpg'), 'utf8')).toBe('precious');
  });

  test('[DEMO4] is not deleted under a demo that is running', () => {
    const path = join(parent, 'demo');
    DataFolder.open(path, random);
    writeFileSync(join(path, 'demo.pid'), `${process.ppid}\n`);
    expect(() => DataFolder.open(path, random, true)).toThrow(expect.objectContaining({ code: 'store_locked' }));
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(join(path, 'demo.pid'), `${pid}\n`);
    expect(() => DataFolder.open(path, random, true)).not.toThrow();
  });
});
