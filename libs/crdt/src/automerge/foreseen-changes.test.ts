// What is foreseen must be what the rehearsal would have found: random changes, most of them wrong in one way or another,
// against documents with all that may stand at a place: nothing, one value, several, a counter, what was deleted.

import { concatBytes } from '@anabranch/base';
import * as Automerge from '@automerge/automerge';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDocument } from '../create-document.ts';
import { examineUpdate } from '../inspect-update.ts';
import type { InspectionFinding } from '../inspection-case.ts';
import { hash } from '../testing/cart-replica.ts';
import { accept, codeOf, identity, verdict } from '../testing/poison.ts';
import { AutomergeDocument } from './automerge-document.ts';
import type { AutomergeHandle } from './automerge-handle.ts';
import { ChangeTable } from './change-table.ts';
import { areForeseen } from './foreseen-changes.ts';

const aa = 'aa'.repeat(16);
const bb = 'bb'.repeat(16);
const cc = 'cc'.repeat(16);
const dd = 'dd'.repeat(16);

interface Content {
  [key: string]: unknown;
  k: number;
  s: string;
  m: Record<string, unknown>;
  l: unknown[];
  n?: Automerge.Counter;
}

/** Values, conflicts, a counter, tombstones in a map, a list and a text, an item and a character written over. */
function richDoc(): Automerge.Doc<Content> {
  const first = Automerge.from<Content>(
    { k: 1, s: 'abcdef', m: { x: 1, gone: 2, deep: { y: 'z' } }, l: [1, { o: 1 }, 3, 4, 'five'] },
    { actor: aa },
  );
  let mine = Automerge.change(first, { time: 0 }, (doc) => {
    doc.k = 2;
    doc.n = new Automerge.Counter(3);
    doc.l[2] = 'over';
    doc.l.splice(3, 1);
    delete doc.m['gone'];
    Automerge.splice(doc, ['s'], 1, 2, 'XY');
  });
  const other = Automerge.change(Automerge.clone(first, { actor: cc }), { time: 0 }, (doc) => {
    doc.k = 3;
    doc.m['x'] = 'concurrent';
    Automerge.splice(doc, ['s'], 1, 0, 'ZZ');
  });
  mine = Automerge.change(mine, { time: 0 }, (doc) => {
    doc.m['x'] = 5;
  });
  const merged = Automerge.merge(mine, other);
  const handle = Automerge.getBackend(merged);
  handle.put(String(handle.getWithType('_root', 's')?.[1]), 5, 'O', 'str');
  handle.commit(null, 0);
  return Automerge.load(handle.save());
}

const rich = richDoc();
const state = Automerge.save(rich);
const history = Automerge.getAllChanges(rich);
const decodedHistory = history.map(Automerge.decodeChange);
const heads = Automerge.getHeads(rich).sort();
const maxOpOf = (hashes: readonly string[]): number =>
  Math.max(...decodedHistory.filter((change) => hashes.includes(change.hash)).map((change) => change.startOp + change.ops.length - 1));
/** Every operation of the history, and some that never were. */
const ids = [
  ...decodedHistory.flatMap((change) => change.ops.map((_, i) => `${change.startOp + i}@${change.actor}`)),
  `999@${aa}`,
  `1@${'ee'.repeat(16)}`,
];
const made = decodedHistory.flatMap((change) =>
  change.ops.flatMap((op, i) => (op.action.startsWith('make') ? [`${change.startOp + i}@${change.actor}`] : [])),
);

function open(): { document: AutomergeDocument; handle: AutomergeHandle } {
  const document = createDocument({ library: 'automerge', schema: 'freeform' }, identity);
  if (!(document instanceof AutomergeDocument)) throw new Error('not Automerge');
  document.apply([state]);
  return { document, handle: Automerge.getBackend(Automerge.load(state)) };
}

const isForeseen = (handle: AutomergeHandle, ...changes: Uint8Array[]): boolean =>
  areForeseen({ handle, table: new ChangeTable() }, changes.map(Automerge.decodeChange));

/** For a deep run: how many times as many changes as an everyday run tries. */
const depth = Number(process.env['ANABRANCH_TEST_DEPTH'] ?? 1);

