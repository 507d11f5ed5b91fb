// Changes that are well formed and mean no good. Each was seen to make the library panic, a document unreadable or a region
// busy for seconds when it was taken.

import { concatBytes, encodeUtf8 } from '@anabranch/base';
import * as Automerge from '@automerge/automerge';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDocument } from '../create-document.ts';
import { inspectUpdate } from '../inspect-update.ts';
import { inspectionLimits } from '../inspection-limits.ts';
import { hash } from '../testing/cart-replica.ts';
import { bytes, identity, raw, schema, verdict } from '../testing/poison.ts';
import { AutomergeDocument } from './automerge-document.ts';
import { CausalPast } from './causal-past.ts';
import { chunkTypes, LebReader, splitChunks } from './chunks.ts';
import { entriesId, firstActor, firstChange, textActorOf, textCreation, textsId } from './first-change.ts';

const actors = { a: 'aa'.repeat(16), b: 'bb'.repeat(16), c: 'cc'.repeat(16) } as const;

interface Drawn {
  readonly actor: string;
  readonly seq?: number;
  readonly startOp: number;
  readonly deps?: readonly string[];
  readonly ops: readonly object[];
}

function changeOf({ actor, seq = 1, startOp, deps = [], ops }: Drawn): Uint8Array {
  const decoded = { actor, author: null, seq, startOp, time: 0, message: null, deps: [...deps].sort() };
  return Automerge.encodeChange({ ...decoded, ops: ops as Automerge.DecodedChange['ops'] });
}

const set = (key: string, value: unknown = 1): object => ({ action: 'set', obj: '_root', key, value, pred: [] });
const hashOf = (change: Uint8Array): string => Automerge.decodeChange(change).hash;

function holding(...changes: Uint8Array[]): AutomergeDocument {
  const document = createDocument({ library: 'automerge', schema: 'freeform' }, identity);
  if (!(document instanceof AutomergeDocument)) throw new Error('not Automerge');
  document.apply(changes);
  return document;
}

function typed(): AutomergeDocument {
  const document = createDocument({ library: 'automerge', schema }, identity);
  if (!(document instanceof AutomergeDocument)) throw new Error('not Automerge');
  return document;
}

describe('[GUARD12] changes that had not seen what they must', () => {
  const h1 = changeOf({ actor: actors.a, startOp: 1, ops: [set('h')] });
  const y1 = changeOf({ actor: actors.b, startOp: 2, deps: [hashOf(h1)], ops: [set('x', 0), set('y'), set('z')] });
  const x1 = changeOf({ actor: actors.c, startOp: 2, deps: [hashOf(h1)], ops: [set('d', 0)] });
  const x2 = changeOf({ actor: actors.c, seq: 2, startOp: 5, deps: [hashOf(y1)], ops: [set('late')] });

  test('the one before of the same actor', () => {
    expect(verdict(holding(h1, y1), concatBytes([x1, x2]))).toBe('update_invalid');
    expect(verdict(holding(h1, y1, x1), x2)).toBe('update_invalid');
    const honest = changeOf({ actor: actors.c, seq: 2, startOp: 5, deps: [hashOf(y1), hashOf(x1)], ops: [set('late')] });
    expect(verdict(holding(h1, y1), concatBytes([x1, honest]))).toBe('accepted');
  });

  test('what they name, though it is held', () => {
    const made = changeOf({
      actor: actors.b,
      startOp: 2,
      deps: [hashOf(h1)],
      ops: [{ action: 'makeMap', obj: '_root', key: 'm', pred: [] }],
    });
    const into = (deps: readonly string[], startOp: number): Uint8Array =>
      changeOf({ actor: actors.c, startOp, deps, ops: [{ action: 'set', obj: `2@${actors.b}`, key: 'k', value: 1, pred: [] }] });
    expect(verdict(holding(h1, made), into([hashOf(h1)], 2))).toBe('update_invalid');
    expect(verdict(holding(h1), concatBytes([made, into([hashOf(h1)], 2)]))).toBe('update_invalid');
    expect(verdict(holding(h1, made), into([hashOf(made)], 3))).toBe('accepted');
    expect(verdict(holding(h1), concatBytes([made, into([hashOf(made)], 3)]))).toBe('accepted');
  });

  test('a whole document is logged as the changes that were looked at', () => {
    const doc = Automerge.load(Automerge.save(Automerge.from({ k: 1, t: 'text' })));
    const inspected = inspectUpdate(holding(), Automerge.save(doc), () => undefined);
    if (!('update' in inspected)) throw new Error('not decided');
    expect(splitChunks(inspected.update).map(({ type }) => type)).toEqual([chunkTypes.change]);
    const document = holding();
    document.apply([inspected.update]);
    expect(document.json()).toEqual({ k: 1, t: 'text' });
  });
});

