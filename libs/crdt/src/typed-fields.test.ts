// Named cases of the typed fields, the same on both libraries.

import { describe, expect, test } from 'vitest';
import type { CrdtDocument } from './crdt-document.ts';
import { createDocument } from './create-document.ts';
import type { DocumentOp } from './document-op.ts';
import type { CollectionSchema, Library } from './schema.ts';

const cart: CollectionSchema['schema'] = {
  type: 'object',
  fields: {
    items: {
      type: 'map',
      of: {
        type: 'object',
        fields: {
          qty: { type: 'counter' },
          name: { type: 'register' },
          tags: { type: 'set' },
          parts: { type: 'list' },
          memo: { type: 'text' },
          sizes: { type: 'map', of: { type: 'counter' } },
        },
      },
    },
    coupons: { type: 'set' },
    gift: { type: 'flag' },
    status: { type: 'register' },
    seen: { type: 'register', keep: 'all' },
    lines: { type: 'list' },
    note: { type: 'text' },
  },
};

/** One replica: a document, its author's stamps, and the updates it made or received. */
class Replica {
  readonly document: CrdtDocument;
  readonly #writer: string;
  #dot = 0;
  readonly updates = new Set<Uint8Array>();

  constructor(library: Library, index: number, schema: CollectionSchema['schema'] = cart) {
    this.#writer = `r${index}.000000000000`;
    this.document = createDocument({ library, schema }, { yjsClientId: 2 ** 32 + index, automergeActor: String(index).padStart(32, '0') });
  }

  do(...ops: DocumentOp[]): this {
    const update = this.document.edit({ writer: this.#writer, dot: ++this.#dot, hlc: { ms: this.#dot, counter: 0 } }, ops);
    if (update !== undefined) this.updates.add(update);
    return this;
  }

  receive(other: Replica): this {
    const missing = [...other.updates].filter((update) => !this.updates.has(update));
    this.document.apply(missing);
    for (const update of missing) this.updates.add(update);
    return this;
  }

  field(name: string): unknown {
    return this.document.json()[name];
  }
}

function sync(...replicas: Replica[]): void {
  for (const a of replicas) for (const b of replicas) a.receive(b);
  for (const a of replicas) for (const b of replicas) a.receive(b);
}

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

  test('[CRDT1] two replicas add one article at the same time: the quantities add up', () => {
    const [a, b] = replicas();
    a.do({ op: 'increment', path: '/items/sku/qty', by: 2 });
    b.do({ op: 'increment', path: '/items/sku/qty', by: 3 });
    sync(a, b);
    expect(a.field('items')).toMatchObject({ sku: { qty: 5 } });
    expect(b.field('items')).toMatchObject({ sku: { qty: 5 } });
  });

  test('[CRDT2] an article is removed while another replica adds 3: the 3 stay', () => {
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

  test('[CRDT3] two replicas set k, a third sees only one value and deletes it: the other value stays', () => {
    const [a, b, c] = replicas();
    a.do({ op: 'set', path: '/status', value: 3 });
    b.do({ op: 'set', path: '/status', value: 2 });
    c.receive(b).do({ op: 'clear', path: '/status' });
    sync(a, b, c);
    for (const replica of [a, b, c]) expect(replica.field('status')).toBe(3);
  });
});
