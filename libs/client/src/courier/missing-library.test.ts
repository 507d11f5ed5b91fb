// A device that follows documents of a library which cannot be loaded: a chunk that is not in the cache of a page, say.

import { YjsDocument } from '@anabranch/crdt/yjs';
import { parseDocumentId } from '@anabranch/protocol';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Client, MemoryStore, schema } from '../index.ts';
import { platformOf, ScriptedRegion } from '../testing/scripted-regions.ts';

vi.mock('@anabranch/crdt/automerge', () => {
  throw new Error('the chunk is not there');
});

const shape = schema.object({ qty: schema.counter() });
const collections = { carts: { library: 'yjs', schema: shape }, 'carts-automerge': { library: 'automerge', schema: shape } } as const;

test('[CLIENT40] the documents of a library that cannot be loaded hold up no others, and their absence is told', async () => {
  const store = new MemoryStore();
  await store.open(() => 'device0000000000');
  const missing = parseDocumentId('carts-automerge/ann');
  await store.commit([{ type: 'follow', document: missing }]);
  const berlin = new ScriptedRegion('berlin');
  const client = await Client.create(
    { regions: [{ name: 'berlin', url: berlin.url }], collections },
    { platform: platformOf([berlin]), store },
  );
  onTestFinished(() => client.close());
  const opening = client.open('carts', 'bob');
  await vi.waitFor(() => expect(berlin.session?.of('follow').flatMap(({ documents }) => documents)).toHaveLength(2), 4_000);
  const document = new YjsDocument(shape, { yjsClientId: 2 ** 32 + 5, automergeActor: 'ab'.repeat(16) });
  document.edit({ writer: 'berlin.5f0c12ab90de', dot: 1, hlc: { ms: 1, counter: 0 } }, [{ op: 'increment', path: '/qty', by: 2 }]);
  berlin.session?.send({ type: 'state', document: missing, isResync: false, state: new Uint8Array([1]) });
  berlin.session?.send({ type: 'state', document: parseDocumentId('carts/bob'), isResync: false, state: document.encodeState() });
  expect((await opening).value).toEqual({ qty: 2 });
  await expect(client.open('carts-automerge', 'ann')).rejects.toMatchObject({ code: 'document_unavailable' });
  await vi.waitFor(() => expect(client.status.lastError?.message).toContain('Automerge library'), 4_000);
  expect(berlin.sessions).toHaveLength(1);
});

test('[CLIENT40] without a session nothing waits to be asked for again: the next session is told of all documents', async () => {
  const platform = platformOf([]);
  const later: number[] = [];
  const setTimer = (afterMs: number, callback: () => void) => {
    later.push(afterMs);
    return platform.clock.setTimer(afterMs, callback);
  };
  const options = { regions: [{ name: 'berlin', url: 'http://berlin.example' }], collections };
  const client = await Client.create(options, {
    platform: { ...platform, clock: { ...platform.clock, setTimer } },
    store: new MemoryStore(),
  });
  onTestFinished(() => client.close());
  const told: unknown[] = [];
  client.onStatus(() => told.push(client.status.lastError?.message));
  await expect(client.open('carts-automerge', 'ann')).rejects.toMatchObject({ code: 'document_unavailable' });
  await vi.waitFor(() => expect(told).toContainEqual(expect.stringContaining('Automerge library')), 4_000);
  expect(later).not.toContain(60_000);
});
