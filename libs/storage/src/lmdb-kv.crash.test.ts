import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { silentLogger } from '@anabranch/base';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLmdbStore } from './open-store.ts';
import { continueBatches, opsPerBatch } from './testing/crash-batches.ts';
import { berlin, cartA, cartB, loggedOp, tokyo } from './testing/op-source.ts';
import { acknowledgedPositions, startWriter } from './testing/writer-process.ts';

const rounds = 20;
/** Twenty processes start one after the other; a busy machine takes a second for each. */
const timeoutMs = 120_000;
const allBytes = Number.MAX_SAFE_INTEGER;

describe('a process that is killed while it writes', () => {
  let directory = '';
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'anabranch-kill-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  test(
    '[STORE2] loses no acknowledged op and tears none, in 20 kills',
    async () => {
      const seed = Date.now() % 2 ** 31;
      const killAfterLines = fc.sample(fc.nat(60), { numRuns: rounds, seed });
      let acknowledged = 0;
      let checked = 0;
      for (const [round, killAfter] of killAfterLines.entries()) {
        let lineCount = 0;
        const { lines, exitCode } = await startWriter({ directory, batches: 10_000, underWay: 4 }, (_line, child) => {
          if (lineCount++ >= killAfter) child.kill('SIGKILL');
        }).whenEnded;
        const where = `seed ${seed}, round ${round}`;
        expect(exitCode, where).toBeNull();
        acknowledged = Math.max(acknowledged, ...acknowledgedPositions(lines));
        checked = await checkFrom(directory, checked, where);
        expect(checked, where).toBeGreaterThanOrEqual(acknowledged);
      }
      expect(acknowledged).toBeGreaterThan(rounds * opsPerBatch);
      expect(await checkFrom(directory, 0, `seed ${seed}, everything`)).toBe(checked);
    },
    timeoutMs,
  );
});

/** Compares the store after `position` with what the writer wrote, and returns its last position. */
async function checkFrom(directory: string, position: number, where: string): Promise<number> {
  const store = await openLmdbStore({ directory, logger: silentLogger });
  const { lastPosition } = store.opening();
  expect(lastPosition % opsPerBatch, where).toBe(0);
  const next = continueBatches(position);
  const written = Array.from({ length: (lastPosition - position) / opsPerBatch }, () => next().ops ?? []).flat();
  const stored = [berlin, tokyo].flatMap((origin) => {
    const first = written.find((op) => op.origin === origin);
    return first ? store.readOps(origin, first.seq - 1, allBytes) : [];
  });
  stored.sort((a, b) => a.position - b.position);
  expect(isDeepStrictEqual(stored, written.map(loggedOp)), `${where}: the ops in the logs`).toBe(true);
  for (const { idempotency } of written) if (idempotency) expect(store.readIdempotency(idempotency.key), where).toEqual(idempotency);
  if (position === 0) {
    for (const document of [cartA, cartB]) {
      const expected = written.filter(({ documents }) => documents.includes(document)).map(loggedOp);
      expect(isDeepStrictEqual(store.readDocument(document).ops, expected), `${where}: ${document}`).toBe(true);
    }
  }
  await store.close();
  return lastPosition;
}
