// What a device asks of the bytes that a region sends it, before it keeps them.

import { isAnabranchError } from '@anabranch/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { checkAutomergeBytes } from './automerge/index.ts';
import { createDocument } from './create-document.ts';
import type { DocumentOp } from './document-op.ts';
import type { Library } from './schema.ts';
import { codeOf, schema } from './testing/poison.ts';
import { checkYjsBytes } from './yjs/index.ts';

const check: Readonly<Record<Library, (bytes: Uint8Array, isWhole: boolean) => void>> = {
  yjs: checkYjsBytes,
  automerge: checkAutomergeBytes,
};
const edit: fc.Arbitrary<DocumentOp> = fc.oneof(
  fc.record({ op: fc.constant('increment' as const), path: fc.constant('/n'), by: fc.integer({ min: 1, max: 9 }) }),
  fc.record({ op: fc.constant('add' as const), path: fc.constant('/tags'), value: fc.string({ maxLength: 4 }) }),
  fc.record({ op: fc.constant('insert' as const), path: fc.constant('/note'), index: fc.constant(0), text: fc.string({ minLength: 1 }) }),
  fc.record({ op: fc.constant('delete' as const), path: fc.constant('/note'), index: fc.constant(0), length: fc.constant(1) }),
);

/** The updates of a history of two replicas, and what they make. */
function historyOf(library: Library, steps: readonly { readonly at: number; readonly op: DocumentOp }[]) {
  const replicas = [1, 2].map((id) =>
    createDocument({ library, schema }, { yjsClientId: 2 ** 32 + id, automergeActor: `0${id}`.repeat(16) }),
  );
  const updates: Uint8Array[] = [];
  for (const [dot, { at, op }] of steps.entries()) {
    const author = { writer: `w${at}`, dot: dot + 1, hlc: { ms: dot, counter: 0 } };
    let update: Uint8Array | undefined;
    codeOf(() => {
      update = replicas[at]?.edit(author, [op]);
    });
    if (update === undefined) continue;
    updates.push(update);
    // Every third step the other one hears of everything.
    if (dot % 3 === 0) for (const replica of replicas) replica.apply(updates);
  }
  for (const replica of replicas) replica.apply(updates);
  return { updates, state: replicas[0]?.encodeState() ?? new Uint8Array() };
}

describe.each(['yjs', 'automerge'] as const)('%s', (library) => {
  test('[GUARD15] whatever documents make of edits passes, in steps and whole', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ at: fc.nat(1), op: edit }), { maxLength: 20 }), (steps) => {
        const { updates, state } = historyOf(library, steps);
        for (const update of updates) check[library](update, false);
        check[library](state, true);
      }),
      { numRuns: 60, seed: 15 },
    );
  });

  test('[GUARD15] damaged bytes are refused with a code, or a whole document of them can be merged and written out', () => {
    const steps = ['one', 'two', 'three'].map((text, at) => ({ at: at % 2, op: { op: 'insert', path: '/note', index: 0, text } as const }));
    const { state } = historyOf(library, steps);
    let refused = 0;
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(1_000), fc.nat(255)), { minLength: 1, maxLength: 3 }), (damages) => {
        const bytes = Uint8Array.from(state);
        for (const [position, byte] of damages) bytes[position % bytes.length] = byte;
        try {
          check[library](bytes, true);
        } catch (error) {
          expect(isAnabranchError(error)).toBe(true);
          refused += 1;
          return;
        }
        const document = createDocument({ library, schema: 'freeform' }, { yjsClientId: 1, automergeActor: 'ff'.repeat(16) });
        document.apply([bytes]);
        document.json();
        document.encodeState();
      }),
      { numRuns: 400, seed: 16 },
    );
    expect(refused).toBeGreaterThan(100);
  });

  test('[GUARD15] bytes cut short anywhere are refused', () => {
    const { updates, state } = historyOf(library, [{ at: 0, op: { op: 'insert', path: '/note', index: 0, text: 'hello' } }]);
    for (const [bytes, isWhole, boundaries] of [
      // An Automerge update has a chunk for the text, and one for what is written to it.
      [updates[0] ?? new Uint8Array(), false, library === 'automerge' ? 1 : 0],
      [state, true, 0],
    ] as const) {
      const codes = Array.from({ length: bytes.length - 1 }, (_, at) => codeOf(() => check[library](bytes.subarray(0, at + 1), isWhole)));
      expect(codes.filter((code) => code !== 'update_invalid')).toEqual(Array.from({ length: boundaries }, () => 'accepted'));
    }
  });
});

test('[GUARD15] a Yjs document in which much was deleted passes, beyond what one client may claim', () => {
  const doc = new Y.Doc();
  const text = doc.getText('t');
  for (let round = 0; round < 9; round++) {
    text.insert(0, 'x'.repeat(1 << 20));
    text.delete(0, 1 << 20);
  }
  checkYjsBytes(Y.encodeStateAsUpdate(doc), true);
});

/** What editors do: nested types of every kind, marks, deletions of whole branches, by three at once who hear of each other in parts. */
function edited(choices: readonly number[]): Y.Doc[] {
  const docs = [1, 2, 3].map((id) => {
    const doc = new Y.Doc();
    doc.clientID = id;
    return doc;
  });
  for (let at = 0; at + 3 < choices.length; at += 4) {
    const [who = 0, what = 0, where = 0, other = 0] = choices.slice(at, at + 4);
    const [doc, peer] = [docs[who % 3], docs[other % 3]];
    if (doc === undefined || peer === undefined) continue;
    const [text, map, list, xml] = [doc.getText('t'), doc.getMap('m'), doc.getArray('a'), doc.getXmlFragment('x')];
    const acts: Array<() => void> = [
      () => text.insert(where % (text.length + 1), 'ab😀'.slice(0, 1 + (other % 3) + (other % 2)), other % 2 ? { bold: true } : {}),
      () => text.length > 1 && text.delete(where % (text.length - 1), 1),
      () => text.length > 1 && text.format(where % (text.length - 1), 1, { bold: other % 2 ? null : true }),
      () => map.set(`k${where % 3}`, other % 2 ? new Y.Map([['n', new Y.Text('nested')]]) : where),
      () => map.delete(`k${where % 3}`),
      () => list.insert(where % (list.length + 1), [where, new Y.Array(), 'x']),
      () => list.length > 1 && list.delete(where % (list.length - 1), 1),
      () => xml.insert(where % (xml.length + 1), [new Y.XmlElement('p'), new Y.XmlText('q')]),
      () => xml.length > 0 && xml.delete(where % xml.length, 1),
      () => Y.applyUpdate(doc, Y.encodeStateAsUpdate(peer, Y.encodeStateVector(doc))),
    ];
    acts[what % acts.length]?.();
  }
  return docs;
}

test('[GUARD15] whatever editors make of a Yjs document passes, in steps and whole', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(99), { maxLength: 400, size: 'max' }), (choices) => {
      const docs = edited(choices);
      const whole = new Y.Doc();
      for (const doc of docs) {
        const step = Y.encodeStateAsUpdate(doc, Y.encodeStateVector(whole));
        checkYjsBytes(step, false);
        Y.applyUpdate(whole, step);
        checkYjsBytes(Y.encodeStateAsUpdate(doc), true);
        checkYjsBytes(Y.encodeStateAsUpdate(whole), true);
      }
    }),
    { numRuns: 300, seed: 17 },
  );
});
