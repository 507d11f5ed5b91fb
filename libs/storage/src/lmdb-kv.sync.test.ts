import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger } from '@anabranch/base';
import { afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { openLmdbStore } from './open-store.ts';
import { opsPerBatch } from './testing/crash-batches.ts';
import { readSyncTrace } from './testing/sync-trace.ts';
import { acknowledgedPositions, startWriter } from './testing/writer-process.ts';

const calls = 'openat,write,writev,pwrite64,pwritev,fdatasync,fsync,msync';

beforeAll(() => {
  const { status } = spawnSync('strace', ['-f', '-o', '/dev/null', 'true']);
  if (status === 0) return;
  throw new Error('These tests watch system calls: install strace (apt-get install strace) and allow ptrace.');
});

describe('system calls of a commit', () => {
  let root = '';
  let traceFile = '';
  let directory = '';
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), 'anabranch-sync-'));
    traceFile = join(root, 'trace');
    directory = join(root, 'store');
  });
  afterEach(() => rmSync(root, { recursive: true }));

  const strace = (...inject: string[]) => [
    'strace',
    '-f',
    '-qq',
    '-o',
    traceFile,
    '-e',
    `trace=${calls}`,
    ...inject.flatMap((fault) => ['-e', fault]),
  ];

  test('[STORE2] every acknowledgement comes after the sync of its data and of the meta page', async () => {
    const under = strace('inject=fdatasync:delay_enter=10000');
    const { lines } = await startWriter({ directory, batches: 25, underWay: 1, under }).whenEnded;
    const trace = readFileSync(traceFile, 'utf8');
    expect(acknowledgedPositions(lines).length).toBe(25);
    expect(readSyncTrace(trace)).toEqual({ acknowledged: 25, problems: [] });

    // The reader of the trace sees what it is there to see.
    const withoutSync = trace.replace(/^.*fdatasync.* = 0\b.*$/gm, '');
    const failedSync = trace.replace(/(fdatasync.*) = 0\b.*$/gm, '$1 = -1 EIO (Input/output error)');
    const withoutMeta = trace.replace(/O_DSYNC\|?/g, '');
    for (const doctored of [withoutSync, failedSync, withoutMeta]) expect(readSyncTrace(doctored).problems.length).toBe(25);
    const early = trace.replace(/^.*fdatasync(?:(?!fdatasync)[\s\S])*?"acked 6\\n".*$/m, (cycle) => cycle.split('\n').reverse().join('\n'));
    expect(readSyncTrace(early).problems).toEqual([expect.stringContaining('acked 6')]);
  });

  for (const [fault, code] of [
    ['inject=fdatasync:error=EIO:when=4', 'store_failed'],
    ['inject=pwrite64:error=ENOSPC:when=5', 'store_full'],
    ['inject=writev:error=ENOSPC:when=3', 'store_full'],
  ] as const) {
    test(`after ${fault} nothing more is acknowledged, and what was is there`, async () => {
      const { lines, exitCode } = await startWriter({ directory, batches: 8, underWay: 1, under: strace(fault) }).whenEnded;
      const acknowledged = acknowledgedPositions(lines);
      expect(acknowledged.length).toBeGreaterThan(0);
      const failures = lines.slice(1 + acknowledged.length);
      expect(failures).toEqual(Array.from({ length: 8 - acknowledged.length }, () => `failed ${code}`));
      expect(exitCode).toBe(0);
      const store = await openLmdbStore({ directory, logger: silentLogger });
      expect(store.opening().lastPosition).toBe(acknowledged.length * opsPerBatch);
      await store.close();
    });
  }
});
