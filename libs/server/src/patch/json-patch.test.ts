import type { Clock, JsonObject, JsonValue } from '@anabranch/base';
import { AnabranchError } from '@anabranch/base';
import { ManualClock } from '@anabranch/base/testing';
import type { DocumentOp } from '@anabranch/crdt';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CartDocument, cartCollection } from '../testing/cart-collection.ts';
import { type JsonPatchEntry, planJsonPatch } from './json-patch.ts';
import type { PlannedOps } from './patch-plan.ts';

const start: readonly DocumentOp[] = [
  { op: 'increment', path: '/items/sku-1/qty', by: 2 },
  { op: 'set', path: '/items/sku-1/name', value: 'Lantern' },
  { op: 'add', path: '/coupons', value: 'A' },
  { op: 'add', path: '/coupons', value: 'B' },
  { op: 'set', path: '/status', value: { step: 1, by: ['x', 'y'] } },
  { op: 'insert', path: '/lines', index: 0, value: 'l0' },
  { op: 'insert', path: '/lines', index: 1, value: { l: 1 } },
  { op: 'insert', path: '/lines', index: 2, value: 'l2' },
  { op: 'insert', path: '/note', index: 0, text: 'note' },
  { op: 'set', path: '/labels/k1', value: 'v1' },
];

function started(library: 'yjs' | 'automerge' = 'yjs'): CartDocument {
  const document = new CartDocument(library);
  document.edit(...start);
  return document;
}

function plan(entries: readonly JsonPatchEntry[], view: JsonObject = started().crdt.json()): PlannedOps {
  return planJsonPatch(cartCollection('yjs'), entries, new ManualClock())(view);
}

/** Every look at it takes a millisecond. */
function passingClock(): Pick<Clock, 'monotonicMs'> {
  let ms = 0;
  return { monotonicMs: () => ms++ };
}

