// Named cases of the typed fields, the same on both libraries.

import * as Automerge from '@automerge/automerge';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { splitChunks } from './automerge/chunks.ts';
import { firstChange } from './automerge/first-change.ts';
import type { DocumentOp } from './document-op.ts';
import type { Library } from './schema.ts';
import { Replica, sync } from './testing/cart-replica.ts';

describe.each(['yjs', 'automerge'] as const)('typed fields on %s', (library) => {
  const replicas = (): [Replica, Replica, Replica] => [new Replica(library, 1), new Replica(library, 2), new Replica(library, 3)];

  test('an unwritten document shows every field empty and does not exist', () => {
    const [a] = replicas();
    expect(a.document.json()).toEqual({ items: {}, coupons: [], gift: false, status: null, seen: [], lines: [], note: '' });
    expect(a.document.exists()).toBe(false);
  });

  test('one replica, every operation', () => {
    const [a, b] = replicas();
    a.do({ op: 'increment', path: '/items/sku-1/qty', by: 2 });
    a.do({ op: 'set', path: '/items/sku-1/name', value: { de: 'Hut' } });
    a.do(
      { op: 'add', path: '/coupons', value: 'X' },
      { op: 'add', path: '/coupons', value: 'A' },
      { op: 'remove', path: '/coupons', value: 'X' },
    );
    a.do({ op: 'enable', path: '/gift' });
    a.do(
      { op: 'insert', path: '/lines', index: 0, value: 1 },
      { op: 'insert', path: '/lines', index: 1, value: 2 },
      { op: 'insert', path: '/lines', index: 2, value: 3 },
    );
    a.do({ op: 'move', path: '/lines', from: 0, to: 2 });
    a.do({ op: 'remove', path: '/lines', index: 0 });
    a.do({ op: 'insert', path: '/note', index: 0, text: 'hello' }, { op: 'delete', path: '/note', index: 1, length: 3 });
    a.do({ op: 'insert', path: '/items/sku-1/memo', index: 0, text: 'm' });
    a.do({ op: 'increment', path: '/items/a~1b/sizes/x~0y', by: -1 });
    const expected = {
      items: {
        'sku-1': { qty: 2, name: { de: 'Hut' }, tags: [], parts: [], memo: 'm', sizes: {} },
        'a/b': { qty: 0, name: null, tags: [], parts: [], memo: '', sizes: { 'x~y': -1 } },
      },
      coupons: ['A'],
      gift: true,
      status: null,
      seen: [],
      lines: [3, 1],
      note: 'ho',
    };
    expect(a.document.json()).toEqual(expected);
    b.receive(a);
    expect(b.document.json()).toEqual(expected);
    const c = new Replica(library, 3);
    c.document.apply([a.document.encodeState()]);
    expect(c.document.json()).toEqual(expected);
    b.do({ op: 'remove', path: '' });
    expect(b.document.exists()).toBe(false);
    a.receive(b);
    expect(a.document.json()).toEqual(new Replica(library, 9).document.json());
    expect(a.document.exists()).toBe(false);
  });

  test('[MERGE2] two replicas add one article at the same time: the quantities add up', () => {
    const [a, b] = replicas();
    a.do({ op: 'increment', path: '/items/sku/qty', by: 2 });
    b.do({ op: 'increment', path: '/items/sku/qty', by: 3 });
    sync(a, b);
    expect(a.field('items')).toMatchObject({ sku: { qty: 5 } });
    expect(b.field('items')).toMatchObject({ sku: { qty: 5 } });
  });

  test('[MERGE3] an article is removed while another replica adds 3: the 3 stay', () => {
    const [a, b] = replicas();
    a.do({ op: 'increment', path: '/items/sku/qty', by: 5 });
    sync(a, b);
    a.do({ op: 'remove', path: '/items/sku' });
    b.do({ op: 'increment', path: '/items/sku/qty', by: 3 });
    expect(a.field('items')).toEqual({});
    sync(a, b);
    expect(a.field('items')).toMatchObject({ sku: { qty: 3 } });
    expect(b.field('items')).toMatchObject({ sku: { qty: 3 } });
    // The same the other way round: the contribution belongs to the one who increments.
    b.do({ op: 'remove', path: '/items/sku' });
    a.do({ op: 'increment', path: '/items/sku/qty', by: 1 });
    sync(a, b);
    expect(a.field('items')).toMatchObject({ sku: { qty: 1 } });
  });

  test('[MERGE4] two replicas set k, a third sees only one value and deletes it: the other value stays', () => {
    const [a, b, c] = replicas();
    a.do({ op: 'set', path: '/status', value: 3 });
    b.do({ op: 'set', path: '/status', value: 2 });
    c.receive(b).do({ op: 'clear', path: '/status' });
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('status')).toBe(3);
  });

  test('[MERGE5] a register shows the latest of the values not yet overwritten, the writer breaking ties; clear removes what it saw', () => {
    const [a, b, c] = replicas();
    a.at(5).do({ op: 'set', path: '/status', value: 'early' });
    b.at(9).do({ op: 'set', path: '/status', value: 'late' });
    c.at(9).do({ op: 'set', path: '/status', value: 'late too' });
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('status')).toBe('late too');
    // A write that saw the others replaces them, whatever its clock says.
    a.at(1).do({ op: 'set', path: '/status', value: 'informed' });
    b.at(20).do({ op: 'clear', path: '/status' });
    expect([a.field('status'), b.field('status')]).toEqual(['informed', null]);
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('status')).toBe('informed');
    c.do({ op: 'clear', path: '/status' });
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('status')).toBe(null);
  });

  test('[MERGE6] a register that keeps all shows every concurrent value, in one order', () => {
    const [a, b, c] = replicas();
    a.at(7).do({ op: 'set', path: '/seen', value: { from: 'a' } });
    b.at(3).do({ op: 'set', path: '/seen', value: 'b' });
    c.at(5).do({ op: 'set', path: '/seen', value: 'b' });
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('seen')).toEqual(['b', 'b', { from: 'a' }]);
    b.do({ op: 'set', path: '/seen', value: 'all seen' });
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('seen')).toEqual(['all seen']);
  });

  test('[MERGE7] a counter is the sum of all increments, and takes safe integers only', () => {
    const [a, b, c] = replicas();
    a.do({ op: 'increment', path: '/items/x/qty', by: 5 }, { op: 'increment', path: '/items/x/qty', by: -2 });
    b.do({ op: 'increment', path: '/items/x/qty', by: -10 });
    c.do({ op: 'increment', path: '/items/x/qty', by: 0 });
    sync(a, b, c);
    a.do({ op: 'increment', path: '/items/x/qty', by: 1 });
    b.do({ op: 'increment', path: '/items/x/qty', by: 1 });
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('items')).toMatchObject({ x: { qty: -5 } });
    for (const by of [1.5, 2 ** 53, Number.NaN, Number.POSITIVE_INFINITY]) {
      expect(() => a.do({ op: 'increment', path: '/items/x/qty', by })).toThrow(/not an integer/);
    }
    expect(() => a.do({ op: 'increment', path: '/items/x/qty', by: Number.MIN_SAFE_INTEGER })).toThrow(/safe integers/);
    expect(a.field('items')).toMatchObject({ x: { qty: -5 } });
  });

  test('[MERGE8] a set keeps an element added while another replica removes it', () => {
    const [a, b, c] = replicas();
    a.do({ op: 'add', path: '/coupons', value: { id: 1 } }, { op: 'add', path: '/coupons', value: 'gone' });
    sync(a, b, c);
    a.do({ op: 'add', path: '/coupons', value: { id: 1 } });
    b.do({ op: 'remove', path: '/coupons', value: { id: 1 } }, { op: 'remove', path: '/coupons', value: 'gone' });
    c.do({ op: 'clear', path: '/coupons' });
    expect([b.field('coupons'), c.field('coupons')]).toEqual([[], []]);
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('coupons')).toEqual([{ id: 1 }]);
  });

  test('[MERGE9] a flag enabled while another replica disables it is enabled', () => {
    const [a, b, c] = replicas();
    a.do({ op: 'enable', path: '/gift' });
    sync(a, b, c);
    a.do({ op: 'disable', path: '/gift' });
    b.do({ op: 'enable', path: '/gift' });
    expect([a.field('gift'), b.field('gift')]).toEqual([false, true]);
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('gift')).toBe(true);
    c.do({ op: 'disable', path: '/gift' });
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('gift')).toBe(false);
  });

  test('[MERGE10] a list keeps every insert that nobody removed, in one order', () => {
    const [a, b, c] = replicas();
    const insert = (index: number, value: string): DocumentOp => ({ op: 'insert', path: '/lines', index, value });
    a.do(insert(0, 'first'), insert(1, 'last'));
    sync(a, b, c);
    a.do(insert(1, 'a1'), insert(2, 'a2'));
    b.do(insert(1, 'b1'), insert(0, 'b0'), { op: 'remove', path: '/lines', index: 1 });
    c.do({ op: 'clear', path: '/lines' }, insert(0, 'c0'));
    sync(a, b, c);
    const shown = a.field('lines') as string[];
    expect([...shown].sort()).toEqual(['a1', 'a2', 'b0', 'b1', 'c0']);
    // What one replica put in an order stays in it.
    expect(shown.indexOf('a1')).toBeLessThan(shown.indexOf('a2'));
    expect(shown.indexOf('b0')).toBeLessThan(shown.indexOf('b1'));
    for (const replica of [b, c]) expect(replica.field('lines')).toEqual(shown);
  });

  test('[MERGE11] an item that several replicas move at once is shown exactly once, and a removed one not at all', () => {
    const [a, b, c] = replicas();
    for (const index of [0, 1, 2, 3]) a.do({ op: 'insert', path: '/lines', index, value: index });
    sync(a, b, c);
    a.at(50).do({ op: 'move', path: '/lines', from: 0, to: 3 });
    b.at(60).do({ op: 'move', path: '/lines', from: 0, to: 1 }, { op: 'move', path: '/lines', from: 3, to: 0 });
    c.at(70).do({ op: 'move', path: '/lines', from: 2, to: 0 }, { op: 'remove', path: '/lines', index: 3 });
    sync(a, b, c);
    const shown = a.field('lines') as number[];
    expect([...shown].sort()).toEqual([0, 1, 2]);
    // The latest move of an item places it: b's of 0, c's of 2.
    expect(shown).toEqual([2, 1, 0]);
    for (const replica of [b, c]) expect(replica.field('lines')).toEqual(shown);
  });

  test('[MERGE11] of a list that was cleared while its items were moved nothing is left over', () => {
    const [a, b, c] = replicas();
    for (const index of [0, 1, 2]) a.do({ op: 'insert', path: '/lines', index, value: index });
    sync(a, b, c);
    a.do({ op: 'clear', path: '/lines' });
    b.do({ op: 'move', path: '/lines', from: 0, to: 1 }, { op: 'move', path: '/lines', from: 2, to: 0 });
    sync(a, b, c);
    expect(entryKeys(library, c.document.encodeState())).toHaveLength(2);
    // What changes nothing writes nothing: the next edit takes away what was left.
    c.do({ op: 'clear', path: '/lines' });
    c.do({ op: 'add', path: '/coupons', value: 'A' }, { op: 'remove', path: '/coupons', value: 'A' }, { op: 'clear', path: '/lines' });
    sync(a, b, c);
    for (const { document } of [a, b, c]) expect(entryKeys(library, document.encodeState())).toEqual([]);
  });

  test('[MERGE12] a text is what the library merges, and its positions count UTF-16 units', () => {
    const [a, b, c] = replicas();
    a.do({ op: 'insert', path: '/note', index: 0, text: 'a\u{1f600}b' });
    sync(a, b, c);
    a.do({ op: 'insert', path: '/note', index: 3, text: 'XX' });
    b.do({ op: 'insert', path: '/note', index: 3, text: 'YY' }, { op: 'delete', path: '/note', index: 0, length: 1 });
    c.do({ op: 'delete', path: '/note', index: 3, length: 1 });
    expect(() => c.do({ op: 'delete', path: '/note', index: 2, length: 1 })).toThrow(/surrogate pair/);
    sync(a, b, c);
    expect(a.field('note')).toBe(textIn(library, [...a.updates]));
    expect(a.field('note')).toMatch(/^\u{1f600}(XXYY|YYXX)$/u);
    for (const replica of [b, c]) expect(replica.field('note')).toBe(a.field('note'));
  });

  test('a view is never changed, and shares with the next one all that stayed', () => {
    const [a, b] = replicas();
    a.do(...['k', 'm', 'z'].map((key): DocumentOp => ({ op: 'increment', path: `/items/${key}/qty`, by: 1 })));
    a.do({ op: 'add', path: '/coupons', value: 'X' });
    b.receive(a).do({ op: 'increment', path: '/items/m/qty', by: 1 });
    const before = viewOf(a);
    const text = JSON.stringify(before);
    const views = [() => a.receive(b), () => a.do({ op: 'increment', path: '/items/m/qty', by: 1 })].map((change) => {
      change();
      return viewOf(a);
    });
    expect(views.map((view) => view.items['m']?.qty)).toEqual([2, 3]);
    for (const view of views) {
      expect(view.coupons).toBe(before.coupons);
      expect(view.items['k']).toBe(before.items['k']);
    }
    a.do({ op: 'increment', path: '/items/l/qty', by: 9 }, { op: 'remove', path: '/items/z' });
    const last = viewOf(a);
    expect(Object.keys(last.items)).toEqual(['k', 'l', 'm']);
    expect(last.items['k']).toBe(before.items['k']);
    a.do({ op: 'remove', path: '/items/l' }, { op: 'increment', path: '/items/l/qty', by: 1 });
    expect(viewOf(a).items['l']).toMatchObject({ qty: 1 });
    expect(JSON.stringify(before)).toBe(text);
    expect(a.document.json()).toBe(a.document.json());
  });

  test('[MERGE20] what two replicas create at one path is one object: both go on in it', () => {
    const [a, b] = replicas();
    for (const replica of [a, b]) {
      replica.do({ op: 'insert', path: '/note', index: 0, text: replica === a ? 'A' : 'B' });
      replica.do({ op: 'insert', path: '/items/x/memo', index: 0, text: replica === a ? 'C' : 'D' });
      replica.do({ op: 'insert', path: '/items/x/parts', index: 0, value: replica === a ? 1 : 2 });
      replica.do({ op: 'increment', path: '/items/x/sizes/s', by: 1 });
    }
    sync(a, b);
    expect(a.field('note')).toMatch(/^(AB|BA)$/);
    a.do({ op: 'insert', path: '/note', index: 1, text: '-' }, { op: 'delete', path: '/items/x/memo', index: 0, length: 1 });
    sync(a, b);
    expect(b.field('note')).toMatch(/^(A-B|B-A)$/);
    const { memo, parts, sizes } = (b.field('items') as { x: { memo: string; parts: number[]; sizes: object } }).x;
    expect([memo.length, [...parts].sort(), sizes]).toEqual([1, [1, 2], { s: 2 }]);
    expect(a.digest()).toBe(b.digest());
  });
});

interface View {
  readonly items: Readonly<Record<string, { readonly qty: number }>>;
  readonly coupons: readonly unknown[];
}
const viewOf = (replica: Replica): View => replica.document.json() as object as View;

/** The text `note` of a plain document of the library that took these updates. */
function textIn(library: Library, updates: Uint8Array[]): string {
  if (library === 'automerge') {
    const [doc] = Automerge.applyChanges(Automerge.init<{ t: { note: string } }>(), [firstChange(), ...updates.flatMap(changesIn)]);
    return doc.t.note;
  }
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc.getText('t:note').toString();
}

function changesIn(update: Uint8Array): Uint8Array[] {
  return splitChunks(update).map((chunk) => chunk.bytes);
}

/** The keys of what a typed document keeps in the library, but for what vouches for the document. */
function entryKeys(library: Library, state: Uint8Array): string[] {
  const isEntry = (key: string): boolean => !key.startsWith('/');
  if (library === 'automerge') return Object.keys(Automerge.load<{ f: Record<string, string> }>(state).f).filter(isEntry);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, state);
  return [...doc.getMap('f').keys()].filter(isEntry);
}
