import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { UnsyncedChanges } from './unsynced-changes.ts';

/** A document and the update of each edit of it. */
function writer(): { readonly doc: Y.Doc; insert(text: string): Uint8Array; delete(): Uint8Array; readonly stateVector: Uint8Array } {
  const doc = new Y.Doc();
  let last = new Uint8Array();
  doc.on('update', (update: Uint8Array) => {
    last = Uint8Array.from(update);
  });
  return {
    doc,
    insert: (text) => {
      doc.getText('body').insert(0, text);
      return last;
    },
    delete: () => {
      doc.getText('body').delete(0, 1);
      return last;
    },
    get stateVector() {
      return Y.encodeStateVector(doc);
    },
  };
}

describe('what a provider counts', () => {
  test('is all it had at step 1 as one, and each update after', () => {
    const [unsynced, edits] = [new UnsyncedChanges(), writer()];
    edits.insert('before');
    unsynced.begin(edits.stateVector);
    const after = edits.insert('after');
    expect(unsynced.kept(after, unsynced.round)).toBe(1);
    expect(unsynced.answerKept(unsynced.takeAnswer())).toEqual({ changes: 1, isFirst: true });
    expect(unsynced.kept(edits.delete(), unsynced.round)).toBe(1);
  });

  test('is not what it made while it was offline, and sends after step 1', () => {
    const [unsynced, edits] = [new UnsyncedChanges(), writer()];
    const offline = edits.insert('offline');
    unsynced.begin(edits.stateVector);
    const after = edits.insert('after');
    expect([unsynced.kept(offline, unsynced.round), unsynced.kept(after, unsynced.round)]).toEqual([0, 1]);
  });

  test('of updates that only delete is told with the answer', () => {
    const [unsynced, edits] = [new UnsyncedChanges(), writer()];
    edits.insert('before');
    const deletes = edits.delete();
    unsynced.begin(edits.stateVector);
    expect([unsynced.kept(deletes, unsynced.round), unsynced.kept(edits.delete(), unsynced.round)]).toEqual([0, 0]);
    expect(unsynced.answerKept(unsynced.takeAnswer())).toEqual({ changes: 3, isFirst: true });
  });

  test('begins anew with the next step 1: nothing of the round before is told in it', () => {
    const [unsynced, edits] = [new UnsyncedChanges(), writer()];
    unsynced.begin(edits.stateVector);
    const update = edits.insert('a');
    const { round } = unsynced;
    unsynced.asked();
    const early = unsynced.takeAnswer();
    unsynced.begin(edits.stateVector);
    unsynced.asked();
    expect([unsynced.kept(update, round), unsynced.answerKept(early)]).toEqual([0, { changes: 0, isFirst: false }]);
    unsynced.begin(edits.stateVector);
    unsynced.asked();
    // The answer to the second round's question, in the third.
    expect(unsynced.answerKept(unsynced.takeAnswer())).toEqual({ changes: 0, isFirst: false });
    expect(unsynced.answerKept(unsynced.takeAnswer())).toEqual({ changes: 1, isFirst: true });
  });

  test('is told with the next answer when an update was not kept; one question is asked for many', () => {
    const [unsynced, edits] = [new UnsyncedChanges(), writer()];
    unsynced.begin(edits.stateVector);
    unsynced.asked();
    const asked = ['a', 'b', 'c'].map((text) => unsynced.missed(edits.insert(text), unsynced.round));
    expect(asked).toEqual([true, false, false]);
    const first = unsynced.takeAnswer();
    expect(unsynced.answerKept(first)).toEqual({ changes: 1, isFirst: true });
    const second = unsynced.takeAnswer();
    expect(unsynced.answerMissed(second)).toBe(true);
    expect(unsynced.answerKept(unsynced.takeAnswer())).toEqual({ changes: 3, isFirst: false });
  });

  test('is told with the answer to the question that begins the round, when that is not asked yet', () => {
    const [unsynced, edits] = [new UnsyncedChanges(), writer()];
    unsynced.begin(edits.stateVector);
    expect(unsynced.missed(edits.insert('a'), unsynced.round)).toBe(false);
    unsynced.begin(edits.stateVector);
    expect(unsynced.missed(edits.insert('b'), unsynced.round)).toBe(false);
    unsynced.asked();
    expect(unsynced.answerKept(unsynced.takeAnswer())).toEqual({ changes: 2, isFirst: true });
  });

  test('is every update when the state vector is too large to keep, or the update cannot be read', () => {
    const [unsynced, edits] = [new UnsyncedChanges(), writer()];
    const update = edits.insert('offline');
    unsynced.begin(new Uint8Array(5_000));
    expect(unsynced.kept(update, unsynced.round)).toBe(1);
    unsynced.begin(edits.stateVector);
    unsynced.asked();
    unsynced.missed(Uint8Array.of(1, 255), unsynced.round);
    unsynced.takeAnswer();
    expect(unsynced.answerKept(unsynced.takeAnswer()).changes + unsynced.answerKept(unsynced.takeAnswer()).changes).toBe(2);
  });
});