describe('[GUARD1] operations that ruin a document', () => {
  const base = Automerge.from({ l: [1, 2], t: 'ab', n: 1 }, { actor: actors.a });
  const [history = raw()] = Automerge.getAllChanges(base);
  const list = String(Automerge.getObjectId(base, 'l'));
  const startOp = Automerge.decodeChange(history).ops.length + 1;
  const head = { obj: list, elemId: '_head' };
  test.each<[string, object]>([
    ['a table', { action: 'makeTable', obj: '_root', key: 'table', pred: [] }],
    ['an increment of nothing', { action: 'inc', obj: '_root', key: 'n', value: 1, pred: [] }],
    ['an increment at the head', { action: 'inc', ...head, value: 1, pred: [] }],
    ['a value at the head', { action: 'set', ...head, value: 1, pred: [] }],
    ['a deletion of nothing', { action: 'del', obj: '_root', key: 'n', pred: [] }],
  ])('%s', (_, op) => {
    const change = changeOf({ actor: actors.b, startOp, deps: Automerge.getHeads(base), ops: [op] });
    expect(verdict(holding(history), change)).toBe('update_invalid');
  });

  test('marks, blocks and counters of honest clients are taken', () => {
    let doc = Automerge.from<{ t: string; c?: Automerge.Counter }>({ t: 'some text' }, { actor: actors.b });
    doc = Automerge.change(doc, (draft) => Automerge.mark(draft, ['t'], { start: 0, end: 4, expand: 'both' }, 'bold', true));
    doc = Automerge.change(doc, (draft) => Automerge.splitBlock(draft, ['t'], 3, { type: 'p', parents: [], attrs: {} }));
    doc = Automerge.change(doc, (draft) => Object.assign(draft, { c: new Automerge.Counter(1) }));
    doc = Automerge.change(doc, (draft) => draft.c?.increment(2));
    doc = Automerge.emptyChange(doc);
    const document = holding();
    for (const change of Automerge.getAllChanges(doc)) {
      expect(verdict(document, change)).toBe('accepted');
      document.apply([change]);
    }
    expect(document.json()).toMatchObject({ c: 3 });
  });
});

describe('[GUARD1] reserved actors of typed documents', () => {
  const entry = { action: 'set', obj: entriesId, key: 'n/x/1', value: '1 1', pred: [] };
  const deps = [hashOf(firstChange())];
  test('nobody writes as the one who creates a text, or as the first one', () => {
    expect(verdict(typed(), changeOf({ actor: textActorOf('note'), startOp: 3, deps, ops: [entry] }))).toBe('update_invalid');
    expect(verdict(typed(), changeOf({ actor: firstActor, seq: 2, startOp: 3, deps, ops: [entry] }))).toBe('update_invalid');
    expect(verdict(typed(), changeOf({ actor: actors.b, startOp: 3, deps, ops: [entry] }))).toBe('accepted');
    // Not a text: an actor that was drawn, and begins alike.
    expect(verdict(typed(), changeOf({ actor: `743a${'ff'.repeat(14)}`, startOp: 3, deps, ops: [entry] }))).toBe('accepted');
  });

  test('a text is created under an allowed key', () => {
    expect(verdict(typed(), textCreation('note'))).toBe('accepted');
    for (const key of ['__proto__', 'x'.repeat(inspectionLimits.keyUnitsMax + 1)]) {
      const creation = changeOf({ actor: textActorOf(key), startOp: 3, deps, ops: [{ action: 'makeText', obj: textsId, key, pred: [] }] });
      expect(verdict(typed(), creation)).toMatch(/^(update_invalid|request_too_large)$/);
    }
  });
});

