// What clients follow that are gone is in the index of the region until they come back, or somebody says that they will not.

import { VersionVector } from '@anabranch/causality';
import type { Following } from '@anabranch/engine';
import { parseDocumentId, resumeKeyLength } from '@anabranch/protocol';
import { expect, type MockInstance, test, vi } from 'vitest';
import { ResumableClients, type ResumableFollows } from './resumable-follows.ts';
import { defaultSyncLimits, type SyncLimits } from './sync-limits.ts';
import { openClient, startRegion } from './testing/start-region.ts';
import type { TestRegion } from './testing/test-region.ts';
import { until } from './testing/until.ts';

const nobody = { handOver: () => undefined };

interface Watched {
  readonly follows: ResumableFollows;
  readonly release: MockInstance<Following['release']>;
}

/** What a client followed, in the index of a region. */
function followsOf(region: TestRegion, documents: readonly string[]): Watched {
  const subscription = region.replica.subscribe(VersionVector.empty, { onMore: () => {}, ended: () => {} });
  for (const document of documents) subscription.updates.add(parseDocumentId(document));
  const following = subscription.detach();
  if (following === undefined) throw new Error('the subscription was over');
  return { follows: { following, agreed: new Set(), differing: [], serial: 1 }, release: vi.spyOn(following, 'release') };
}

function clientsWith(limits: Partial<SyncLimits> = {}) {
  let drawn = 0;
  const bytes = (length: number): Uint8Array => {
    drawn += 1;
    return new Uint8Array(length).fill(drawn);
  };
  const clients = new ResumableClients({ ...defaultSyncLimits, ...limits }, { u32: () => 0, bytes });
  /** A client that came, followed, and went. */
  const gone = ({ follows }: Watched, nowMs = 0): Uint8Array => {
    const { key } = clients.begin(new Uint8Array(), nobody);
    clients.end(key, nobody, follows, nowMs);
    return key;
  };
  return { clients, gone };
}

test('[DOCS2] what a client followed is handed out once, to the one that comes with its key, and is not released', async () => {
  const one = followsOf(await startRegion(), ['carts/c1', 'carts/c2']);
  const { clients, gone } = clientsWith();
  const key = gone(one);
  expect(clients.begin(key, nobody)).toEqual({ key, follows: expect.objectContaining({ following: one.follows.following }) });
  expect([...one.follows.following.documents()]).toEqual(['carts/c1', 'carts/c2']);
  clients.end(key, nobody, undefined, 0);
  expect(clients.begin(key, nobody).follows).toBeUndefined();
  clients.sweep(Number.MAX_SAFE_INTEGER);
  expect(one.release).not.toHaveBeenCalled();
});

test('[DOCS2] what a client followed is released when it does not come back in time', async () => {
  const one = followsOf(await startRegion(), ['carts/c1']);
  const { clients, gone } = clientsWith({ resumeMsMax: 1_000 });
  const key = gone(one, 500);
  clients.sweep(1_500);
  expect(one.release).not.toHaveBeenCalled();
  clients.sweep(1_501);
  expect(one.release).toHaveBeenCalledOnce();
  expect(one.follows.following.size).toBe(0);
  expect(clients.begin(key, nobody).follows).toBeUndefined();
});

test.each([
  ['clients', { resumableClientsMax: 2 }],
  ['documents', { resumableDocumentsMax: 4 }],
])('[DOCS2] of too many %s those of the client that is gone longest are released', async (_, limits) => {
  const region = await startRegion();
  const all = ['a', 'b', 'c'].map((client) => followsOf(region, [`carts/${client}1`, `carts/${client}2`]));
  const { gone } = clientsWith(limits);
  for (const one of all) gone(one);
  expect(all.map(({ release }) => release.mock.calls.length)).toEqual([1, 0, 0]);
});

test('[DOCS7] what a session followed whose key another one has is released at its end', async () => {
  const region = await startRegion();
  const [first, second] = [followsOf(region, ['carts/c1']), followsOf(region, ['carts/c2'])];
  const { clients } = clientsWith();
  const holder = { handOver: () => first.follows };
  const { key } = clients.begin(new Uint8Array(resumeKeyLength), holder);
  clients.begin(key, nobody);
  clients.end(key, holder, second.follows, 0);
  expect([first, second].map(({ release }) => release.mock.calls.length)).toEqual([0, 1]);
});

test('[CLIENT13] what a client followed is released when it comes back with an older store', async () => {
  const region = await startRegion();
  const releases: Array<MockInstance<Following['release']>> = [];
  const subscribe = region.replica.subscribe.bind(region.replica);
  vi.spyOn(region.replica, 'subscribe').mockImplementation((after, listener) => {
    const subscription = subscribe(after, listener);
    const detach = (): Following | undefined => {
      const following = subscription.detach();
      if (following !== undefined) releases.push(vi.spyOn(following, 'release'));
      return following;
    };
    return { ...subscription, detach };
  });
  const client = await openClient(region);
  await client.follow(['carts/c1']);
  await client.until('state', 1);
  const { serial, welcome } = client;
  client.close();
  await until(() => region.doors.sessionCount === 0, 'it is gone');
  expect(releases.map(({ mock }) => mock.calls.length)).toEqual([0]);
  const older = await openClient(region, { resumeKey: welcome.resumeKey, followSerial: serial - 1 });
  expect(older.welcome.followSerial).toBe(0);
  expect(releases.map(({ mock }) => mock.calls.length)).toEqual([1]);
});