describe('a JSON patch becomes operations', () => {
  test.each<[string, JsonPatchEntry, readonly DocumentOp[]]>([
    ['add of a list item', { op: 'add', path: '/lines/1', value: 'n' }, [{ op: 'insert', path: '/lines', index: 1, value: 'n' }]],
    ['add at the end of a list', { op: 'add', path: '/lines/-', value: 'n' }, [{ op: 'insert', path: '/lines', index: 3, value: 'n' }]],
    ['remove of a list item', { op: 'remove', path: '/lines/2' }, [{ op: 'remove', path: '/lines', index: 2 }]],
    [
      'replace of a list item',
      { op: 'replace', path: '/lines/0', value: 'n' },
      [
        { op: 'remove', path: '/lines', index: 0 },
        { op: 'insert', path: '/lines', index: 0, value: 'n' },
      ],
    ],
    ['move within a list', { op: 'move', from: '/lines/0', path: '/lines/2' }, [{ op: 'move', path: '/lines', from: 0, to: 2 }]],
    ['move to the end of a list', { op: 'move', from: '/lines/0', path: '/lines/-' }, [{ op: 'move', path: '/lines', from: 0, to: 2 }]],
    ['add to a set', { op: 'add', path: '/coupons/-', value: 'C' }, [{ op: 'add', path: '/coupons', value: 'C' }]],
    ['add of an element a set has', { op: 'add', path: '/coupons/-', value: 'A' }, []],
    ['remove of a set element', { op: 'remove', path: '/coupons/1' }, [{ op: 'remove', path: '/coupons', value: 'B' }]],
    ['replace of a register', { op: 'replace', path: '/status', value: 7 }, [{ op: 'set', path: '/status', value: 7 }]],
    [
      'replace inside a register',
      { op: 'replace', path: '/status/by/0', value: 'z' },
      [{ op: 'set', path: '/status', value: { step: 1, by: ['z', 'y'] } }],
    ],
    ['remove of a register', { op: 'remove', path: '/status' }, [{ op: 'clear', path: '/status' }]],
    ['remove of a map key', { op: 'remove', path: '/items/sku-1' }, [{ op: 'remove', path: '/items/sku-1' }]],
    ['remove of the document', { op: 'remove', path: '' }, [{ op: 'remove', path: '' }]],
    ['a flag', { op: 'replace', path: '/gift', value: true }, [{ op: 'enable', path: '/gift' }]],
    ['a bounded counter that keeps its value', { op: 'replace', path: '/stock', value: 0 }, []],
    ['a counter that keeps its value', { op: 'replace', path: '/items/sku-1/qty', value: 2 }, []],
    ['copy', { op: 'copy', from: '/labels/k1', path: '/labels/k2' }, [{ op: 'set', path: '/labels/k2', value: 'v1' }]],
    [
      'move between map keys',
      { op: 'move', from: '/labels/k1', path: '/labels/k2' },
      [
        { op: 'remove', path: '/labels/k1' },
        { op: 'set', path: '/labels/k2', value: 'v1' },
      ],
    ],
    ['test', { op: 'test', path: '/status/by', value: ['x', 'y'] }, []],
    ['test with members in another order', { op: 'test', path: '/status', value: { by: ['x', 'y'], step: 1 } }, []],
  ])('[DOOR4] %s', (_, entry, ops) => {
    expect(plan([entry]).ops).toEqual(ops);
  });

  test.each<[string, JsonPatchEntry, string]>([
    ['a test that does not hold', { op: 'test', path: '/status/step', value: 2 }, 'patch_test_failed'],
    ['a bounded counter set to a number', { op: 'replace', path: '/stock', value: 3 }, 'type_mismatch'],
    ['a counter set to a number', { op: 'replace', path: '/items/sku-1/qty', value: 3 }, 'type_mismatch'],
    ['a map key below which there is nothing', { op: 'add', path: '/items/sku-9', value: {} }, 'value_invalid'],
    ['a path the schema lacks', { op: 'add', path: '/colour', value: 3 }, 'path_unknown'],
    ['a path that is no pointer', { op: 'add', path: 'status', value: 3 }, 'op_invalid'],
    ['a pointer with a bad escape', { op: 'add', path: '/labels/~2', value: 3 }, 'op_invalid'],
    ['replace of a map key that is not there', { op: 'replace', path: '/labels/k9', value: 3 }, 'path_unknown'],
    ['remove of a map key that is not there', { op: 'remove', path: '/labels/k9' }, 'path_unknown'],
    ['add below a map key that is not there', { op: 'add', path: '/items/sku-9/name', value: 'x' }, 'path_unknown'],
    ['a position beyond the list', { op: 'add', path: '/lines/4', value: 'x' }, 'index_out_of_range'],
    ['removing behind the last item', { op: 'remove', path: '/lines/3' }, 'index_out_of_range'],
    ['replacing the end of a list', { op: 'replace', path: '/lines/-', value: 1 }, 'index_out_of_range'],
    ['a position with a leading zero', { op: 'remove', path: '/lines/01' }, 'index_out_of_range'],
    ['a position that is no number', { op: 'remove', path: '/lines/x' }, 'index_out_of_range'],
    ['a move into itself', { op: 'move', from: '/status', path: '/status/in' }, 'op_invalid'],
    ['a path into a text', { op: 'add', path: '/note/0', value: 'x' }, 'path_unknown'],
    ['a property of every object', { op: 'test', path: '/labels/toString', value: null }, 'path_unknown'],
    ['a path into a register that keeps all values', { op: 'add', path: '/rivals/0', value: 'x' }, 'type_mismatch'],
  ])('[DOOR4] %s is refused', (_, entry, code) => {
    const error = refusalOf(() => plan([{ op: 'test', path: '/gift', value: false }, entry]));
    expect(error).toMatchObject({ code, details: { opIndex: 1 } });
    expect(error.details['path']).toBeTypeOf('string');
  });

  test('[DOOR4] entries see what the ones before them did, and are named by the operations they made', () => {
    const { ops, entryOf } = plan([
      { op: 'add', path: '/lines/0', value: 'first' },
      { op: 'test', path: '/lines/0', value: 'first' },
      { op: 'replace', path: '/lines/1', value: 'second' },
      { op: 'add', path: '/labels/k2', value: 'v2' },
      { op: 'replace', path: '/labels/k2', value: 'v3' },
    ]);
    expect(ops).toHaveLength(5);
    expect(entryOf).toEqual([0, 2, 2, 3, 4]);
  });

  test('[DOOR4] planning leaves the view as it was', () => {
    const view = started().crdt.json();
    const before = JSON.stringify(view);
    plan(
      [
        { op: 'add', path: '/lines/0', value: 1 },
        { op: 'remove', path: '/labels/k1' },
        { op: 'add', path: '/status/new', value: 1 },
      ],
      view,
    );
    expect(JSON.stringify(view)).toBe(before);
  });
});

function refusalOf(act: () => unknown): AnabranchError {
  try {
    act();
  } catch (error) {
    if (error instanceof AnabranchError) return error;
  }
  throw new Error('nothing was refused');
}

