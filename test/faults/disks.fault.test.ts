// Disks that are full and disks whose syncs fail: what a store does with them is seen only where real system calls fail.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { marker, readDurabilityTrace, tracedCalls, tracedStringBytes } from '../scenarios/durability-trace.ts';
import { Ledger } from './ledger.ts';
import { MeshUnderFault } from './mesh-under-fault.ts';
import { Shoppers } from './shoppers.ts';
import { SmallDisk } from './small-disk.ts';
import { within } from './until.ts';

const smallBytes = 1 << 20;
const roomyBytes = 64 << 20;

/** The exit codes of a region (anabranch region --help). */
const exits = { startFailed: 1, failed: 70 } as const;

const cleanups: Array<() => unknown> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startMesh(beforeStart?: (mesh: MeshUnderFault) => void): Promise<MeshUnderFault> {
  const mesh = await MeshUnderFault.start(beforeStart);
  cleanups.push(() => mesh.close());
  return mesh;
}

test('[FAULT5] a full disk: refused as store_full, the region ends, others go on; with room it serves, and has all it acknowledged', async () => {
  let disk: SmallDisk | undefined;
  const mesh = await startMesh((starting) => {
    disk = SmallDisk.mount(starting.region('berlin').dataPath, smallBytes);
  });
  cleanups.push(async () => {
    await mesh.region('berlin').kill();
    disk?.unmount();
  });
  const ledger = new Ledger();
  const shoppers = new Shoppers(ledger, 'full');
  const berlin = mesh.region('berlin');
  await mesh.whileBuying(shoppers, { perRegion: 3 }, async () => {
    await within('berlin is full, and ends', 90_000, async () => !berlin.isRunning);
    expect(await berlin.whenEnded, berlin.recentOutput).toBe(exits.failed);
    expect(berlin.recordsOf('region.store_failed').length).toBe(1);
    expect(berlin.recordsOf('region.store_failed')[0]?.fields).toMatchObject({ error: { code: 'store_full' } });
    expect([...shoppers.refusals.keys()], 'refused as store_full').toContain('store_full');
    expect(disk?.freeBytes).toBeLessThan(smallBytes / 10);

    const full = shoppers.acknowledgedBy('berlin');
    const [newYork, tokyo] = [shoppers.acknowledgedBy('new-york'), shoppers.acknowledgedBy('tokyo')];
    // Started again without more room, it ends again, and acknowledges nothing that it cannot keep.
    berlin.start();
    await within('berlin ends again', 30_000, async () => !berlin.isRunning);
    expect([exits.failed, exits.startFailed]).toContain(await berlin.whenEnded);
    await within('the others go on', 30_000, async () => {
      return shoppers.acknowledgedBy('new-york') > newYork + 50 && shoppers.acknowledgedBy('tokyo') > tokyo + 50;
    });
    console.info(`full after ${ledger.acknowledged} purchases, ${full} of them in berlin; ${JSON.stringify([...shoppers.refusals])}`);

    disk?.grow(roomyBytes);
    berlin.start();
    await berlin.untilReady();
    await within('berlin takes writes', 30_000, async () => shoppers.acknowledgedBy('berlin') > full + 20);
  });
  await mesh.expectAllShow(ledger);
});

/** Which sync fails, counted from the start of the process, and only that one: whoever tries it again succeeds. */
const failingSyncs = [1, 4, 25];

test('[FAULT6] a sync fails: no acknowledgement rests on it, the region ends with 70, and restarted it has all it acknowledged', async () => {
  const mesh = await startMesh();
  const ledger = new Ledger();
  const berlin = mesh.region('berlin');
  await berlin.stop();
  let marks = 0;
  for (const failing of failingSyncs) {
    const shoppers = new Shoppers(ledger, `sync-${failing}`, () => marker(++marks));
    const traceFile = join(mesh.folder, `trace-${failing}`);
    const strace = ['strace', '-f', '-tt', '-y', '-qq', '-o', traceFile, '-s', String(tracedStringBytes), '-e', `trace=${tracedCalls}`];
    berlin.start([...strace, '-e', `inject=fdatasync,fsync,msync:error=EIO:when=${failing}`]);
    await mesh.whileBuying(shoppers, { perRegion: 1 }, async () => {
      await within(`berlin ends after failed sync ${failing}`, 60_000, async () => !berlin.isRunning);
      const trace = readFileSync(traceFile, 'utf8');
      const failed = trace.split('\n').find((line) => line.includes('EIO')) ?? '';
      console.info(`sync ${failing} failed after ${shoppers.acknowledgedBy('berlin')} purchases`);
      expect(failed).toMatch(/ = -1 EIO .*INJECTED/);
      expect(readDurabilityTrace(trace).problems).toEqual([]);
      const isReady = berlin.recordsOf('region.ready').length > 0;
      expect(await berlin.whenEnded, berlin.recentOutput).toBe(isReady ? exits.failed : exits.startFailed);
      berlin.start();
      await berlin.untilReady();
      const before = shoppers.acknowledgedBy('berlin');
      await within('berlin takes writes again', 30_000, async () => shoppers.acknowledgedBy('berlin') > before + 5);
    });
    await mesh.untilReplicated();
    await berlin.stop();
  }
  await mesh.startAll();
  await mesh.expectAllShow(ledger);
});
