// What edits refuse, what freeform documents take, and what the libraries must not do behind our back.

import { isAnabranchError, type JsonValue } from '@anabranch/base';
import { mintOrigin, parseRegionId } from '@anabranch/causality';
import * as A from '@automerge/automerge';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { AutomergeDocument } from './automerge/automerge-document.ts';
import type { CrdtDocument } from './crdt-document.ts';
import { createDocument } from './create-document.ts';
import { identityOf, reservedClientIdMin } from './document-identity.ts';
import type { DocumentOp } from './document-op.ts';
import { crdtLimits } from './limits.ts';
import type { CollectionSchema, Library } from './schema.ts';
import { hash } from './testing/cart-replica.ts';
import { isPosition, orderKey, positionBetween } from './typed/fractional-position.ts';
import { YjsDocument } from './yjs/yjs-document.ts';

const schema: CollectionSchema['schema'] = {
  type: 'object',
  fields: {
    n: { type: 'counter' },
    r: { type: 'register' },
    s: { type: 'set' },
    g: { type: 'flag' },
    l: { type: 'list' },
    t: { type: 'text' },
    m: { type: 'map', of: { type: 'counter' } },
  },
};
let dot = 0;
const open = (library: Library, kind: CollectionSchema['schema'] = schema, index = 1): CrdtDocument =>
  createDocument({ library, schema: kind }, { yjsClientId: 2 ** 32 + index, automergeActor: String(index).padStart(32, '0') });
const edit = (document: CrdtDocument, ...ops: unknown[]): Uint8Array | undefined =>
  document.edit({ writer: 'w', dot: ++dot, hlc: { ms: dot, counter: 0 } }, ops as DocumentOp[]);
function refusal(document: CrdtDocument, ...ops: unknown[]): unknown {
  try {
    edit(document, ...ops);
    return 'accepted';
  } catch (error) {
    return isAnabranchError(error) ? [error.code, error.details['opIndex'], error.details['path']] : error;
  }
}

/** The path a refusal names: the operation's, cut where it is very long; empty when it has none. */
function pathOf(op: unknown): string {
  return typeof op === 'object' && op !== null && 'path' in op ? String(op.path).slice(0, 1_024) : '';
}

const nest = (depth: number): JsonValue => (depth === 0 ? 1 : [nest(depth - 1)]);
const refused: [code: string, op: unknown][] = [
  ['op_invalid', null],
  ['op_invalid', 'set'],
  ['op_invalid', { op: 'explode', path: '/n' }],
  ['op_invalid', { op: 'toString', path: '/n' }],
  ['op_invalid', { op: 'increment', path: '/n' }],
  ['op_invalid', { op: 'increment', path: '/n', by: 1.5 }],
  ['op_invalid', { op: 'increment', path: '/n', by: 1, surplus: 1 }],
  ['op_invalid', { op: 'increment', path: 'n', by: 1 }],
  ['op_invalid', { op: 'increment', path: '/n~2', by: 1 }],
  ['op_invalid', { op: 'insert', path: '/l', index: 0, text: 'x' }],
  ['op_invalid', { op: 'insert', path: '/t', index: 0, value: 'x' }],
  ['op_invalid', { op: 'remove', path: '/s' }],
  ['path_unknown', { op: 'increment', path: '/nothing', by: 1 }],
  ['path_unknown', { op: 'increment', path: '/n/deeper', by: 1 }],
  ['path_unknown', { op: 'clear', path: '/toString' }],
  ['path_unknown', { op: 'increment', path: '/m/a/b', by: 1 }],
  ['path_unknown', { op: 'increment', path: '/m'.repeat(crdtLimits.pathSegmentsMax + 1), by: 1 }],
  ['type_mismatch', { op: 'increment', path: '/r', by: 1 }],
  ['type_mismatch', { op: 'set', path: '', value: 1 }],
  ['type_mismatch', { op: 'remove', path: '/n' }],
  ['type_mismatch', { op: 'add', path: '/l', value: 1 }],
  ['type_mismatch', { op: 'enable', path: '/n' }],
  ['index_out_of_range', { op: 'insert', path: '/l', index: 1, value: 1 }],
  ['index_out_of_range', { op: 'insert', path: '/l', index: -1, value: 1 }],
  ['index_out_of_range', { op: 'remove', path: '/l', index: 0 }],
  ['index_out_of_range', { op: 'move', path: '/l', from: 0, to: 0 }],
  ['index_out_of_range', { op: 'delete', path: '/t', index: 0, length: 99 }],
  ['index_out_of_range', { op: 'delete', path: '/t', index: 0, length: -1 }],
  ['index_out_of_range', { op: 'insert', path: '/t', index: 1, text: 'x' }],
  ['value_invalid', { op: 'set', path: '/r', value: Number.NaN }],
  ['value_invalid', { op: 'set', path: '/r', value: JSON.parse('{"__proto__":1}') }],
  ['value_invalid', { op: 'set', path: '/r', value: '\ud800' }],
  ['value_invalid', { op: 'set', path: '/r', value: nest(65) }],
  ['value_invalid', { op: 'set', path: '/r', value: 'x'.repeat(crdtLimits.valueUnitsMax) }],
  ['value_invalid', { op: 'add', path: '/s', value: 'x'.repeat(crdtLimits.elementUnitsMax) }],
  ['value_invalid', { op: 'increment', path: '/m/__proto__', by: 1 }],
  ['value_invalid', { op: 'increment', path: `/m/${'k'.repeat(crdtLimits.keyUnitsMax + 1)}`, by: 1 }],
  ['value_invalid', { op: 'increment', path: '/n', by: Number.MAX_SAFE_INTEGER }],
];

