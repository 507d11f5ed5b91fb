// Bytes from strangers. Each named input was seen to hang, inflate, mute a user or ruin a document when given to the
// library directly; the last tests throw random damage at the inspection and check what it promises.

import { deflateRawSync, inflateRawSync } from 'node:zlib';
import { concatBytes, isAnabranchError } from '@anabranch/base';
import * as Automerge from '@automerge/automerge';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createDocument } from '../create-document.ts';
import { examineUpdate } from '../inspect-update.ts';
import { inspectionLimits } from '../inspection-limits.ts';
import type { CollectionSchema } from '../schema.ts';
import { hash } from '../testing/cart-replica.ts';
import { accept, bytes, codeOf, identity, raw, schema, verdict as verdictBy } from '../testing/poison.ts';
import { AutomergeDocument } from './automerge-document.ts';
import { entriesId, firstChange, textActorOf, textCreation, textsId } from './first-change.ts';

function inflateRaw(bytes: Uint8Array, outputBytesMax: number): Uint8Array | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: outputBytesMax });
  } catch {
    return undefined;
  }
}

/** The verdict of the inspection, which is the same when another thread examines the update. */
function verdict(document: AutomergeDocument, update: Uint8Array): string {
  const here = verdictBy(document, update, inflateRaw);
  const isTyped = typed.has(document);
  const state = document.encodeState();
  const elsewhere = codeOf(() => {
    const finding = examineUpdate({ state, actor: identity.automergeActor, isTyped, update }, inflateRaw);
    const copy = automerge(isTyped ? schema : 'freeform');
    copy.apply([state]);
    accept(copy, finding);
  });
  expect(elsewhere).toBe(here);
  return here;
}

const typed = new WeakSet<AutomergeDocument>();

function automerge(kind: CollectionSchema['schema'] = 'freeform'): AutomergeDocument {
  const document = createDocument({ library: 'automerge', schema: kind }, identity);
  if (!(document instanceof AutomergeDocument)) throw new Error('not Automerge');
  if (kind !== 'freeform') typed.add(document);
  return document;
}

const aa = 'aa'.repeat(16);
const bb = 'bb'.repeat(16);
const handleOf = (actor: string): ReturnType<typeof Automerge.getBackend> => Automerge.getBackend(Automerge.init({ actor }));

/** A document by actor aa: k = 1, a list l, a text t. */
function baseChange(): Uint8Array {
  const handle = handleOf(aa);
  handle.put('_root', 'k', 1);
  handle.putObject('_root', 'l', [1, 2, 3]);
  handle.putObject('_root', 't', 'abc');
  handle.commit(null, 0);
  return handle.getLastLocalChange() ?? raw();
}

let madeBomb: Uint8Array | undefined;
/** A document of a few kilobytes that inflates beyond the limit. */
function bomb(): Uint8Array {
  if (madeBomb !== undefined) return madeBomb;
  const handle = handleOf(bb);
  handle.put('_root', 'bytes', new Uint8Array(inspectionLimits.inflatedBytesMax + 1));
  handle.commit(null, 0);
  madeBomb = handle.save();
  return madeBomb;
}

