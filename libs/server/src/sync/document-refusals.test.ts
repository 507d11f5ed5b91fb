// What embedded clients are refused of the documents they follow, at a real replica.

import { VersionVector } from '@anabranch/causality';
import { afterEach, describe, expect, test } from 'vitest';
import type { SyncLimits } from './sync-limits.ts';
import { FrameClient, type FrameClientOptions } from './testing/frame-client.ts';
import { TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

const cleanups: Array<() => Promise<void> | void> = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

async function startRegion(limits: Partial<SyncLimits> = {}): Promise<TestRegion> {
  const started = await TestRegion.start({ limits });
  cleanups.push(() => started.stop());
  return started;
}

async function open(region: TestRegion, options?: FrameClientOptions): Promise<FrameClient> {
  const client = await FrameClient.open(region, options);
  cleanups.push(() => client.close());
  return client;
}

describe('[DOCS13] a client that is refused very many documents', () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `carts/${'x'.repeat(180)}${at}`);
  const limits = { sendBufferBytesMax: 256 << 10, documentsUnsentBytesHigh: 64 << 10, sessionWaitMsMax: 100 };

  test('at once is told of all of them as it reads, and is not taken for slow', async () => {
    const region = await startRegion({ ...limits, sessionWaitMsMax: 1_500 });
    const client = await open(region, { seen: VersionVector.of([['lima.5f0c12ab90de' as never, 9]]) });
    const all = names(40_000);
    for (let at = 0; at < all.length; at += 4_096) await client.follow(all.slice(at, at + 4_096), false, at + 4_096 >= all.length);
    await client.until('unavailable', all.length);
    expect(new Set(client.of('unavailable').map(({ document }) => document)).size).toBe(all.length);
    expect(region.doors.sessionCount).toBe(1);
  });

  test('and does not read it is not read either, until it does', async () => {
    const region = await startRegion(limits);
    const client = await open(region);
    client.raw.socket.pause();
    for (let round = 0; round < 12; round++) {
      await client.follow(names(4_096).map((name) => name.replace('carts/', `nothing/${round}-`)));
    }
    const isPaused = (): boolean => [...region.sockets].some((socket) => socket.isPaused());
    await until(isPaused, 'it is not read');
    client.raw.socket.resume();
    await until(() => !isPaused() && client.raw.socket.bufferedAmount === 0, 'it is read again');
    await client.follow(['carts/c1']);
    await client.until('state');
    expect(region.doors.sessionCount).toBe(1);
  });
});
