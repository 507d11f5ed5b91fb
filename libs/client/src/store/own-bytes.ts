// What a store keeps of bytes that lie in a larger buffer, as those of a frame that a region sent: themselves. A view would keep the whole
// frame in memory; and a browser writes all of its buffer to IndexedDB, once for each view.

import type { NewWrite, StoreChange } from './client-store.ts';

export function ownWrite<Write extends NewWrite>(write: Write): Write {
  return { ...write, updates: write.updates.map(({ document, update }) => ({ document, update: ownBytes(update) })) };
}

export function ownChange(change: StoreChange): StoreChange {
  switch (change.type) {
    case 'state':
    case 'fold':
      return { ...change, state: ownBytes(change.state) };
    case 'update':
      return { ...change, update: ownBytes(change.update) };
    case 'session':
      return { ...change, session: { ...change.session, resumeKey: ownBytes(change.session.resumeKey) } };
    default:
      return change;
  }
}

function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes);
}
