// What holds for whole documents, the same on both libraries: removal, digests, restoring, what is left behind, freeform.

import { randomBytes } from 'node:crypto';
import { mintOrigin, parseRegionId } from '@anabranch/causality';
import * as Automerge from '@automerge/automerge';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { AutomergeDocument } from './automerge/automerge-document.ts';
import type { CrdtDocument } from './crdt-document.ts';
import { createDocument } from './create-document.ts';
import { identityOf } from './document-identity.ts';
import type { DocumentOp } from './document-op.ts';
import type { Library } from './schema.ts';
import { cart, hash, Replica, sync } from './testing/cart-replica.ts';
import { YjsDocument } from './yjs/yjs-document.ts';

const fill: DocumentOp[] = [
  { op: 'increment', path: '/items/sku/qty', by: 2 },
  { op: 'set', path: '/items/sku/name', value: 'Hat' },
  { op: 'add', path: '/coupons', value: 'X' },
  { op: 'enable', path: '/gift' },
  { op: 'insert', path: '/lines', index: 0, value: 'one' },
  { op: 'insert', path: '/lines', index: 1, value: 'two' },
  { op: 'insert', path: '/note', index: 0, text: 'note' },
];

describe.each(['yjs', 'automerge'] as const)('documents on %s', (library) => {
  const replicas = (): [Replica, Replica, Replica] => [new Replica(library, 1), new Replica(library, 2), new Replica(library, 3)];

  test('[MERGE13] removing a document removes what the remover saw; concurrent edits stay with their own effect', () => {
    const [a, b, c] = replicas();
    a.do(...fill);
    sync(a, b, c);
    a.do({ op: 'remove', path: '' });
    expect([a.document.exists(), a.document.json()]).toEqual([false, new Replica(library, 9).document.json()]);
    b.do({ op: 'increment', path: '/items/sku/qty', by: 3 }, { op: 'insert', path: '/note', index: 4, text: '!' });
    c.do({ op: 'insert', path: '/lines', index: 1, value: 'new' });
    sync(a, b, c);
    for (const { document } of [a, b, c]) {
      expect(document.exists()).toBe(true);
      expect(document.json()).toMatchObject({ coupons: [], gift: false, lines: ['new'], note: '!' });
      expect(document.json()['items']).toMatchObject({ sku: { qty: 3, name: null } });
    }
    b.do({ op: 'remove', path: '' });
    sync(a, b, c);
    for (const { document } of [a, b, c]) expect(document.exists()).toBe(false);
  });

  test('[MERGE15] the order, grouping and repetition of updates do not change the digest', () => {
    const [a, b, c] = replicas();
    a.do(...fill);
    b.do(...fill, { op: 'remove', path: '/items/sku' });
    sync(a, b, c);
    a.do({ op: 'move', path: '/lines', from: 0, to: 1 }, { op: 'clear', path: '/coupons' });
    b.do({ op: 'insert', path: '/note', index: 2, text: 'b' }, { op: 'increment', path: '/items/sku/qty', by: 1 });
    c.do({ op: 'remove', path: '' }, { op: 'add', path: '/coupons', value: 'Y' });
    sync(a, b, c);
    const updates = [...a.updates];
    const deliveries = fc.tuple(
      fc.shuffledSubarray(updates, { minLength: updates.length }),
      fc.array(fc.constantFrom(...updates), { maxLength: 5 }),
      fc.integer({ min: 1, max: updates.length }),
    );
    fc.assert(
      fc.property(deliveries, ([order, again, groupSize]) => {
        const { document } = new Replica(library, 9);
        const all = [...order, ...again];
        for (let i = 0; i < all.length; i += groupSize) document.apply(all.slice(i, i + groupSize));
        expect(document.digest(hash)).toEqual(a.document.digest(hash));
        expect(document.json()).toEqual(a.document.json());
      }),
      { numRuns: 25 },
    );
  });

  test('[MERGE16] a deletion alone changes the digest, also one that no view shows', () => {
    const [a, b, c] = replicas();
    a.at(9).do({ op: 'set', path: '/status', value: 3 });
    b.at(1).do({ op: 'set', path: '/status', value: 2 });
    c.receive(b).do({ op: 'clear', path: '/status' });
    b.receive(a);
    a.receive(b);
    expect(a.digest()).toBe(b.digest());
    a.receive(c);
    expect(a.document.json()).toEqual(b.document.json());
    expect(a.digest()).not.toBe(b.digest());
    b.receive(c);
    expect(a.digest()).toBe(b.digest());
    a.do({ op: 'clear', path: '/status' });
    expect(a.digest()).not.toBe(b.digest());
  });

  test('[MERGE17] a restored document has the same digest and goes on under an identity no earlier edit used', () => {
    const region = parseRegionId('berlin');
    if (region === undefined) throw new Error('no region');
    const source = { u32: () => randomBytes(4).readUInt32LE(), bytes: (length: number) => new Uint8Array(randomBytes(length)) };
    const epochs = [0, 1].map(() => createDocument({ library, schema: cart }, identityOf(mintOrigin(region, source), hash)));
    const [before, restored] = epochs;
    if (before === undefined || restored === undefined) throw new Error('two epochs');
    const author = (epoch: string, dot: number) => ({ writer: `berlin.${epoch}`, dot, hlc: { ms: dot, counter: 0 } });
    before.edit(author('1', 1), fill);
    restored.apply([before.encodeState()]);
    expect(restored.digest(hash)).toEqual(before.digest(hash));
    expect(restored.json()).toEqual(before.json());
    // Both go on, as when a backup is restored beside what it was taken from: nothing is numbered twice.
    const used = authorsOf(before);
    const late = before.edit(author('1', 2), [{ op: 'increment', path: '/items/sku/qty', by: 1 }]);
    const update = restored.edit(author('2', 1), [{ op: 'increment', path: '/items/sku/qty', by: 10 }]);
    expect(authorsOf(restored).filter((id) => !used.includes(id))).toHaveLength(1);
    before.apply([update ?? new Uint8Array()]);
    restored.apply([late ?? new Uint8Array()]);
    expect(restored.digest(hash)).toEqual(before.digest(hash));
    expect(restored.json()).toMatchObject({ items: { sku: { qty: 13 } } });
  });

  test('[SYNC7] merging tells whether it brought anything new: content, deletions, or only what was there', () => {
    const [a, b] = replicas();
    const [inserted, deleted] = a
      .do({ op: 'insert', path: '/note', index: 0, text: 'abc' })
      .do({ op: 'delete', path: '/note', index: 1, length: 1 }).updates;
    if (inserted === undefined || deleted === undefined) throw new Error('two updates');
    expect(b.document.apply([inserted])).toBe(true);
    expect(b.document.apply([inserted])).toBe(false);
    expect(b.document.apply([deleted])).toBe(true);
    expect(b.document.apply([deleted, inserted])).toBe(false);
    expect(b.document.apply([a.document.encodeState()])).toBe(false);
    expect(b.document.json()).toEqual(a.document.json());
  });

  test('[MERGE18] keys left behind grow with the replicas, not with the edits', () => {
    const keysAfter = (replicaCount: number, rounds: number): number => {
      const all = Array.from({ length: replicaCount }, (_, index) => new Replica(library, index + 1));
      for (let round = 0; round < rounds; round++) {
        for (const replica of all) {
          replica.do(...fill, { op: 'increment', path: '/items/sku/qty', by: 1 }, { op: 'set', path: '/seen', value: round });
          replica.do({ op: 'move', path: '/lines', from: 0, to: 1 });
        }
        sync(...all);
        for (const [index, replica] of all.entries()) replica.do({ op: 'remove', path: index % 2 === 0 ? '/items/sku' : '' });
        sync(...all);
      }
      for (const replica of all) expect(keyCountOf(replica.document)).toBe(keyCountOf(new Replica(library, 99).receive(replica).document));
      return keyCountOf(all[0]?.document);
    };
    for (const replicaCount of [2, 4]) expect(keysAfter(replicaCount, 6)).toBe(keysAfter(replicaCount, 2));
    // A counter keeps at most one cancellation of each replica for the contribution of each other one.
    expect(keysAfter(4, 2)).toBeLessThanOrEqual(4 * 3);
  });
});

