import { IDBFactory, IDBKeyRange } from 'fake-indexeddb';
import { vi } from 'vitest';
import { describeClientStore } from '../testing/describe-client-store.ts';
import { IndexedDbStore } from './indexed-db-store.ts';

vi.stubGlobal('IDBKeyRange', IDBKeyRange);

describeClientStore('IndexedDB', () => {
  const factory = new IDBFactory();
  return Promise.resolve({ make: () => new IndexedDbStore('test', factory), isKept: true });
});
