// Random edits of freeform documents, of which many are refused, some in the middle; and of two that edit concurrently, perhaps the same place
// as something else: a copy that is given their updates stays equal.

import { isAnabranchError, toHex } from '@anabranch/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CrdtDocument } from './crdt-document.ts';
import { createDocument } from './create-document.ts';
import type { DocumentOp } from './document-op.ts';
import { hash } from './testing/cart-replica.ts';

// Few places, and all at their beginnings: most operations are possible, and often take away all that there is.
const path = fc.constantFrom('/a', '/a', '/b');
const op: fc.Arbitrary<DocumentOp> = fc.oneof(
  fc.record({ op: fc.constant('set' as const), path: fc.constantFrom('/a/x', '/b/x'), value: fc.constantFrom<DocumentValue>(1, {}, []) }),
  fc.record({ op: fc.constant('remove' as const), path: fc.constantFrom('/a', '/a/x', '') }),
  fc.record({ op: fc.constant('remove' as const), path, index: fc.constant(0) }),
  fc.record({ op: fc.constant('insert' as const), path, index: fc.constant(0), value: fc.constantFrom<DocumentValue>(7, {}) }),
  fc.record({ op: fc.constant('insert' as const), path, index: fc.constant(0), text: fc.constant('a') }),
  fc.record({ op: fc.constant('delete' as const), path, index: fc.constant(0), length: fc.constant(1) }),
);
type DocumentValue = number | string | Record<string, never> | never[];

/** The update of an edit; none of one that is refused, or changes nothing. */
function editOf(document: CrdtDocument | undefined, ops: readonly DocumentOp[], at: number): readonly Uint8Array[] {
  try {
    const update = document?.edit({ writer: 'w', dot: at + 1, hlc: { ms: 1, counter: 0 } }, ops);
    return update === undefined ? [] : [update];
  } catch (error) {
    if (!isAnabranchError(error)) throw error;
    return [];
  }
}

describe.each(['yjs', 'automerge'] as const)('freeform edits on %s', (library) => {
  const open = (id: number) =>
    createDocument({ library, schema: 'freeform' }, { yjsClientId: 2 ** 32 + id, automergeActor: `0${id}`.repeat(16) });

  test('[MERGE14] that are refused leave the document, its digest and its bytes as they were', () => {
    const edits = fc.array(fc.array(op, { minLength: 1, maxLength: 3 }), { maxLength: 20, size: 'max' });
    fc.assert(
      fc.property(edits, (all) => {
        const [document, copy] = [open(1), open(2)];
        for (const [at, ops] of all.entries()) {
          const before = document.encodeState();
          const made = editOf(document, ops, at);
          if (made.length === 0) expect(document.encodeState()).toEqual(before);
          copy.apply(made);
          expect(copy.hasPending).toBe(false);
          expect(copy.json()).toEqual(document.json());
        }
        expect(copy.digest(hash)).toEqual(document.digest(hash));
      }),
      { numRuns: 400 },
    );
  });

  test('[MERGE19] that are concurrent are shown alike everywhere, and removed whole, also those that begin one place as two things', () => {
    const edits = fc.array(fc.record({ at: fc.nat(1), ops: fc.array(op, { minLength: 1, maxLength: 3 }), isMerged: fc.boolean() }), {
      ...{ maxLength: 20, size: 'max' },
    });
    fc.assert(
      fc.property(edits, (all) => {
        const documents = [open(1), open(2), open(3)];
        const made: Uint8Array[] = [];
        const merge = (): void => {
          for (const document of documents) document.apply(made);
        };
        for (const [n, { at, ops, isMerged }] of all.entries()) {
          made.push(...editOf(documents[at], ops, n));
          if (isMerged) merge();
        }
        merge();
        const restored = open(4);
        restored.apply([documents[0]?.encodeState() ?? new Uint8Array()]);
        const shown = [...documents, restored].map((document) => [document.json(), toHex(document.digest(hash))]);
        for (const each of shown) expect(each).toEqual(shown[0]);
        for (const document of [...documents, restored]) {
          editOf(document, [{ op: 'remove', path: '' }], all.length);
          expect(document.exists()).toBe(false);
        }
      }),
      { numRuns: 300 },
    );
  });

  test('[MERGE14] whose place held something of another kind before are refused with nothing applied', () => {
    const document = open(1);
    const edit = (...ops: DocumentOp[]) => document.edit({ writer: 'w', dot: 1, hlc: { ms: 1, counter: 0 } }, ops);
    if (library === 'automerge') edit({ op: 'set', path: '/text', value: '' }, { op: 'set', path: '/other', value: '' });
    edit({ op: 'insert', path: '/text', index: 0, text: 'abc' });
    edit({ op: 'delete', path: '/text', index: 0, length: 3 });
    const [view, state] = [document.json(), document.encodeState()];
    const other: DocumentOp = { op: 'insert', path: '/other', index: 0, text: 'x' };
    expect(() => edit(other, { op: 'insert', path: '/text', index: 0, value: 1 })).toThrow();
    expect([document.json(), document.encodeState()]).toEqual([view, state]);
  });
});