test('[MERGE14] an index into an empty freeform list is refused as that', () => {
  const document = open('yjs', 'freeform');
  edit(document, { op: 'insert', path: '/l', index: 0, value: 1 }, { op: 'remove', path: '/l', index: 0 });
  expect(() => edit(document, { op: 'remove', path: '/l', index: 0 })).toThrow('the list is empty');
});

describe.each(['yjs', 'automerge'] as const)('edits on %s', (library) => {
  test.each(refused)('[MERGE14] %s: refused with nothing applied (%#)', (code, op) => {
    const document = open(library);
    edit(document, { op: 'insert', path: '/t', index: 0, text: '\u{1f600}' }, { op: 'increment', path: '/n', by: 1 });
    const [view, digest, state] = [document.json(), document.digest(hash), document.encodeState()];
    const refusedAt = refusal(document, { op: 'add', path: '/s', value: 1 }, { op: 'delete', path: '/t', index: 0, length: 2 }, op);
    expect(refusedAt).toEqual([code, 2, pathOf(op)]);
    expect(document.json()).toEqual(view);
    expect(document.digest(hash)).toEqual(digest);
    expect(document.encodeState()).toEqual(state);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  test('[MERGE14] an index into an empty list is refused as that', () => {
    expect(() => edit(open(library), { op: 'remove', path: '/l', index: 0 })).toThrow('the list is empty');
    expect(() => edit(open(library), { op: 'move', path: '/l', from: 0, to: 0 })).toThrow('the list is empty');
  });

  test('removing what is not there changes nothing and gives no update', () => {
    const document = open(library);
    for (const op of [
      { op: 'remove', path: '' },
      { op: 'remove', path: '/m/a' },
      { op: 'clear', path: '/l' },
      { op: 'disable', path: '/g' },
    ]) {
      expect(edit(document, op)).toBeUndefined();
    }
    expect(document.exists()).toBe(false);
  });

  test('concurrent sums beyond the safe integers show the nearest one, and the exact sum once back in range', () => {
    const [a, b] = [open(library), open(library, schema, 2)];
    const update = (document: CrdtDocument, writer: string, by: number): Uint8Array =>
      document.edit({ writer, dot: ++dot, hlc: { ms: 1, counter: 0 } }, [{ op: 'increment', path: '/n', by }]) ?? new Uint8Array();
    const fromB = update(b, 'b', 5);
    update(a, 'a', Number.MAX_SAFE_INTEGER - 2);
    a.apply([fromB]);
    expect(a.json()['n']).toBe(Number.MAX_SAFE_INTEGER);
    update(a, 'a', -10);
    expect(a.json()['n']).toBe(Number.MAX_SAFE_INTEGER - 7);
  });

  test('freeform documents take set, remove, insert and delete', () => {
    const document = open(library, 'freeform');
    expect(document.exists()).toBe(false);
    if (library === 'automerge')
      edit(
        document,
        { op: 'set', path: '/meta', value: {} },
        { op: 'set', path: '/list', value: [] },
        { op: 'set', path: '/body', value: '' },
      );
    edit(document, { op: 'set', path: '/meta/title', value: { a: [1, 'x'] } }, { op: 'insert', path: '/list', index: 0, value: 7 });
    edit(document, { op: 'insert', path: '/body', index: 0, text: 'hello' }, { op: 'delete', path: '/body', index: 1, length: 3 });
    const expected = { meta: { title: { a: [1, 'x'] } }, list: [7], body: 'ho' };
    expect(document.json()).toEqual(expected);
    expect(refusal(document, { op: 'remove', path: '/list', index: 0 }, { op: 'increment', path: '/meta', by: 1 })).toEqual([
      'type_mismatch',
      1,
      '/meta',
    ]);
    expect(refusal(document, { op: 'insert', path: '/meta', index: 0, text: 'x' })).toEqual(['type_mismatch', 0, '/meta']);
    expect(refusal(document, { op: 'delete', path: '/body', index: 0, length: 3 })).toEqual(['index_out_of_range', 0, '/body']);
    expect(document.json()).toEqual(expected);
    const copy = open(library, 'freeform', 2);
    copy.apply([document.encodeState()]);
    expect(copy.json()).toEqual(expected);
    expect(copy.digest(hash)).toEqual(document.digest(hash));
    edit(document, { op: 'remove', path: '' });
    expect([document.json(), document.exists()]).toEqual([{}, false]);
  });

  test('[GUARD3] what a freeform document takes it shows, and nothing is set deeper', () => {
    const document = open(library, 'freeform');
    const nested = (depth: number): JsonValue => (depth === 0 ? 'here' : { k: nested(depth - 1) });
    const { valueDepthMax } = crdtLimits;
    if (library === 'automerge') {
      edit(document, { op: 'set', path: '/a', value: nested(9) }, { op: 'set', path: '/l', value: [] });
      const path = `/a${'/k'.repeat(8)}`;
      expect(refusal(document, { op: 'set', path: `${path}/k`, value: nested(valueDepthMax - 8) })).toEqual([
        'value_invalid',
        0,
        `${path}/k`,
      ]);
      edit(document, { op: 'set', path: `${path}/k`, value: nested(valueDepthMax - 9) });
      expect(document.json()['a']).toEqual(nested(valueDepthMax));
      expect(refusal(document, { op: 'insert', path: '/l', index: 0, value: nested(valueDepthMax) })).toEqual(['value_invalid', 0, '/l']);
    } else {
      edit(document, { op: 'set', path: '/a/k', value: nested(valueDepthMax) }, { op: 'insert', path: '/l', index: 0, value: nested(64) });
      expect(document.json()).toEqual({ a: { k: nested(valueDepthMax) }, l: [nested(valueDepthMax)] });
    }
  });

  test('[MERGE19] numbers of a freeform document are what they were set to, however large', () => {
    const [document, copy] = [open(library, 'freeform'), open(library, 'freeform', 2)];
    const numbers = [0, -1, 1.5, 2 ** 52, Number.MAX_SAFE_INTEGER, 2 ** 53, 2 ** 63, 2 ** 64, 1e21, Number.MAX_VALUE].flatMap((n) => [
      n,
      -n || 0,
    ]);
    if (library === 'automerge') edit(document, { op: 'set', path: '/m', value: {} }, { op: 'set', path: '/l', value: [] });
    const update = edit(document, ...numbers.map((value, at) => ({ op: 'set' as const, path: `/m/${at}`, value })));
    edit(document, { op: 'set', path: '/m/all', value: { in: [{ it: numbers }] } });
    for (const value of numbers.toReversed()) edit(document, { op: 'insert', path: '/l', index: 0, value });
    expect(document.json()).toEqual({ m: { ...numbers, all: { in: [{ it: numbers }] } }, l: numbers });
    copy.apply([document.encodeState()]);
    expect(copy.json()).toEqual(document.json());
    if (copy instanceof AutomergeDocument && update !== undefined) expect(() => A.decodeChange(update)).not.toThrow();
  });
});

test('[MERGE19] unsigned and large whole numbers of an Automerge client are shown', () => {
  const document = open('automerge', 'freeform');
  const client = A.change(A.init<Record<string, unknown>>(), (doc) => {
    Object.assign(doc, { unsigned: new A.Uint(5), large: Number.MAX_SAFE_INTEGER, larger: 10n ** 16n });
  });
  const handle = A.getBackend(client);
  handle.put('_root', 'late', 9e15, 'timestamp');
  handle.commit(null, 0);
  document.apply([handle.save()]);
  expect(document.json()).toEqual({ unsigned: 5, large: Number.MAX_SAFE_INTEGER, larger: 1e16, late: null });
});

describe('identity', () => {
  test('an origin has one identity, in the reserved range', () => {
    const region = parseRegionId('berlin');
    if (region === undefined) throw new Error('no region');
    const seen = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const origin = mintOrigin(region, { u32: () => 0, bytes: (length) => new Uint8Array(length).map((_, at) => i >> (8 * at)) });
      const identity = identityOf(origin, hash);
      expect(identity).toEqual(identityOf(origin, hash));
      expect(identity.yjsClientId).toBeGreaterThanOrEqual(reservedClientIdMin);
      expect(Number.isSafeInteger(identity.yjsClientId)).toBe(true);
      expect(identity.automergeActor).toMatch(/^[0-9a-f]{32}$/);
      seen.add(identity.yjsClientId);
    }
    expect(seen.size).toBe(100);
  });

  test('loading the own history does not change the clientID that edits are made under', () => {
    const first = open('yjs');
    const history = edit(first, { op: 'increment', path: '/n', by: 1 }) ?? new Uint8Array();
    const again = open('yjs');
    again.apply([history]);
    const update = edit(again, { op: 'increment', path: '/n', by: 1 }) ?? new Uint8Array();
    expect([...Y.decodeUpdate(update).structs].map((struct) => struct.id.client)).toEqual([2 ** 32 + 1]);
  });

  test('[MERGE15] merging concurrent formatting writes nothing of its own: any grouping of updates gives one digest', () => {
    const clients = [new Y.Doc(), new Y.Doc()];
    const updates: Uint8Array[] = [];
    for (const client of clients) client.on('update', (update: Uint8Array, origin: unknown) => origin === 'merge' || updates.push(update));
    clients[0]?.getText('t').insert(0, 'some text to format');
    clients[1] && Y.applyUpdate(clients[1], updates[0] ?? new Uint8Array(), 'merge');
    clients[0]?.getText('t').format(0, 9, { bold: true });
    clients[1]?.getText('t').format(0, 9, { bold: true });
    clients[1]?.getText('t').delete(2, 9);
    const [whole, steps] = [open('yjs', 'freeform', 1), open('yjs', 'freeform', 2)];
    for (const document of [whole, steps]) if (document instanceof YjsDocument) document.doc.getText('t');
    whole.apply(updates);
    for (const update of updates) steps.apply([update]);
    expect(steps.digest(hash)).toEqual(whole.digest(hash));
  });
});

describe('fractional positions', () => {
  test('[MERGE10] there is room between any two items, also between items of equal position', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1_000), fc.nat(2)), { maxLength: 200 }), (inserts) => {
        const keys: string[] = [];
        for (const [n, [at, twins]] of inserts.entries()) {
          const index = at % (keys.length + 1);
          const [left, right] = [keys[index - 1], keys[index]];
          const position = positionBetween(left, right);
          const fresh = Array.from({ length: 1 + twins }, (_, twin) => orderKey(position, `${n}.${twin}@w`));
          const hasRoom = fresh.every((key) => (left === undefined || left < key) && (right === undefined || key < right));
          if (!hasRoom || !isPosition(position)) expect.fail(`${position} does not lie between ${left} and ${right}`);
          keys.splice(index, 0, ...fresh.sort());
        }
      }),
      { numRuns: 200, seed: 8 },
    );
  });

  test('appending and prepending 10,000 items gives short positions', () => {
    for (const side of ['append', 'prepend']) {
      let key: string | undefined;
      for (let i = 0; i < 10_000; i++) {
        const position = side === 'append' ? positionBetween(key, undefined) : positionBetween(undefined, key);
        if (position.length > 4) expect.fail(`after ${i} items the position is ${position}`);
        key = orderKey(position, `${i}@w`);
      }
    }
  });
});