describe('ordinary changes are foreseen', () => {
  const client = Automerge.clone(rich, { actor: bb });
  const changeBy = (work: (doc: Content) => void, from = client): Uint8Array =>
    Automerge.getLastLocalChange(Automerge.change(Automerge.clone(from, { actor: bb }), work)) ?? new Uint8Array();

  test.each<[string, (doc: Content) => void]>([
    ['a typed character', (doc) => Automerge.splice(doc, ['s'], 3, 0, 'q')],
    ['a deleted character', (doc) => Automerge.splice(doc, ['s'], 0, 1, '')],
    ['a new key', (doc) => Object.assign(doc, { fresh: 1 })],
    ['a changed key, and a deleted one', (doc) => Object.assign(doc.m, { deep: 1 })],
    ['a removed item', (doc) => void doc.l.splice(0, 1)],
    ['a replaced item, and one behind it', (doc) => void doc.l.splice(0, 1, 'x', 'y')],
    ['a nested object with content', (doc) => Object.assign(doc, { fresh: { a: ['b', { c: 'd' }] } })],
    ['an item put in front', (doc) => void doc.l.unshift('x', 'y')],
  ])('%s', (_, work) => {
    expect(isForeseen(open().handle, changeBy(work))).toBe(true);
  });

  test.each<[string, (doc: Content) => void]>([
    ['a conflict that is resolved', (doc) => Object.assign(doc, { k: 9 })],
    ['a counter that is incremented', (doc) => doc.n?.increment(1)],
    ['a counter that is replaced', (doc) => Object.assign(doc, { n: 1 })],
    ['what follows an overwritten item', (doc) => void doc.l.splice(3, 0, 'x')],
    ['what follows an overwritten character', (doc) => Automerge.splice(doc, ['s'], 6, 0, 'x')],
  ])('%s is not, and accepted all the same', (_, work) => {
    const { document, handle } = open();
    const change = changeBy(work);
    expect(isForeseen(handle, change)).toBe(false);
    expect(verdict(document, change)).toBe('accepted');
  });

  test('several in a row, and one of a client that is behind', () => {
    let typing = Automerge.clone(rich, { actor: bb });
    const before = typing;
    for (const char of 'word') typing = Automerge.change(typing, (doc) => Automerge.splice(doc, ['s'], doc.s.length, 0, char));
    expect(isForeseen(open().handle, ...Automerge.getChanges(before, typing))).toBe(true);
    const behind = Automerge.applyChanges(Automerge.init<Content>(), history.slice(0, 1))[0];
    const late = changeBy((doc) => Object.assign(doc, { k: 7, fresh: 1 }), behind);
    expect(isForeseen(open().handle, late)).toBe(true);
  });
});

const wild = {
  object: fc.oneof(fc.constantFrom('_root', ...made), fc.constantFrom(...ids)),
  place: fc.oneof(fc.constantFrom('k', 'x', '_head'), fc.constantFrom(...ids), fc.nat(4)),
};
const likely = fc.oneof(
  fc.record({ object: fc.constant('_root'), place: fc.constantFrom('k', 's', 'm', 'n', 'fresh') }),
  fc.record({ object: fc.constant(idOf('m')), place: fc.constantFrom('x', 'gone', 'deep', 'fresh') }),
  ...['l', 's'].map((key) =>
    fc.record({
      object: fc.constant(idOf(key)),
      place: fc.oneof(fc.constant('_head'), fc.constantFrom(...elementsOf(idOf(key))), fc.nat(4)),
    }),
  ),
);
const opDrawing = fc.record({
  action: fc.constantFrom('set', 'set', 'set', 'del', 'makeMap', 'makeText', 'makeList', 'inc'),
  target: fc.oneof({ weight: 8, arbitrary: likely }, { weight: 1, arbitrary: fc.record(wild) }),
  isInsert: fc.boolean(),
  /** What the operation says it replaces: what stands there, nothing, or anything (own operations as numbers). */
  pred: fc.oneof(
    { weight: 8, arbitrary: fc.constant('standing' as const) },
    { weight: 1, arbitrary: fc.constant('none' as const) },
    { weight: 1, arbitrary: fc.array(fc.oneof(fc.constantFrom(...ids), fc.nat(4)), { minLength: 1, maxLength: 2 }) },
  ),
  value: fc.constantFrom(1, 'v', '', 'two', true, null),
});
type DrawnOp = typeof opDrawing extends fc.Arbitrary<infer Drawn> ? Drawn : never;

