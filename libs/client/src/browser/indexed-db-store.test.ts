import { encodeUtf8 } from '@anabranch/base';
import { parseDocumentId } from '@anabranch/protocol';
import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { afterAll, expect, test, vi } from 'vitest';
import { describeClientStore } from '../testing/describe-client-store.ts';
import { IndexedDbStore } from './indexed-db-store.ts';

vi.stubGlobal('IDBKeyRange', IDBKeyRange);
afterAll(() => vi.unstubAllGlobals());

describeClientStore('IndexedDB', () => {
  const factory = new IDBFactory();
  return Promise.resolve({ make: () => new IndexedDbStore('test', factory), isKept: true });
});

test('[STORE36] a commit of which one step fails leaves nothing, and later ones are kept', async () => {
  const store = new IndexedDbStore('torn', new IDBFactory());
  await store.open(() => 'device');
  const ann = parseDocumentId('carts/ann');
  await store.commit([{ type: 'follow', document: ann }]);
  const update = { type: 'update', document: ann, update: encodeUtf8('u') } as const;
  // Neither can be kept: a place that is no number, a record that cannot be copied.
  const uncopied = { type: 'session', session: { seen: [() => {}] } } as never;
  for (const step of [{ type: 'settle', n: Number.NaN } as const, uncopied]) {
    await expect(store.commit([update, step])).rejects.toMatchObject({ code: 'store_failed' });
    expect((await store.load(ann)).updates).toEqual([]);
  }
  await store.commit([update]);
  expect((await store.load(ann)).updates).toHaveLength(1);
  await store.close();
});
