// Bytes from strangers. Each named input was seen to hang, inflate, mute a user or ruin a document when given to the
// libraries directly; the last tests throw random damage at both inspections and check what they promise.

import { isAnabranchError } from '@anabranch/base';
import * as Automerge from '@automerge/automerge';
import { createHash, createHmac } from 'node:crypto';
import { deflateRawSync, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import * as encoding from 'lib0/encoding';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { AutomergeDocument } from './automerge/automerge-document.ts';
import { textActorOf, textCreation, textsId, entriesId, firstChange } from './automerge/first-change.ts';
import type { CrdtDocument } from './crdt-document.ts';
import { createDocument } from './create-document.ts';
import { inspectionLimits } from './inspection-limits.ts';
import { inspectUpdate } from './inspect-update.ts';
import type { CollectionSchema, Library } from './schema.ts';
import { YjsDocument } from './yjs/yjs-document.ts';

const hash = {
  sha256: (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest(),
  hmacSha256: (key: Uint8Array, bytes: Uint8Array): Uint8Array => createHmac('sha256', key).update(bytes).digest(),
};

function inflateRaw(bytes: Uint8Array, outputBytesMax: number): Uint8Array | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: outputBytesMax });
  } catch {
    return undefined;
  }
}

const schema: CollectionSchema['schema'] = { type: 'object', fields: { n: { type: 'counter' }, note: { type: 'text' }, tags: { type: 'set' } } };
const identity = { yjsClientId: 2 ** 32 + 7, automergeActor: '07'.repeat(16) };

function yjs(kind: CollectionSchema['schema'] = 'freeform'): YjsDocument {
  const document = createDocument({ library: 'yjs', schema: kind }, identity);
  if (!(document instanceof YjsDocument)) throw new Error('not Yjs');
  return document;
}

function automerge(kind: CollectionSchema['schema'] = 'freeform'): AutomergeDocument {
  const document = createDocument({ library: 'automerge', schema: kind }, identity);
  if (!(document instanceof AutomergeDocument)) throw new Error('not Automerge');
  return document;
}

/** The code an inspection refuses with, or `accepted`. Anything without a code fails the test. */
function verdict(document: CrdtDocument, update: Uint8Array): string {
  try {
    inspectUpdate(document, update, inflateRaw);
    return 'accepted';
  } catch (error) {
    if (isAnabranchError(error)) return error.code;
    throw error;
  }
}

/** Bytes from varuints and raw pieces. */
function bytes(...parts: (number | Uint8Array)[]): Uint8Array {
  const encoder = encoding.createEncoder();
  for (const part of parts) {
    if (typeof part === 'number') encoding.writeVarUint(encoder, part);
    else encoding.writeUint8Array(encoder, part);
  }
  return encoding.toUint8Array(encoder);
}
const raw = (...values: number[]): Uint8Array => Uint8Array.from(values);
const name = (text: string): Uint8Array => bytes(text.length, new TextEncoder().encode(text));
/** An update of one item of client 1 at clock 0, in the root type `x`, with this content. */
const item = (ref: number, ...content: (number | Uint8Array)[]): Uint8Array => bytes(1, 1, 1, 0, raw(ref), 1, name('x'), ...content, 0);