function opOf({ action, target: { object, place }, isInsert, pred, value }: DrawnOp, base: string[], handle: AutomergeHandle): object {
  const own = (id: string | number): string => (typeof id === 'number' ? `${maxOpOf(base) + 1 + id}@${bb}` : id);
  const at = own(place);
  const isElement = at === '_head' || at.includes('@');
  const standing = pred === 'standing' && !(isElement && isInsert) ? standingAt(handle, object, at, base) : [];
  return {
    action,
    obj: object,
    ...(isElement ? { elemId: at, insert: isInsert } : { key: at }),
    pred: typeof pred === 'string' ? standing : pred.map(own),
    ...(action === 'set' && { value }),
    ...(action === 'inc' && { value: 1 }),
  };
}

/** The change, or undefined when the library's own encoder refuses it. */
function changeOf(drawn: readonly DrawnOp[], base: string[], handle: AutomergeHandle, actor = bb): Uint8Array | undefined {
  const ops = drawn.map((op) => opOf(op, base, handle)) as Automerge.DecodedChange['ops'];
  const startOp = maxOpOf(base) + 1;
  try {
    return Automerge.encodeChange({ actor, author: null, seq: 1, startOp, time: 0, message: null, deps: base, ops });
  } catch {
    return undefined;
  }
}

/** What the rehearsal would have found out. */
function expectToMerge(...changes: Uint8Array[]): void {
  const copy = open().document;
  for (const change of changes) copy.apply([change]);
  expect(copy.hasPending).toBe(false);
  const again = createDocument({ library: 'automerge', schema: 'freeform' }, identity);
  again.apply([copy.encodeState()]);
  expect(again.digest(hash)).toEqual(copy.digest(hash));
}

test('[GUARD1] [GUARD7] foreseen changes merge without an error, and the document loads again', () => {
  const { document, handle } = open();
  let [foreseenCount, rehearsedCount, refusedCount] = [0, 0, 0];
  const deps = fc.constantFrom(heads, heads, heads, ...decodedHistory.map((change) => [change.hash]));
  fc.assert(
    fc.property(deps, fc.array(opDrawing, { minLength: 1, maxLength: 4 }), (base, drawn) => {
      const change = changeOf(drawn, base, handle);
      if (change === undefined) return;
      if (verdict(document, change) !== 'accepted') refusedCount++;
      else if (!isForeseen(handle, change)) rehearsedCount++;
      else {
        foreseenCount++;
        expectToMerge(change);
      }
    }),
    { numRuns: 400 * depth },
  );
  for (const count of [foreseenCount, rehearsedCount, refusedCount]) expect(count).toBeGreaterThan(10);
});

test('[GUARD1] so do those at every place where anything ever stood', () => {
  const { document, handle } = open();
  let foreseenCount = 0;
  for (const object of ['_root', ...made]) {
    for (const place of ids) {
      for (const [action, isInsert] of [
        ['set', false],
        ['set', true],
        ['del', false],
      ] as const) {
        const pred = isInsert ? [] : [place];
        const change = changeOf([{ action, target: { object, place }, isInsert, pred, value: 'v' }], heads, handle);
        if (change === undefined || !isForeseen(handle, change) || verdict(document, change) !== 'accepted') continue;
        foreseenCount++;
        expectToMerge(change);
      }
    }
  }
  expect(foreseenCount).toBeGreaterThan(20);
});

const actor = identity.automergeActor;
const examine = (update: Uint8Array): InspectionFinding => examineUpdate({ state, actor, isTyped: false, update }, () => undefined);

