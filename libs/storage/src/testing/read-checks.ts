// Checks of reading: logs within their limits, documents as snapshot and tail, lists in pages, and what a replica needs
// to start.

import { parseRegionId, VersionVector } from '@anabranch/causality';
import { parseDocumentId } from '@anabranch/protocol';
import { expect } from 'vitest';
import type { ContractCheck } from './contract-check.ts';
import { berlin, berlinRegion, cartA, cartB, loggedOp, OpSource, tokyo, tokyoRegion } from './op-source.ts';

const allBytes = Number.MAX_SAFE_INTEGER;

const identity = { region: berlinRegion, storeId: new Uint8Array(16).fill(7), origin: berlin };

export const readChecks: readonly ContractCheck[] = [
  {
    name: 'an empty store opens empty, with identity and vectors kept over a reopening',
    async run(medium) {
      const store = await medium.open();
      expect(store.opening()).toEqual({ identity: undefined, heads: [], peerVectors: [], lastPosition: 0 });
      const vector = VersionVector.of([
        [berlin, 3],
        [tokyo, 2 ** 40],
      ]);
      await store.commit({
        identity,
        peerVectors: [
          [tokyoRegion, VersionVector.empty],
          [parseRegionId('new-york'), vector],
        ],
      });
      await store.commit({ peerVectors: [[tokyoRegion, vector]] });
      await store.close();
      const reopened = await medium.open();
      const { peerVectors, ...rest } = reopened.opening();
      expect(rest).toEqual({ identity, heads: [], lastPosition: 0 });
      expect(peerVectors.map(([name, held]) => [name, held.toJSON()])).toEqual([
        ['new-york', vector.toJSON()],
        ['tokyo', vector.toJSON()],
      ]);
      await reopened.close();
    },
  },
  {
    name: '[STORE4] heads and the last position are those of the newest ops',
    async run(medium) {
      const source = new OpSource();
      const store = await medium.open();
      const ops = [source.next(tokyo), source.next(berlin), source.next(berlin), source.next(tokyo), source.next(berlin)];
      await store.commit({ ops: ops.slice(0, 3) });
      await store.commit({ ops: ops.slice(3) });
      await store.close();
      const reopened = await medium.open();
      const { heads, lastPosition } = reopened.opening();
      expect(lastPosition).toBe(5);
      const newest = [ops[4], ops[3]].map((op) => op && { ...headOf(op), oldestSeq: 1 });
      expect(heads).toEqual(newest);
      await reopened.close();
    },
  },
  {
    name: 'readOps returns ops after a seq in order, at least one, then while the bytes last',
    async run(medium) {
      const source = new OpSource();
      const store = await medium.open();
      const ops = Array.from({ length: 300 }, () => source.next(berlin, { bytes: new Uint8Array(100).fill(1) }));
      await store.commit({ ops: [...ops, source.next(tokyo)] });
      expect(store.readOps(berlin, 0, allBytes)).toEqual(ops.map(loggedOp));
      expect(store.readOps(berlin, 255, allBytes)).toEqual(ops.slice(255).map(loggedOp));
      expect(store.readOps(berlin, 7, 0).map(({ seq }) => seq)).toEqual([8]);
      expect(store.readOps(berlin, 7, 299).map(({ seq }) => seq)).toEqual([8, 9]);
      expect(store.readOps(berlin, 7, 300).map(({ seq }) => seq)).toEqual([8, 9, 10]);
      expect(store.readOps(berlin, 300, allBytes)).toEqual([]);
      await store.close();
    },
  },
  {
    name: '[STORE9] a document is its newest snapshot and the ops after it',
    async run(medium) {
      const source = new OpSource();
      const store = await medium.open();
      const ops = Array.from({ length: 10 }, (_, at) =>
        source.next(at % 2 ? berlin : tokyo, { documents: at % 3 ? [cartA] : [cartA, cartB] }),
      );
      await store.commit({ ops });
      expect(store.readDocument(cartA)).toEqual({ snapshot: undefined, ops: ops.map(loggedOp) });
      const at4 = { document: cartA, library: 'yjs', state: Uint8Array.of(4), position: 4 } as const;
      const at8 = { document: cartA, library: 'yjs', state: new Uint8Array(70_000).fill(8), position: 8 } as const;
      await store.commit({ snapshots: [at4] });
      expect(store.readDocument(cartA)).toEqual({ snapshot: at4, ops: ops.slice(4).map(loggedOp) });
      // The older one, handed over last, must not bring back a state whose tail is gone.
      await Promise.all([store.commit({ snapshots: [at8] }), store.commit({ snapshots: [at4] })]);
      await store.commit({ snapshots: [at4] });
      const expected = { snapshot: at8, ops: ops.slice(8).map(loggedOp) };
      expect(store.readDocument(cartA)).toEqual(expected);
      expect(store.readDocument(cartB).ops.map(({ position }) => position)).toEqual([1, 4, 7, 10]);
      await store.close();
      const reopened = await medium.open();
      expect(reopened.readDocument(cartA)).toEqual(expected);
      // The log keeps what snapshots cover.
      expect(reopened.readOps(berlin, 0, allBytes).length).toBe(5);
      await reopened.close();
    },
  },
  {
    name: '[HIST1] readHistory returns the ops of a document after a position, covered by snapshots or not',
    async run(medium) {
      const source = new OpSource();
      const store = await medium.open();
      const ops = Array.from({ length: 40 }, (_, at) =>
        source.next(at % 2 ? berlin : tokyo, { documents: at % 4 ? [cartA, cartB] : [cartB], bytes: new Uint8Array(100).fill(at) }),
      );
      // In batches, so that one record of the index holds several ops.
      for (let at = 0; at < 40; at += 5) await store.commit({ ops: ops.slice(at, at + 5) });
      const expected = ops.filter(({ documents }) => documents.includes(cartA));
      const snapshot = { document: cartA, library: 'yjs', state: Uint8Array.of(1) } as const;
      for (const position of [13, 13, 28]) await store.commit({ snapshots: [{ ...snapshot, position }] });
      await store.close();
      const reopened = await medium.open();
      expect(reopened.readHistory(cartA, 0, allBytes)).toEqual({ ops: expected.map(loggedOp), beginsAfter: 0 });
      const positions = (after: number, bytesMax: number) =>
        reopened.readHistory(cartA, after, bytesMax).ops.map(({ position }) => position);
      for (let after = 0; after <= 40; after++) {
        const rest = expected.map(({ position }) => position).filter((position) => position > after);
        expect(positions(after, allBytes)).toEqual(rest);
        expect(positions(after, 0)).toEqual(rest.slice(0, 1));
        expect(positions(after, 299)).toEqual(rest.slice(0, 2));
        expect(positions(after, 300)).toEqual(rest.slice(0, 3));
      }
      expect(reopened.readHistory(parseDocumentId('carts/none'), 0, allBytes)).toEqual({ ops: [], beginsAfter: 0 });
      await reopened.close();
    },
  },
  {
    name: 'a snapshot and the ops it covers may be committed together, and more ops after it',
    async run(medium) {
      const source = new OpSource();
      const store = await medium.open();
      const [first, second] = [source.next(berlin), source.next(berlin)];
      const snapshot = { document: cartA, library: 'automerge', state: new Uint8Array(0), position: 1 } as const;
      await store.commit({ ops: [first, second], snapshots: [snapshot] });
      expect(store.readDocument(cartA)).toEqual({ snapshot, ops: [loggedOp(second)] });
      await store.close();
    },
  },
  {
    name: 'documents are listed by collection, in order, in pages, each once',
    async run(medium) {
      const source = new OpSource();
      const store = await medium.open();
      const ids = ['b', 'a', 'a0', 'a~', 'a.b', 'Z', '0', 'long'.repeat(50)].map((id) => parseDocumentId(`carts/${id}`));
      const others = [parseDocumentId('cart/x'), parseDocumentId('carts-automerge/x'), parseDocumentId('notes/a')];
      for (let round = 0; round < 2; round++)
        await store.commit({ ops: [...ids, ...others].map((id) => source.next(berlin, { documents: [id] })) });
      await store.commit({ snapshots: [{ document: cartA, library: 'yjs', state: new Uint8Array(3), position: source.lastPosition }] });
      const sorted = [...ids].sort();
      expect(store.listDocuments('carts', undefined, 100)).toEqual(sorted);
      expect(store.listDocuments('carts', undefined, 3)).toEqual(sorted.slice(0, 3));
      expect(store.listDocuments('carts', sorted[2], 3)).toEqual(sorted.slice(3, 6));
      expect(store.listDocuments('carts', parseDocumentId('carts/a1'), 2)).toEqual(sorted.filter((id) => id > 'carts/a1').slice(0, 2));
      expect(store.listDocuments('carts', sorted.at(-1), 3)).toEqual([]);
      expect(store.listDocuments('cart', undefined, 3)).toEqual([others[0]]);
      expect(store.listDocuments('none', undefined, 3)).toEqual([]);
      await store.close();
    },
  },
  {
    name: 'a used idempotency key names its op and its request',
    async run(medium) {
      const source = new OpSource();
      const store = await medium.open();
      const [longest, short] = [source.next(berlin, { idempotencyKey: '~'.repeat(255) }), source.next(tokyo, { idempotencyKey: '!' })];
      await store.commit({ ops: [longest, short] });
      await store.close();
      const reopened = await medium.open();
      expect(reopened.readIdempotency('~'.repeat(255))).toEqual(longest.idempotency);
      expect(reopened.readIdempotency('!')).toEqual(short.idempotency);
      expect(reopened.readIdempotency('!!')).toBeUndefined();
      await reopened.close();
    },
  },
];

function headOf({ origin, seq, chainHash, hlc, logBytes }: ReturnType<OpSource['next']>) {
  return { origin, seq, chainHash, hlc, logBytes };
}
