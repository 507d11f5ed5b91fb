// What embedded clients are refused of the documents they follow, at a real replica.

import { VersionVector } from '@anabranch/causality';
import { describe, expect, test } from 'vitest';
import { definitionsOf, type FrameClient } from './testing/frame-client.ts';
import { openClient, startRegion } from './testing/start-region.ts';
import type { TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

async function leave(region: TestRegion, client: FrameClient): Promise<void> {
  client.close();
  await until(() => region.doors.sessionCount === 0, 'it is gone');
}

const tea = { op: 'increment', path: '/items/tea/qty', by: 1 } as const;
const toldOf = (client: FrameClient) =>
  client.of('changes').flatMap(({ ops }) => ops.flatMap(({ writes }) => writes.map(({ document }) => document)));

describe('[DOCS6] a client that comes back with its resume key', () => {
  /** A client follows two documents and goes; it comes back with another schema of one, and misses a change of each. */
  async function backWithAnotherSchema() {
    const region = await startRegion();
    const first = await openClient(region);
    await first.follow(['carts/c1', 'carts-automerge/c1']);
    await first.until('state', 2);
    const { serial, welcome } = first;
    const { resumeKey } = welcome;
    await leave(region, first);
    const collections = definitionsOf(region).map((one) => (one.name === 'carts' ? { ...one, definition: '{}' } : one));
    const other = await openClient(region, { seen: first.seen, resumeKey, followSerial: serial, collections });
    expect(other.welcome.followSerial).toBe(serial);
    await region.edit('carts/c1', tea);
    await region.edit('carts-automerge/c1', tea);
    await until(() => toldOf(other).includes('carts-automerge/c1' as never), 'it is told');
    return { region, other, resumeKey, serial, collections };
  }

  test('and another schema is refused the documents of that collection, and told of the others', async () => {
    const { other } = await backWithAnotherSchema();
    expect(other.of('unavailable')).toMatchObject([{ document: 'carts/c1', code: 'collection_differs' }]);
    expect(toldOf(other)).toEqual(['carts-automerge/c1']);
  });

  test("and the region's schema again is sent whole what it was refused meanwhile", async () => {
    const { region, other, resumeKey, serial, collections } = await backWithAnotherSchema();
    await leave(region, other);
    const still = await openClient(region, { seen: other.seen, resumeKey, followSerial: serial, collections });
    await still.until('unavailable');
    await leave(region, still);
    const again = await openClient(region, { seen: other.seen, resumeKey, followSerial: serial });
    expect(again.welcome.followSerial).toBe(serial);
    await again.until('state');
    expect(again.of('state')).toMatchObject([{ document: 'carts/c1', isResync: false }]);
    await region.edit('carts/c1', tea);
    await until(() => toldOf(again).length > 0, 'it is told');
    expect(toldOf(again)).toEqual(['carts/c1']);
    await leave(region, again);
    const once = await openClient(region, { seen: again.seen, resumeKey, followSerial: serial });
    await region.edit('carts/c1', tea);
    await until(() => toldOf(once).length > 0, 'it is told');
    expect(once.of('state')).toEqual([]);
  });
});

describe('[DOCS13] a client that is refused very many documents', () => {
  const names = (count: number) => Array.from({ length: count }, (_, at) => `carts/${'x'.repeat(180)}${at}`);
  const limits = { sendBufferBytesMax: 256 << 10, documentsUnsentBytesHigh: 64 << 10, sessionWaitMsMax: 100 };

  test('at once is told of all of them as it reads, and is not taken for slow', async () => {
    const region = await startRegion('berlin', { ...limits, sessionWaitMsMax: 1_500 });
    const client = await openClient(region, { seen: VersionVector.of([['lima.5f0c12ab90de' as never, 9]]) });
    const all = names(40_000);
    for (let at = 0; at < all.length; at += 4_096) await client.follow(all.slice(at, at + 4_096), false, at + 4_096 >= all.length);
    await client.until('unavailable', all.length);
    expect(new Set(client.of('unavailable').map(({ document }) => document)).size).toBe(all.length);
    expect(region.doors.sessionCount).toBe(1);
  });

  test('and does not read it is not read either, until it does', async () => {
    const region = await startRegion('berlin', limits);
    const client = await openClient(region);
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