test('[GUARD10] what another thread found sound merges, whatever was merged meanwhile', () => {
  const { handle, document } = open();
  const drawing = fc.tuple(
    fc.constantFrom(heads, heads, ...decodedHistory.map((change) => [change.hash])),
    fc.array(opDrawing, { minLength: 1, maxLength: 3 }),
  );
  let soundCount = 0;
  fc.assert(
    fc.property(drawing, drawing, ([base, drawn], [otherBase, otherDrawn]) => {
      const change = changeOf(drawn, base, handle);
      const meanwhile = changeOf(otherDrawn, otherBase, handle, dd);
      if (change === undefined || meanwhile === undefined || verdict(document, meanwhile) !== 'accepted') return;
      const finding = examine(change);
      if (!finding.isSound) return;
      soundCount++;
      const copy = open().document;
      copy.apply([meanwhile]);
      accept(copy, finding);
      expectToMerge(meanwhile, change);
    }),
    { numRuns: 400 * depth },
  );
  expect(soundCount).toBeGreaterThan(20);
});

test('[GUARD1] a change that names what is written meanwhile is refused', () => {
  const startOp = maxOpOf(heads) + 1;
  const foretold = `${startOp}@${dd}`;
  const guessing = (op: object): Uint8Array =>
    Automerge.encodeChange({
      ...{ actor: bb, author: null, seq: 1, startOp, time: 0, message: null, deps: heads },
      ops: [op] as Automerge.DecodedChange['ops'],
    });
  const list = idOf('l');
  for (const op of [
    { action: 'set', obj: '_root', key: 'k', value: 1, pred: [foretold] },
    { action: 'set', obj: list, elemId: foretold, insert: true, value: 1, pred: [] },
    { action: 'del', obj: list, elemId: foretold, pred: [foretold] },
    { action: 'set', obj: foretold, key: 'k', value: 1, pred: [] },
  ]) {
    expect(examine(guessing(op))).toMatchObject({ isSound: false, code: 'update_invalid' });
    expect(verdict(open().document, guessing(op))).toBe('update_invalid');
  }
});

test('[GUARD10] a part is accepted only where its history fits', () => {
  const first = Automerge.change(Automerge.clone(rich, { actor: bb }), (doc) => Object.assign(doc, { a: 1 }));
  const second = Automerge.change(first, (doc) => Object.assign(doc, { a: 2 }));
  const [one = new Uint8Array(), two = new Uint8Array()] = Automerge.getChanges(rich, second);
  const finding = examine(concatBytes([one, two]));
  const { document } = open();
  accept(document, finding);
  // Once more, now that the document holds all of it.
  accept(document, finding);
  const late: InspectionFinding = finding.isSound
    ? { isSound: true, parts: finding.parts.map((part) => ({ ...part, changes: part.changes.slice(1), update: two })) }
    : finding;
  expect(codeOf(() => accept(open().document, late))).toBe('update_incomplete');
  const other = Automerge.change(Automerge.clone(rich, { actor: bb }), (doc) => Object.assign(doc, { b: 1 }));
  document.apply([]);
  const forked = open().document;
  forked.apply([Automerge.getLastLocalChange(other) ?? new Uint8Array()]);
  expect(codeOf(() => accept(forked, finding))).toBe('update_invalid');
});

function idOf(key: string): string {
  return String(open().handle.getWithType('_root', key)?.[1]);
}

/** Every element ever inserted into a list or text. */
function elementsOf(object: string): string[] {
  return decodedHistory.flatMap((change) =>
    change.ops.flatMap((op, i) => (op.obj === object && 'insert' in op ? [`${change.startOp + i}@${change.actor}`] : [])),
  );
}

/** The operations whose values stand at a place. */
function standingAt(handle: AutomergeHandle, object: string, place: string, at: string[]): string[] {
  try {
    const elements = place.includes('@') ? Array.from({ length: handle.length(object, at) }, (_, i) => i) : [];
    const prop = place.includes('@') ? elements.find((i) => handle.getAll(object, i, at).some((value) => value.at(-1) === place)) : place;
    if (prop === undefined) return [];
    return handle.getAll(object, prop, at).map((value) => String(value.at(-1)));
  } catch {
    return [];
  }
}
