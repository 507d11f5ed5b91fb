import { describeClientStore } from '../testing/describe-client-store.ts';
import { MemoryStore } from './memory-store.ts';

describeClientStore('memory', () => {
  const store = new MemoryStore();
  return Promise.resolve({ make: () => store, isKept: false });
});