describe('[GUARD6] changes that are small and cost much', () => {
  const plain = changeOf({ actor: actors.a, startOp: 1, ops: [set('k')] });

  /** The change with another list of dependencies, of other actors, or more behind it. */
  function rewritten(parts: { deps?: Uint8Array; others?: Uint8Array; extra?: Uint8Array; message?: Uint8Array }): Uint8Array {
    const [chunk] = splitChunks(plain);
    const body = chunk?.body ?? raw();
    const reader = new LebReader(body);
    reader.take(32 * reader.unsigned());
    const actorAt = reader.at;
    reader.take(reader.unsigned());
    reader.unsigned();
    reader.unsigned();
    reader.signed();
    const messageAt = reader.at;
    reader.take(reader.unsigned());
    const othersAt = reader.at;
    reader.unsigned();
    const { deps = raw(0), others = raw(0), extra = raw(), message = raw(0) } = parts;
    const made = concatBytes([deps, body.subarray(actorAt, messageAt), message, others, body.subarray(reader.at), extra]);
    expect(body.subarray(messageAt, othersAt)).toEqual(raw(0));
    const sealed = bytes(raw(1), made.length, made);
    return bytes(raw(0x85, 0x6f, 0x4a, 0x83), hash.sha256(sealed).subarray(0, 4), sealed);
  }

  const dependencies = (count: number, at: (i: number) => number): Uint8Array =>
    bytes(count, ...Array.from({ length: count }, (_, i) => concatBytes([new Uint8Array(28), bytes(raw(at(i) >> 8, at(i) & 0xff, 0, 0))])));

  test.each<[string, Uint8Array, string]>([
    ['one dependency again and again', rewritten({ deps: dependencies(900, () => 7) }), 'update_invalid'],
    ['thousands of dependencies', rewritten({ deps: dependencies(8_000, (i) => i) }), 'request_too_large'],
    ['thousands of other actors', rewritten({ others: bytes(20_000, new Uint8Array(20_000)) }), 'request_too_large'],
    ['a long name', rewritten({ others: bytes(1, 10_000, new Uint8Array(10_000)) }), 'request_too_large'],
    ['a long message', rewritten({ message: bytes(20_000, encodeUtf8('m'.repeat(20_000))) }), 'request_too_large'],
    ['much behind it', rewritten({ extra: new Uint8Array(5_000) }), 'request_too_large'],
  ])('%s', (_, change, code) => {
    expect(verdict(holding(), change)).toBe(code);
  });

  test('the same bytes unchanged are a sound change', () => {
    expect(rewritten({})).toEqual(plain);
    expect(verdict(holding(), rewritten({}))).toBe('accepted');
  });

  test('more operations than one change may have', () => {
    const pasted = (units: number): Uint8Array =>
      Automerge.getLastLocalChange(
        Automerge.change(Automerge.init<{ t: string }>(), (doc) => Object.assign(doc, { t: 'x'.repeat(units) })),
      ) ?? raw();
    expect(verdict(holding(), pasted(inspectionLimits.changeOpsMax))).toBe('request_too_large');
    expect(verdict(holding(), pasted(5_000))).toBe('accepted');
  });
});

test('[GUARD12] what a change had seen is what its dependencies lead back to', () => {
  const step = fc.record({ writer: fc.nat(3), other: fc.nat(3), action: fc.constantFrom('write', 'write', 'merge', 'nothing') });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), fc.infiniteStream(fc.nat(1_000)), (steps, picks) => {
      const names = ['a1', 'b2', 'c3', 'd4'];
      const docs = names.map((name) => Automerge.init<Record<string, number>>({ actor: name.repeat(8) }));
      for (const [i, { writer, other, action }] of steps.entries()) {
        const doc = docs[writer] ?? Automerge.init();
        if (action === 'merge' && other === writer) continue;
        if (action === 'merge') docs[writer] = Automerge.merge(doc, docs[other] ?? doc);
        else
          docs[writer] =
            action === 'nothing' ? Automerge.emptyChange(doc) : Automerge.change(doc, (draft) => Object.assign(draft, { [i]: i }));
      }
      const all = docs.reduce((merged, doc) => Automerge.merge(merged, doc), Automerge.init<Record<string, number>>());
      const history = Automerge.getAllChanges(all).map(Automerge.decodeChange);
      const ancestors = new Map<string, Set<string>>();
      for (const { hash: each, deps } of history) {
        ancestors.set(each, new Set(deps.flatMap((dep) => [dep, ...(ancestors.get(dep) ?? [])])));
      }
      const deps = [
        ...new Set(Array.from({ length: 2 }, () => history[picks.next().value % Math.max(1, history.length)]?.hash ?? '')),
      ].filter(Boolean);
      const seen = new Set(deps.flatMap((dep) => [dep, ...(ancestors.get(dep) ?? [])]));
      const past = CausalPast.ofHeld(Automerge.getBackend(all), deps, { left: 1_000 });
      for (const { hash: each, actor, seq } of history) expect(past.seesHeld(actor, seq)).toBe(seen.has(each));
    }),
    { numRuns: 200 },
  );
});
