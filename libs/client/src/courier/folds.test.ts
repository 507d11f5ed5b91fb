import { YjsDocument } from '@anabranch/crdt/yjs';
import { parseDocumentId } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { MemoryStore, schema } from '../index.ts';
import type { ClientStore } from '../store/client-store.ts';
import { CommitQueue } from './commit-queue.ts';
import { Folds } from './folds.ts';

const shape = schema.object({ qty: schema.counter() });
const ann = parseDocumentId('carts/ann');

function addTo(document: YjsDocument, dot: number): Uint8Array {
  const author = { writer: 'berlin.5f0c12ab90de', dot, hlc: { ms: dot, counter: 0 } };
  return document.edit(author, [{ op: 'increment', path: '/qty', by: 1 }]) ?? new Uint8Array();
}

/** One run of a client: what is kept, and counted. */
function runOn(store: ClientStore, drawn: number, unheld: () => void = () => {}) {
  const fail = (cause: unknown): void => {
    throw cause;
  };
  const queue = new CommitQueue(store, fail);
  const folds = new Folds({
    ...{ store, queue, failed: fail, unheld },
    random: { u32: () => drawn, bytes: (length) => new Uint8Array(length) },
    collection: () => ({ library: 'yjs', schema: shape }),
  });
  const keep = (update: Uint8Array): Promise<void> =>
    new Promise((resolve) => {
      queue.add([{ type: 'update', document: ann, update }], () => {
        folds.grew(ann, update.length, false);
        resolve();
      });
    });
  const stop = async (): Promise<void> => {
    await folds.stop();
    await queue.whenIdle();
  };
  return { folds, keep, stop };
}

test('[CLIENT42] a document that changes a little in each of many runs is folded as well', async () => {
  const store = new MemoryStore();
  await store.commit([{ type: 'follow', document: ann }]);
  const document = new YjsDocument(shape, { yjsClientId: 2 ** 32 + 5, automergeActor: 'ab'.repeat(16) });
  let longest = 0;
  for (let run = 0; run < 100; run++) {
    const { keep, stop } = runOn(store, Math.imul(run + 1, 0x9e3779b1) >>> 0);
    for (let count = 0; count < 8; count++) await keep(addTo(document, run * 8 + count + 1));
    await stop();
    longest = Math.max(longest, (await store.load(ann)).updates.length);
  }
  expect(longest).toBeLessThan(250);
  const kept = new YjsDocument(shape, { yjsClientId: 1, automergeActor: 'cd'.repeat(16) });
  kept.apply((await store.load(ann)).updates.map(({ bytes }) => bytes));
  expect(kept.json()).toEqual({ qty: 800 });
});

test('[CLIENT42] a large document is not folded anew for every few small changes', async () => {
  const store = new MemoryStore();
  await store.commit([{ type: 'follow', document: ann }]);
  let folded = 0;
  const commit = store.commit.bind(store);
  store.commit = (changes) => {
    folded += changes.filter(({ type }) => type === 'fold').length;
    return commit(changes);
  };
  const large = new YjsDocument('freeform', { yjsClientId: 3, automergeActor: 'ab'.repeat(16) });
  large.doc.getText('body').insert(0, 'x'.repeat(1 << 20));
  const { keep, stop } = runOn(store, 0);
  await keep(large.encodeState());
  const document = new YjsDocument(shape, { yjsClientId: 2 ** 32 + 5, automergeActor: 'ab'.repeat(16) });
  for (let dot = 1; dot <= 1_000; dot++) await keep(addTo(document, dot));
  await stop();
  // Once for the first look at it, then when the changes weigh an eighth of it.
  expect(folded).toBeLessThanOrEqual(2);
});

test('[CLIENT25] a document that is forgotten while it is folded is not asked for again, whatever was kept of it', async () => {
  for (const isForgotten of [false, true]) {
    const store = new MemoryStore();
    await store.commit([
      { type: 'follow', document: ann },
      { type: 'update', document: ann, update: new Uint8Array([1, 9, 9, 9]) },
    ]);
    let unheld = 0;
    const { folds, keep, stop } = runOn(store, 63, () => {
      unheld += 1;
    });
    // The draw makes the first update the one that is one too many: its fold has begun.
    await keep(addTo(new YjsDocument(shape, { yjsClientId: 3, automergeActor: 'ab'.repeat(16) }), 1));
    if (isForgotten) {
      await store.commit([{ type: 'forget', document: ann }]);
      folds.forget(ann);
    }
    await stop();
    expect(unheld).toBe(isForgotten ? 0 : 1);
  }
});