describe('freeform documents', () => {
  const open = (library: Library): CrdtDocument =>
    createDocument({ library, schema: 'freeform' }, { yjsClientId: 2 ** 32 + 1, automergeActor: '01'.repeat(16) });

  test("[MERGE19] a Yjs document takes any update of the library and shows the library's JSON", () => {
    const client = new Y.Doc();
    const document = open('yjs');
    client.on('update', (update: Uint8Array) => document.apply([update]));
    client.getText('body').insert(0, 'hello', { bold: true });
    client.getMap('meta').set('tags', Y.Array.from(['a', { b: [1, null] }]));
    client.getArray('rows').insert(0, [1, new Y.Map([['k', 'v']]), new Y.Text('nested')]);
    client.getText('body').delete(1, 2);
    client.getMap('meta').set('title', 'x');
    client.getArray('rows').delete(0, 1);
    const shown = { body: client.getText('body').toJSON(), meta: client.getMap('meta').toJSON(), rows: client.getArray('rows').toJSON() };
    expect(document.json()).toEqual(shown);
    expect(shown).toEqual({ body: 'hlo', meta: { tags: ['a', { b: [1, null] }], title: 'x' }, rows: [{ k: 'v' }, 'nested'] });
    const late = open('yjs');
    late.apply([Y.encodeStateAsUpdate(client)]);
    expect([late.json(), late.digest(hash)]).toEqual([shown, document.digest(hash)]);
  });

  test("[MERGE19] an Automerge document takes any change of the library and shows the library's JSON", () => {
    const document = open('automerge');
    let client = Automerge.from<Record<string, unknown>>({ body: 'hello', meta: { tags: ['a', { b: [1, null] }] }, rows: [1, { k: 'v' }] });
    document.apply(Automerge.getAllChanges(client));
    const before = client;
    client = Automerge.change(client, (draft) => {
      Automerge.splice(draft, ['body'], 1, 2, '');
      (draft['meta'] as Record<string, unknown>)['title'] = 'x';
      (draft['rows'] as unknown[]).shift();
    });
    document.apply(Automerge.getChanges(before, client));
    expect(document.json()).toEqual(Automerge.toJS(client));
    expect(document.json()).toEqual({ body: 'hlo', meta: { tags: ['a', { b: [1, null] }], title: 'x' }, rows: [{ k: 'v' }] });
    const late = open('automerge');
    late.apply([Automerge.save(client)]);
    expect([late.json(), late.digest(hash)]).toEqual([document.json(), document.digest(hash)]);
  });
});

/** The library's ids of all who wrote to the document. */
function authorsOf(document: CrdtDocument): string[] {
  if (document instanceof YjsDocument) return [...document.doc.store.clients.keys()].map(String);
  if (!(document instanceof AutomergeDocument)) throw new Error('no library');
  return [...new Set(Automerge.getAllChanges(document.doc).map((change) => Automerge.decodeChange(change).actor))];
}

/** Entries of the flat map. */
function keyCountOf(document: CrdtDocument | undefined): number {
  if (document instanceof YjsDocument) return document.doc.getMap('f').size;
  if (!(document instanceof AutomergeDocument)) throw new Error('no library');
  return Object.keys((document.doc as { f: object }).f).length;
}