describe('[CRDT6] poisoned Yjs updates are refused before they are logged', () => {
  test('what an honest client sends is accepted, whole and in steps', () => {
    const client = new Y.Doc();
    const document = yjs();
    client.on('update', (update: Uint8Array) => {
      expect(verdict(document, update)).toBe('accepted');
      document.apply([update]);
    });
    const text = client.getText('t');
    text.insert(0, 'hello \u{1f600} world', { bold: true });
    text.format(2, 4, { italic: { deep: [1, 2] } });
    text.delete(1, 3);
    text.insertEmbed(2, { image: 'x' });
    const map = client.getMap('m');
    map.set('list', new Y.Array());
    map.set('any', { a: [1, -5, 1.5, 2 ** 40, null, true, 'x'], big: 10n, bytes: raw(1, 2) });
    map.set('any', undefined);
    client.getArray('a').insert(0, [1, 2, new Y.Map(), new Y.XmlElement('p')]);
    client.getXmlFragment('xml').insert(0, [new Y.XmlElement('p'), new Y.XmlText('t'), new Y.XmlHook('h')]);
    expect(verdict(yjs(), Y.encodeStateAsUpdate(client))).toBe('accepted');
    expect(document.json()).toEqual(expect.objectContaining({ m: { list: [], any: null }, a: [1, 2, {}, '<p></p>'], xml: '<p></p>t' }));
    expect(verdict(document, Y.encodeStateAsUpdate(client))).toBe('accepted');
    expect(document.hasPending).toBe(false);
  });

  test('16 bytes that move a victim\'s clock to 2^45', () => {
    expect(verdict(yjs(), item(1, 2 ** 45))).toBe('update_invalid');
    expect(verdict(yjs(), bytes(1, 1, 1, 0, raw(0), 2 ** 45, 0))).toBe('update_invalid');
    expect(verdict(yjs(), item(1, inspectionLimits.emptyPositionsMax + 1))).toBe('update_invalid');
    expect(verdict(yjs(), item(1, inspectionLimits.emptyPositionsMax))).toBe('accepted');
  });

  test('a value nested a million deep, and one beyond 64', () => {
    expect(verdict(yjs(), item(8, 1, new Uint8Array(2_000_000).map((_, i) => (i % 2 ? 1 : 117)), raw(126)))).toBe('update_invalid');
    const nested = (depth: number): Uint8Array => item(8, 1, new Uint8Array(2 * depth).map((_, i) => (i % 2 ? 1 : 117)), raw(126));
    expect(verdict(yjs(), nested(64))).toBe('accepted');
    expect(verdict(yjs(), nested(65))).toBe('update_invalid');
    expect(verdict(yjs(), item(5, name('['.repeat(100_000))))).toBe('update_invalid');
  });

  test('shared types nested beyond 64, in one update and over several', () => {
    const build = (depth: number): Y.Doc => {
      const client = new Y.Doc();
      let map = client.getMap<Y.Map<unknown>>('m') as Y.Map<unknown>;
      for (let i = 0; i < depth; i++) map = map.set('k', new Y.Map<unknown>());
      return client;
    };
    expect(verdict(yjs(), Y.encodeStateAsUpdate(build(64)))).toBe('accepted');
    expect(verdict(yjs(), Y.encodeStateAsUpdate(build(66)))).toBe('update_invalid');
    const client = build(64);
    const document = yjs();
    document.apply([Y.encodeStateAsUpdate(client)]);
    let map = client.getMap('m');
    for (let next = map.get('k'); next instanceof Y.Map; next = map.get('k')) map = next as Y.Map<unknown>;
    const before = Y.encodeStateVector(client);
    map.set('deeper', new Y.Map());
    expect(verdict(document, Y.encodeStateAsUpdate(client, before))).toBe('accepted');
    document.apply([Y.encodeStateAsUpdate(client, before)]);
    const deepest = map.get('deeper') as Y.Map<unknown>;
    const again = Y.encodeStateVector(client);
    deepest.set('deepest', new Y.Map());
    expect(verdict(document, Y.encodeStateAsUpdate(client, again))).toBe('update_invalid');
    expect(() => JSON.stringify(document.json())).not.toThrow();
  });

  test('keys that change what an object is', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      expect(verdict(yjs(), item(8, 1, raw(118, 1), name(key), raw(126)))).toBe('update_invalid');
      expect(verdict(yjs(), bytes(1, 1, 1, 0, raw(0x20 | 8), 1, name('m'), name(key), 1, raw(126), 0))).toBe('update_invalid');
      expect(verdict(yjs(), bytes(1, 1, 1, 0, raw(8), 1, name(key), 1, raw(126), 0))).toBe('update_invalid');
      expect(verdict(yjs(), item(5, name(`{"${key}":1}`)))).toBe('update_invalid');
    }
  });

  test('updates that build on what is missing: a gap, an unknown neighbour, a circle, a deletion ahead', () => {
    const client = new Y.Doc();
    client.getText('t').insert(0, 'a');
    const before = Y.encodeStateVector(client);
    client.getText('t').insert(1, 'b');
    expect(verdict(yjs(), Y.encodeStateAsUpdate(client, before))).toBe('update_incomplete');
    expect(verdict(yjs(), bytes(1, 1, 1, 0, raw(0x84), 2, 0, name('x'), 0))).toBe('update_incomplete');
    const circle = bytes(2, 1, 2, 0, raw(0x84), 1, 0, name('x'), 1, 1, 0, raw(0x84), 2, 0, name('x'), 0);
    expect(verdict(yjs(), circle)).toBe('update_incomplete');
    expect(verdict(yjs(), bytes(1, 1, 1, 0, raw(0x84), 1, 0, name('x'), 0))).toBe('update_invalid');
    expect(verdict(yjs(), bytes(0, 1, 1, 1, 0, 5))).toBe('update_incomplete');
  });

  test('structs under the clientID of this replica', () => {
    const forged = new Y.Doc();
    forged.clientID = identity.yjsClientId;
    forged.getText('t').insert(0, 'x');
    expect(verdict(yjs(), Y.encodeStateAsUpdate(forged))).toBe('update_invalid');
    const document = yjs(schema);
    document.edit({ writer: 'w', dot: 1, hlc: { ms: 1, counter: 0 } }, [{ op: 'increment', path: '/n', by: 1 }]);
    expect(verdict(document, document.encodeState())).toBe('accepted');
  });

  test('the bytes of yjs#687, counts beyond the bytes there are, sections twice, trailing bytes, subdocuments', () => {
    expect(verdict(yjs(), raw(0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 255, 255, 255, 255, 7, 0, 0, 1, 0, 0))).toMatch(/^update_/);
    expect(verdict(yjs(), bytes(2 ** 50))).toBe('update_invalid');
    expect(verdict(yjs(), bytes(1, 2 ** 32, 1, 0))).toBe('update_invalid');
    expect(verdict(yjs(), bytes(2, 1, 1, 0, raw(4), 1, name('x'), name('a'), 1, 1, 0, raw(4), 1, name('x'), name('b'), 0))).toBe('update_invalid');
    expect(verdict(yjs(), bytes(0, 0, 0))).toBe('update_invalid');
    expect(verdict(yjs(), raw())).toBe('update_invalid');
    expect(verdict(yjs(), item(9, name('guid'), raw(126)))).toBe('update_invalid');
    expect(verdict(yjs(), item(4, name('')))).toBe('update_invalid');
    expect(verdict(yjs(), item(4, 2, raw(0xff, 0xfe)))).toBe('update_invalid');
    expect(verdict(yjs(), new Uint8Array(inspectionLimits.updateBytesMax + 1))).toBe('request_too_large');
  });

  test('random damage: what passes, merges without an error and leaves nothing pending', () => {
    const client = new Y.Doc();
    client.clientID = 5;
    const other = new Y.Doc();
    other.clientID = 9;
    client.getText('t').insert(0, 'abcdef');
    client.getMap('m').set('k', new Y.Map([['x', [1, { y: 2 }]]]));
    client.getArray('a').insert(0, [1, 'two', new Y.Text('three')]);
    client.getXmlFragment('xml').insert(0, [new Y.XmlElement('p')]);
    Y.applyUpdate(other, Y.encodeStateAsUpdate(client));
    const base = Y.encodeStateAsUpdate(client);
    other.getText('t').delete(1, 2);
    other.getText('t').insert(2, 'XYZ', { b: true });
    other.getMap('m').delete('k');
    other.getArray('a').delete(0, 2);
    const diff = Y.encodeStateAsUpdate(other, Y.encodeStateVector(client));
    let accepted = 0;
    fc.assert(
      fc.property(fc.boolean(), fc.array(fc.tuple(fc.nat(400), fc.nat(255)), { minLength: 1, maxLength: 4 }), (hasBase, damages) => {
        const document = yjs(hasBase ? 'freeform' : schema);
        if (hasBase) document.apply([base]);
        const update = Uint8Array.from(hasBase ? diff : base);
        for (const [position, byte] of damages) update[position % update.length] = byte;
        if (verdict(document, update) !== 'accepted') return;
        accepted++;
        document.apply([update]);
        expect(document.hasPending).toBe(false);
        JSON.stringify(document.json());
        document.digest(hash);
        yjs(hasBase ? 'freeform' : schema).apply([document.encodeState()]);
      }),
      { numRuns: 4_000, seed: 687 },
    );
    expect(accepted).toBeGreaterThan(200);
  });
});

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