describe('poisoned Automerge updates are refused before they are logged', () => {
  const base = baseChange();
  const decoded = Automerge.decodeChange(base);
  const crafted = (ops: object[], over: object = {}): Uint8Array =>
    Automerge.encodeChange({
      actor: bb,
      author: null,
      seq: 1,
      startOp: decoded.startOp + decoded.ops.length,
      time: 0,
      message: null,
      deps: [decoded.hash],
      ops: ops as Automerge.DecodedChange['ops'],
      ...over,
    });
  const withBase = (): AutomergeDocument => {
    const document = automerge();
    document.apply([base]);
    return document;
  };
  const set = { action: 'set', obj: '_root', key: 'k', value: 2, datatype: 'int', pred: [`1@${aa}`] };

  test('what an honest client sends is accepted', () => {
    expect(verdict(automerge(), base)).toBe('accepted');
    expect(verdict(withBase(), base)).toBe('accepted');
    expect(verdict(withBase(), crafted([set]))).toBe('accepted');
    const big = Automerge.from({ text: 'x'.repeat(5_000), list: Array.from({ length: 200 }, (_, i) => ({ i })) });
    expect(verdict(automerge(), Automerge.save(big))).toBe('accepted');
    const body = deflateRawSync(base.subarray(10));
    const deflated = bytes(base.subarray(0, 8), raw(2), body.length, body);
    expect(Automerge.decodeChange(deflated)).toEqual(decoded);
    expect(verdict(automerge(), deflated)).toBe('accepted');
  });

  test.each(
    Object.entries({
      'replaces what was never there': [{ ...set, pred: [`7@${aa}`] }],
      'replaces what an unknown actor wrote': [{ ...set, pred: [`1@${'ee'.repeat(16)}`] }],
      'replaces itself': [{ ...set, pred: [`${decoded.startOp + decoded.ops.length}@${bb}`] }],
      'replaces an entry of another key': [{ ...set, pred: [`2@${aa}`] }],
      'deletes nothing': [{ action: 'del', obj: '_root', key: 'k', pred: [] }],
      'writes to an object that does not exist': [{ ...set, obj: `77@${aa}`, pred: [] }],
      'writes to a number': [{ ...set, obj: `1@${aa}`, pred: [] }],
      'writes a map key in a list': [{ ...set, obj: `2@${aa}`, pred: [] }],
      'writes a list element in a map': [
        { action: 'set', obj: '_root', elemId: `3@${aa}`, insert: true, value: 1, datatype: 'int', pred: [] },
      ],
      'writes behind an unknown element': [
        { action: 'set', obj: `2@${aa}`, elemId: `99@${aa}`, insert: true, value: 1, datatype: 'int', pred: [] },
      ],
      'makes an object inside itself': [{ action: 'makeMap', obj: `${decoded.startOp + decoded.ops.length}@${bb}`, key: 'k', pred: [] }],
      'names an empty key': [{ ...set, key: '', pred: [] }],
    }),
  )('[GUARD1] a change that %s', (_, ops) => {
    const document = withBase();
    const digest = document.digest(hash);
    expect(verdict(document, crafted(ops))).toBe('update_invalid');
    expect(document.digest(hash)).toEqual(digest);
    document.apply([document.encodeState()]);
  });

  test.each(['__proto__', 'constructor', 'prototype'])('[GUARD5] a change that writes the key %s', (key) => {
    expect(verdict(withBase(), crafted([{ ...set, key, pred: [] }]))).toBe('update_invalid');
    expect(verdict(withBase(), crafted([{ ...set, key: `${key}s`, pred: [] }]))).toBe('accepted');
  });

  test('[GUARD1] a change cut short anywhere', () => {
    for (let length = 1; length < base.length; length++) expect(verdict(automerge(), base.subarray(0, length))).toBe('update_invalid');
  });

  test('[GUARD14] the first words of a text, with the change that makes it, in one update', () => {
    const device = createDocument({ library: 'automerge', schema }, { yjsClientId: 1, automergeActor: 'cd'.repeat(16) });
    const author = { writer: 'device.1', dot: 1, hlc: { ms: 1, counter: 0 } };
    const update = device.edit(author, [{ op: 'insert', path: '/note', index: 0, text: 'words' }]);
    expect(verdict(automerge(schema), update ?? new Uint8Array())).toBe('accepted');
    // And when somebody else has made it meanwhile.
    const other = automerge(schema);
    other.edit({ ...author, writer: 'other.1' }, [{ op: 'insert', path: '/note', index: 0, text: 'x' }]);
    expect(verdict(other, update ?? new Uint8Array())).toBe('accepted');
  });

  test('[GUARD2] [GUARD9] history that does not follow', () => {
    expect(verdict(automerge(), crafted([set]))).toBe('update_incomplete');
    expect(verdict(withBase(), crafted([set], { seq: 5 }))).toBe('update_incomplete');
    expect(verdict(withBase(), crafted([set], { startOp: 1 }))).toBe('update_invalid');
    expect(verdict(withBase(), crafted([set], { startOp: 2 ** 31 }))).toBe('update_invalid');
    expect(verdict(withBase(), crafted([set], { actor: identity.automergeActor }))).toBe('update_invalid');
    // Equivocation: the actor's change number 1 is another one.
    expect(verdict(withBase(), crafted([set], { actor: aa }))).toBe('update_invalid');
  });

  test('[GUARD4] a small chunk that inflates beyond the limit, as a change and as a document', () => {
    expect(bomb().length).toBeLessThan(100_000);
    expect(verdict(automerge(), bomb())).toBe('request_too_large');
    const body = deflateRawSync(new Uint8Array(20_000_000));
    const chunk = bytes(raw(0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, 2), body.length, body);
    expect(verdict(automerge(), chunk)).toBe('request_too_large');
    // The bound goes to the inflater, which stops there: no more than it is ever held.
    const outputBytesMax: number[] = [];
    verdictBy(automerge(), chunk, (_, max) => {
      outputBytesMax.push(max);
      return undefined;
    });
    expect(outputBytesMax).toEqual([inspectionLimits.inflatedBytesMax]);
  });

  test('[GUARD2] a column that claims 2^40 operations', () => {
    const handle = handleOf(bb);
    handle.put('_root', 'k', 1);
    handle.commit(null, 0);
    const honest = handle.getLastLocalChange() ?? raw();
    // The action column 0x42 holds one literal, 7f 01; it becomes a run of 2^40.
    const at = Buffer.from(honest).lastIndexOf(Buffer.from([0x7f, 0x01]));
    expect(at).toBeGreaterThan(0);
    for (const run of [[0x80, 0x80, 0x80, 0x80, 0x80, 0x20, 0x01]]) {
      const body = Buffer.concat([honest.subarray(10, at), Buffer.from(run), honest.subarray(at + 2)]);
      const chunk = bytes(honest.subarray(0, 9), body.length, body);
      expect(verdict(automerge(), chunk)).toMatch(/^(update_invalid|request_too_large)$/);
    }
  });

  test('[GUARD3] objects nested beyond 64', () => {
    const nested = (depth: number): Uint8Array => {
      const handle = handleOf(bb);
      let id = '_root';
      for (let i = 0; i < depth; i++) id = handle.putObject(id, 'k', {});
      handle.commit(null, 0);
      return handle.getLastLocalChange() ?? raw();
    };
    expect(verdict(automerge(), nested(64))).toBe('accepted');
    expect(verdict(automerge(), nested(65))).toBe('update_invalid');
  });

  test('the frame of a typed document', () => {
    const write = (work: (handle: ReturnType<typeof handleOf>) => void, actor = bb): Uint8Array => {
      const handle = handleOf(actor);
      handle.applyChanges([firstChange()]);
      work(handle);
      handle.commit(null, 0);
      return handle.getLastLocalChange() ?? raw();
    };
    expect(
      verdict(
        automerge(schema),
        write((handle) => handle.put(entriesId, 'x', '1', 'str')),
      ),
    ).toBe('accepted');
    expect(verdict(automerge(schema), textCreation('note'))).toBe('accepted');
    expect(
      verdict(
        automerge(schema),
        write((handle) => handle.putObject('_root', 'f', {})),
      ),
    ).toBe('update_invalid');
    expect(
      verdict(
        automerge(schema),
        write((handle) => handle.putObject(entriesId, 'x', {})),
      ),
    ).toBe('update_invalid');
    expect(
      verdict(
        automerge(schema),
        write((handle) => handle.putObject(textsId, 'note', '')),
      ),
    ).toBe('update_invalid');
    expect(
      verdict(
        automerge(schema),
        write((handle) => handle.putObject(textsId, 'note', 'x'), textActorOf('note')),
      ),
    ).toBe('update_invalid');
  });

  test('[GUARD7] random damage: what passes, merges without an error, and the document loads again', () => {
    const valid = crafted([set, { action: 'set', obj: `2@${aa}`, elemId: `3@${aa}`, insert: true, value: 7, datatype: 'int', pred: [] }]);
    const document = withBase();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 3 }), fc.boolean(), (damages, isSealed) => {
        const body = Uint8Array.from(valid.subarray(10));
        for (const [position, byte] of damages) body[position % body.length] = byte;
        const sealed = bytes(raw(1), body.length, body);
        const checksum = isSealed ? hash.sha256(sealed).subarray(0, 4) : valid.subarray(4, 8);
        const update = bytes(raw(0x85, 0x6f, 0x4a, 0x83), checksum, sealed);
        if (verdict(document, update) !== 'accepted') return;
        const copy = withBase();
        copy.apply([update]);
        copy.json();
        expect(copy.hasPending).toBe(false);
        const reloaded = automerge();
        reloaded.apply([copy.encodeState()]);
        expect(reloaded.digest(hash)).toEqual(copy.digest(hash));
      }),
      { numRuns: 500, seed: 476 },
    );
  });

  test('[GUARD1] [GUARD4] sync messages: uninspected changes, damage, and an honest exchange with the library', () => {
    const document = automerge();
    const decode = (message: Uint8Array): string => {
      try {
        document.receiveSyncMessage(Automerge.initSyncState(), message);
        return 'accepted';
      } catch (error) {
        return isAnabranchError(error) ? error.code : 'uncoded';
      }
    };
    expect(decode(raw(1, 2, 3))).toBe('update_invalid');
    expect(exchange(document, Automerge.from<Record<string, unknown>>({ a: 1, t: 'text' }))).toEqual({ a: 1, t: 'text' });
    expect(document.json()).toEqual({ a: 1, t: 'text' });
    let client = Automerge.init<Record<string, unknown>>();
    client = exchange(document, client);
    client = Automerge.change(client, (draft) => {
      draft['b'] = [1];
    });
    const updates: Uint8Array[] = [];
    exchange(document, client, updates);
    expect(document.json()).toEqual({ a: 1, t: 'text', b: [1] });
    expect(updates).toHaveLength(1);
    expect(decode(Automerge.encodeSyncMessage({ heads: [], need: [], have: [], changes: [bomb()] }))).toBe('update_invalid');
  });
});

function exchange(
  document: AutomergeDocument,
  doc: Automerge.Doc<Record<string, unknown>>,
  updates: Uint8Array[] = [],
): Automerge.Doc<Record<string, unknown>> {
  let client = doc;
  let ours = Automerge.initSyncState();
  let theirs = Automerge.initSyncState();
  for (let round = 0; round < 6; round++) {
    const [next, message] = Automerge.generateSyncMessage(client, theirs);
    theirs = next;
    if (message !== null) {
      const decoded = Automerge.decodeSyncMessage(message);
      const update = concatBytes(decoded.changes);
      document.inspect(update, inflateRaw);
      if (document.apply([update])) updates.push(update);
      ours = document.receiveSyncMessage(ours, Automerge.encodeSyncMessage({ ...decoded, changes: [] }));
    }
    const answer = document.generateSyncMessage(ours);
    ours = answer.peer;
    if (answer.message !== undefined) [client, theirs] = Automerge.receiveSyncMessage(client, theirs, answer.message);
  }
  return client;
}
