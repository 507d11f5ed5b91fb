import type { JsonObject, JsonValue } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CartDocument, cartCollection } from '../testing/cart-collection.ts';
import { planMergePatch } from './merge-patch.ts';

const collection = cartCollection('yjs');

function planned(patch: JsonObject, ...before: DocumentOp[]): readonly DocumentOp[] {
  const document = new CartDocument('yjs');
  if (before.length > 0) document.edit(...before);
  return planMergePatch(collection, patch)(document.crdt.json()).ops;
}

describe('a merge patch becomes operations', () => {
  test('[DOOR3] scalars set registers, booleans switch flags, null clears or removes', () => {
    expect(planned({ status: 'open', gift: true })).toEqual([
      { op: 'set', path: '/status', value: 'open' },
      { op: 'enable', path: '/gift' },
    ]);
    expect(planned({ status: null, gift: false, items: { 'sku-1': null }, note: null })).toEqual([
      { op: 'clear', path: '/status' },
      { op: 'disable', path: '/gift' },
      { op: 'remove', path: '/items/sku-1' },
      { op: 'clear', path: '/note' },
    ]);
  });

  test('[DOOR3] objects go down into maps; keys are escaped in paths', () => {
    expect(planned({ items: { 'a/b~c': { name: 'Lantern' } } })).toEqual([{ op: 'set', path: '/items/a~1b~0c/name', value: 'Lantern' }]);
  });

  test('[DOOR3] a register that holds an object is merged as RFC 7396 says, and set whole', () => {
    const held: DocumentOp = { op: 'set', path: '/status', value: { a: 1, b: { c: 2, d: 3 } } };
    expect(planned({ status: { b: { c: null, e: 4 } } }, held)).toEqual([
      { op: 'set', path: '/status', value: { a: 1, b: { d: 3, e: 4 } } },
    ]);
  });

  test('[DOOR3] sets, lists and texts change by their difference', () => {
    expect(
      planned({ coupons: ['A', 'C', 'C'] }, { op: 'add', path: '/coupons', value: 'A' }, { op: 'add', path: '/coupons', value: 'B' }),
    ).toEqual([
      { op: 'remove', path: '/coupons', value: 'B' },
      { op: 'add', path: '/coupons', value: 'C' },
    ]);
    const lines = ['a', 'b', 'c'].map((value, index): DocumentOp => ({ op: 'insert', path: '/lines', index, value }));
    expect(planned({ lines: ['a', 'x', 'y', 'c'] }, ...lines)).toEqual([
      { op: 'remove', path: '/lines', index: 1 },
      { op: 'insert', path: '/lines', index: 1, value: 'x' },
      { op: 'insert', path: '/lines', index: 2, value: 'y' },
    ]);
    expect(planned({ note: 'hello, world' }, { op: 'insert', path: '/note', index: 0, text: 'hello world' })).toEqual([
      { op: 'insert', path: '/note', index: 5, text: ',' },
    ]);
  });

  test('[DOOR3] a text edit never splits a surrogate pair', () => {
    // U+1F600 and U+1F601 share their first unit; U+1F600 and U+1FA00 differ there.
    expect(planned({ note: 'a\u{1f601}b' }, { op: 'insert', path: '/note', index: 0, text: 'a\u{1f600}b' })).toEqual([
      { op: 'delete', path: '/note', index: 1, length: 2 },
      { op: 'insert', path: '/note', index: 1, text: '\u{1f601}' },
    ]);
  });

  test.each<[string, JsonObject, object]>([
    ['a number on a bounded counter', { stock: 5 }, { code: 'type_mismatch', details: { path: '/stock' } }],
    ['a number on a counter', { items: { a: { qty: 5 } } }, { code: 'type_mismatch', details: { path: '/items/a/qty' } }],
    ['a string on a flag', { gift: 'yes' }, { code: 'type_mismatch', details: { path: '/gift' } }],
    ['a string on a set', { coupons: 'A' }, { code: 'type_mismatch', details: { path: '/coupons' } }],
    ['an array on a map', { items: [] }, { code: 'type_mismatch', details: { path: '/items' } }],
    ['a number on a text', { note: 1 }, { code: 'type_mismatch', details: { path: '/note' } }],
    ['a field the schema lacks', { items: { a: { colour: 'red' } } }, { code: 'path_unknown', details: { path: '/items/a/colour' } }],
    ['a field named like a property of every object', { toString: 'x' }, { code: 'path_unknown', details: { path: '/toString' } }],
  ])('[DOOR3] %s is refused, naming the path', (_, patch, refusal) => {
    expect(() => planned(patch)).toThrow(expect.objectContaining(refusal));
  });

  test('[DOOR3] freeform documents have no fields to patch', () => {
    expect(() => planMergePatch({ library: 'yjs', schema: 'freeform' }, {})).toThrow(expect.objectContaining({ code: 'type_mismatch' }));
  });
});

// RFC 7396, section 2, on the whole view, with what typed documents add: cleared fields show their empty value.
function mergeReference(target: JsonValue | undefined, patch: JsonValue): JsonValue {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const merged = new Map(Object.entries(typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {}));
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) merged.delete(name);
    else merged.set(name, mergeReference(merged.get(name), value));
  }
  return Object.fromEntries(merged);
}

const value = fc.oneof(fc.string({ maxLength: 3 }), fc.integer(), fc.boolean());
const mergePatches = fc.record<Record<string, JsonValue>>(
  {
    status: fc.option(value),
    gift: fc.boolean(),
    coupons: fc.uniqueArray(fc.constantFrom('A', 'B', 'C', 'D')).map((elements) => elements.sort()),
    lines: fc.array(fc.constantFrom('x', 'y', 'z'), { maxLength: 5 }),
    note: fc.string({ unit: 'grapheme', maxLength: 6 }),
    labels: fc.dictionary(fc.constantFrom('k1', 'k2', 'k3'), fc.option(value)),
  },
  { requiredKeys: [] },
);

function afterPatches(
  library: 'yjs' | 'automerge',
  patches: readonly JsonObject[],
  spoil = (ops: readonly DocumentOp[]) => ops,
): [JsonValue, JsonValue] {
  const document = new CartDocument(library);
  const empty = document.crdt.json();
  let expected: JsonValue = empty;
  for (const patch of patches) {
    document.edit(...spoil(planMergePatch(cartCollection(library), patch)(document.crdt.json()).ops));
    const merged = mergeReference(expected, patch);
    expected = { ...empty, ...(typeof merged === 'object' ? merged : {}) };
  }
  return [document.crdt.json(), expected];
}

describe('merge patches on documents', () => {
  test.each(['yjs', 'automerge'] as const)('[DOOR3] give what RFC 7396 gives on the view, on %s', (library) => {
    fc.assert(
      fc.property(fc.array(mergePatches, { minLength: 1, maxLength: 4 }), (patches) => {
        const [shown, expected] = afterPatches(library, patches);
        expect(shown).toEqual(expected);
      }),
      { numRuns: library === 'yjs' ? 100 : 30 },
    );
  });

  test('the comparison notices an operation that is left out', () => {
    const [shown, expected] = afterPatches('yjs', [{ status: 'open', lines: ['x', 'y'] }], (ops) => ops.slice(0, -1));
    expect(shown).not.toEqual(expected);
  });
});