describe('[CRDT6] poisoned Automerge updates are refused before they are logged', () => {
  const base = baseChange();
  const decoded = Automerge.decodeChange(base);
  const crafted = (ops: object[], over: object = {}): Uint8Array =>
    Automerge.encodeChange({
      actor: bb, author: null, seq: 1, startOp: decoded.startOp + decoded.ops.length, time: 0, message: null, deps: [decoded.hash],
      ops: ops as Automerge.DecodedChange['ops'], ...over,
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

  test.each(Object.entries({
    'replaces what was never there': [{ ...set, pred: [`7@${aa}`] }],
    'replaces what an unknown actor wrote': [{ ...set, pred: [`1@${'ee'.repeat(16)}`] }],
    'replaces itself': [{ ...set, pred: [`${decoded.startOp + decoded.ops.length}@${bb}`] }],
    'replaces an entry of another key': [{ ...set, pred: [`2@${aa}`] }],
    'deletes nothing': [{ action: 'del', obj: '_root', key: 'k', pred: [] }],
    'writes to an object that does not exist': [{ ...set, obj: `77@${aa}`, pred: [] }],
    'writes to a number': [{ ...set, obj: `1@${aa}`, pred: [] }],
    'writes a map key in a list': [{ ...set, obj: `2@${aa}`, pred: [] }],
    'writes a list element in a map': [{ action: 'set', obj: '_root', elemId: `3@${aa}`, insert: true, value: 1, datatype: 'int', pred: [] }],
    'writes behind an unknown element': [{ action: 'set', obj: `2@${aa}`, elemId: `99@${aa}`, insert: true, value: 1, datatype: 'int', pred: [] }],
    'makes an object inside itself': [{ action: 'makeMap', obj: `${decoded.startOp + decoded.ops.length}@${bb}`, key: 'k', pred: [] }],
    'names a forbidden key': [{ ...set, key: '__proto__', pred: [] }],
    'names an empty key': [{ ...set, key: '', pred: [] }],
  }))('a change that %s', (_, ops) => {
    const document = withBase();
    const digest = document.digest(hash);
    expect(verdict(document, crafted(ops))).toBe('update_invalid');
    expect(document.digest(hash)).toEqual(digest);
    document.apply([document.encodeState()]);
  });

  test('history that does not follow', () => {
    expect(verdict(automerge(), crafted([set]))).toBe('update_incomplete');
    expect(verdict(withBase(), crafted([set], { seq: 5 }))).toBe('update_incomplete');
    expect(verdict(withBase(), crafted([set], { startOp: 1 }))).toBe('update_invalid');
    expect(verdict(withBase(), crafted([set], { startOp: 2 ** 31 }))).toBe('update_invalid');
    expect(verdict(withBase(), crafted([set], { actor: identity.automergeActor }))).toBe('update_invalid');
    // Equivocation: the actor's change number 1 is another one.
    expect(verdict(withBase(), crafted([set], { actor: aa }))).toBe('update_invalid');
  });

  test('a small chunk that inflates to 20 MB, as a change and as a document', () => {
    const bomb = Automerge.save(Automerge.from({ bytes: new Uint8Array(20_000_000) }));
    expect(bomb.length).toBeLessThan(100_000);
    const begun = performance.now();
    expect(verdict(automerge(), bomb)).toBe('request_too_large');
    const body = deflateRawSync(new Uint8Array(40_000_000));
    const chunk = bytes(raw(0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0, 2), body.length, body);
    expect(verdict(automerge(), chunk)).toBe('request_too_large');
    expect(performance.now() - begun).toBeLessThan(1_000);
  });

  test('a column that claims 2^40 operations', () => {
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

  test('objects nested beyond 64', () => {
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
    expect(verdict(automerge(schema), write((handle) => handle.put(entriesId, 'x', '1', 'str')))).toBe('accepted');
    expect(verdict(automerge(schema), textCreation('note'))).toBe('accepted');
    expect(verdict(automerge(schema), write((handle) => handle.putObject('_root', 'f', {})))).toBe('update_invalid');
    expect(verdict(automerge(schema), write((handle) => handle.putObject(entriesId, 'x', {})))).toBe('update_invalid');
    expect(verdict(automerge(schema), write((handle) => handle.putObject(textsId, 'note', '')))).toBe('update_invalid');
    expect(verdict(automerge(schema), write((handle) => handle.putObject(textsId, 'note', 'x'), textActorOf('note')))).toBe('update_invalid');
  });

  test('random damage: what passes, merges without an error, and the document loads again', () => {
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
      { numRuns: 2_000, seed: 476 },
    );
  });

  test('sync messages: a bomb, damage, and an honest exchange with the library', () => {
    const document = automerge();
    const decode = (message: Uint8Array): string => {
      try {
        document.receiveSyncMessage(Automerge.initSyncState(), message, inflateRaw);
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
    client = Automerge.change(client, (draft) => { draft['b'] = [1]; });
    const updates: Uint8Array[] = [];
    exchange(document, client, updates);
    expect(document.json()).toEqual({ a: 1, t: 'text', b: [1] });
    expect(updates).toHaveLength(1);
    const bomb = Automerge.generateSyncMessage(Automerge.from({ bytes: new Uint8Array(20_000_000) }), knowingNothing())[1];
    expect(bomb).not.toBeNull();
    expect(decode(bomb ?? raw())).toBe('request_too_large');
  });
});

/** A peer state of somebody who asked for everything. */
function knowingNothing(): Automerge.SyncState {
  const [, hello] = Automerge.generateSyncMessage(Automerge.init(), Automerge.initSyncState());
  const [, state] = Automerge.receiveSyncMessage(Automerge.init(), Automerge.initSyncState(), hello ?? raw());
  return state;
}

function exchange(document: AutomergeDocument, doc: Automerge.Doc<Record<string, unknown>>, updates: Uint8Array[] = []): Automerge.Doc<Record<string, unknown>> {
  let client = doc;
  let ours = Automerge.initSyncState();
  let theirs = Automerge.initSyncState();
  for (let round = 0; round < 6; round++) {
    const [next, message] = Automerge.generateSyncMessage(client, theirs);
    theirs = next;
    if (message !== null) {
      const received = document.receiveSyncMessage(ours, message, inflateRaw);
      ours = received.peer;
      if (received.update !== undefined) updates.push(received.update);
    }
    const answer = document.generateSyncMessage(ours);
    ours = answer.peer;
    if (answer.message !== undefined) [client, theirs] = Automerge.receiveSyncMessage(client, theirs, answer.message);
  }
  return client;
}