const scalar = fc.oneof(fc.constantFrom('x', 'y', ''), fc.integer({ min: -2, max: 2 }), fc.boolean(), fc.constant(null));
const list = fc.array(scalar, { maxLength: 4 });
const index = fc.constantFrom('0', '1', '2', '3', '-');
const writes = fc.oneof(
  fc.tuple(fc.constantFrom('/status', '/rivals', '/labels/k1', '/labels/k2', '/status/a', '/items/sku-1/name'), scalar),
  fc.tuple(fc.constantFrom('/status'), fc.dictionary(fc.constantFrom('a', 'b'), scalar)),
  fc.tuple(fc.constantFrom('/coupons', '/lines', '/items/sku-1/tags'), list),
  fc.tuple(
    index.map((at) => `/lines/${at}`),
    scalar,
  ),
  fc.tuple(
    index.map((at) => `/coupons/${at}`),
    scalar,
  ),
  fc.tuple(fc.constant('/note'), fc.string({ unit: 'grapheme', maxLength: 5 })),
  fc.tuple(fc.constant('/gift'), fc.boolean()),
  fc.tuple(fc.constant('/labels'), fc.dictionary(fc.constantFrom('k1', 'k2', 'k3'), scalar)),
  fc.tuple(fc.constantFrom('/items/sku-1', '/items/sku-2'), fc.record({ name: scalar, tags: list })),
);
const paths = fc.oneof(
  fc.constantFrom(
    '/status',
    '/labels/k1',
    '/labels/k2',
    '/labels',
    '/items/sku-1',
    '/items/sku-2',
    '/note',
    '/coupons',
    '/lines',
    '/gift',
    '',
  ),
  index.map((at) => `/lines/${at}`),
  index.map((at) => `/coupons/${at}`),
);
const entry: fc.Arbitrary<JsonPatchEntry> = fc.oneof(
  fc.tuple(fc.constantFrom('add' as const, 'replace' as const), writes).map(([op, [path, value]]) => ({ op, path, value })),
  paths.map((path) => ({ op: 'remove' as const, path })),
  fc.tuple(index, index).map(([from, to]) => ({ op: 'move' as const, from: `/lines/${from}`, path: `/lines/${to}` })),
  fc.tuple(fc.constantFrom('move' as const, 'copy' as const), paths, paths).map(([op, from, path]) => ({ op, from, path })),
);

/** Drops the entries that are refused, one after the other, as a client would that asks for each. */
function acceptable(entries: readonly JsonPatchEntry[], view: JsonObject): JsonPatchEntry[] {
  const accepted: JsonPatchEntry[] = [];
  for (const candidate of entries) {
    try {
      plan([...accepted, candidate], view);
      accepted.push(candidate);
    } catch (error) {
      if (!(error instanceof AnabranchError)) throw error;
    }
  }
  return accepted;
}

/** Whether the patch thinks that the document now shows what it shows. */
function agrees(entries: readonly JsonPatchEntry[], before: JsonObject, shown: JsonValue): boolean {
  try {
    plan([...entries, { op: 'test', path: '', value: shown }], before);
    return true;
  } catch (error) {
    if (error instanceof AnabranchError && error.code === 'patch_test_failed') return false;
    throw error;
  }
}

describe('JSON patches on documents', () => {
  test.each(['yjs', 'automerge'] as const)('[DOOR4] the operations of a patch give the view the patch gives, on %s', (library) => {
    fc.assert(
      fc.property(fc.array(entry, { minLength: 1, maxLength: 6 }), (candidates) => {
        const document = started(library);
        const before = document.crdt.json();
        const entries = acceptable(candidates, before);
        document.edit(...plan(entries, before).ops);
        expect(agrees(entries, before, document.crdt.json())).toBe(true);
      }),
      { numRuns: library === 'yjs' ? 150 : 40 },
    );
  });

  test('the comparison notices an operation that is left out', () => {
    const document = started();
    const before = document.crdt.json();
    const entries: JsonPatchEntry[] = [{ op: 'replace', path: '/lines/0', value: 'n' }];
    document.edit(...plan(entries, before).ops.slice(1));
    expect(agrees(entries, before, document.crdt.json())).toBe(false);
  });

  test('[GUARD6] one that takes long to work out is refused, however few bytes it has', () => {
    const entries = (length: number) => Array.from({ length }, (): JsonPatchEntry => ({ op: 'copy', from: '/note', path: '/note' }));
    const planOf = (length: number) => () => planJsonPatch(cartCollection('yjs'), entries(length), passingClock())(started().crdt.json());
    expect(planOf(150)().ops).toEqual([]);
    expect(planOf(1_000)).toThrow('send it in parts');
  });

  test.each([
    ['one entry', 1],
    ['all entries together', 900],
  ])('[GUARD6] more operations than an edit may have are not made: by %s', (_name, count) => {
    const half = Array.from({ length: 100_000 / count }, (_, i) => i);
    const view = { ...started().crdt.json(), lines: half };
    const entries = Array.from({ length: count }, (_, at): JsonPatchEntry => {
      return { op: 'replace', path: '/lines', value: half.map((i) => (at % 2 === 0 ? -1 - i : i)) };
    });
    expect(() => plan(entries, view)).toThrow('an edit has at most 1000 operations');
  });

  test('[GUARD6] a value that is copied into itself again and again grows no further than a value may', () => {
    const copies = Array.from({ length: 30 }, (_, i): JsonPatchEntry => {
      return { op: 'copy', from: '/status', path: i % 2 === 0 ? '/status/a' : '/status/b' };
    });
    expect(() => plan([...copies, { op: 'test', path: '/status', value: 1 }])).toThrow('the value is too large');
  });

  test('[GUARD6] copies of one value come to no more than a patch may write', () => {
    const copies = Array.from({ length: 100 }, (_, i): JsonPatchEntry => ({ op: 'copy', from: '/status', path: `/labels/k${i}` }));
    const large: JsonPatchEntry = { op: 'add', path: '/status', value: 'x'.repeat(250_000) };
    expect(plan([large, ...copies.slice(0, 50)]).ops.length).toBe(51);
    expect(() => plan([large, ...copies])).toThrow('send it in parts');
  });
});
