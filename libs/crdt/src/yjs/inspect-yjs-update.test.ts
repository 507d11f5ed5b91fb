// Bytes from strangers. Each named input was seen to hang, inflate, mute a user or ruin a document when given to the
// library directly; the last tests throw random damage at the inspection and check what it promises.

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { createDocument } from '../create-document.ts';
import { inspectionLimits } from '../inspection-limits.ts';
import type { CollectionSchema } from '../schema.ts';
import { hash } from '../testing/cart-replica.ts';
import { bytes, identity, raw, schema, verdict } from '../testing/poison.ts';
import { YjsDocument } from './yjs-document.ts';

function yjs(kind: CollectionSchema['schema'] = 'freeform'): YjsDocument {
  const document = createDocument({ library: 'yjs', schema: kind }, identity);
  if (!(document instanceof YjsDocument)) throw new Error('not Yjs');
  return document;
}

const name = (text: string): Uint8Array => bytes(text.length, new TextEncoder().encode(text));
/** An update of one item of client 1 at clock 0, in the root type `x`, with this content. */
const item = (ref: number, ...content: (number | Uint8Array)[]): Uint8Array => bytes(1, 1, 1, 0, raw(ref), 1, name('x'), ...content, 0);

/** A document with content of most kinds. */
function richClient(): Y.Doc {
  const client = new Y.Doc();
  client.clientID = 5;
  client.getText('t').insert(0, 'abcdef');
  client.getMap('m').set('k', new Y.Map([['x', [1, { y: 2 }]]]));
  client.getArray('a').insert(0, [1, 'two', new Y.Text('three')]);
  client.getXmlFragment('xml').insert(0, [new Y.XmlElement('p')]);
  return client;
}

describe('poisoned Yjs updates are refused before they are logged', () => {
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
    client.getXmlFragment('xml').insert(0, [new Y.XmlElement('p'), new Y.XmlText('t')]);
    client.getArray('hooks').insert(0, [new Y.XmlHook('h')]);
    expect(verdict(yjs(), Y.encodeStateAsUpdate(client))).toBe('accepted');
    expect(document.json()).toEqual(expect.objectContaining({ m: { list: [], any: null }, a: [1, 2, {}, '<p></p>'], xml: '<p></p>t' }));
    expect(verdict(document, Y.encodeStateAsUpdate(client))).toBe('accepted');
    expect(document.hasPending).toBe(false);
  });

  test("[GUARD2] 16 bytes that move a victim's clock to 2^45", () => {
    expect(verdict(yjs(), item(1, 2 ** 45))).toBe('update_invalid');
    expect(verdict(yjs(), bytes(1, 1, 1, 0, raw(0), 2 ** 45, 0))).toBe('update_invalid');
    expect(verdict(yjs(), item(1, inspectionLimits.emptyPositionsMax + 1))).toBe('update_invalid');
    expect(verdict(yjs(), item(1, inspectionLimits.emptyPositionsMax))).toBe('accepted');
  });

  test('[GUARD3] a value nested a million deep, and one beyond 64', () => {
    expect(
      verdict(
        yjs(),
        item(
          8,
          1,
          new Uint8Array(2_000_000).map((_, i) => (i % 2 ? 1 : 117)),
          raw(126),
        ),
      ),
    ).toBe('update_invalid');
    const nested = (depth: number): Uint8Array =>
      item(
        8,
        1,
        new Uint8Array(2 * depth).map((_, i) => (i % 2 ? 1 : 117)),
        raw(126),
      );
    expect(verdict(yjs(), nested(64))).toBe('accepted');
    expect(verdict(yjs(), nested(65))).toBe('update_invalid');
    expect(verdict(yjs(), item(5, name('['.repeat(100_000))))).toBe('update_invalid');
  });

  test('[GUARD3] shared types nested beyond 64, in one update and over several', () => {
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

  test('[GUARD5] keys that change what an object is', () => {
    for (const key of ['__proto__', 'constructor', 'prototype']) {
      expect(verdict(yjs(), item(8, 1, raw(118, 1), name(key), raw(126)))).toBe('update_invalid');
      expect(verdict(yjs(), bytes(1, 1, 1, 0, raw(0x20 | 8), 1, name('m'), name(key), 1, raw(126), 0))).toBe('update_invalid');
      expect(verdict(yjs(), bytes(1, 1, 1, 0, raw(8), 1, name(key), 1, raw(126), 0))).toBe('update_invalid');
      expect(verdict(yjs(), item(5, name(`{"${key}":1}`)))).toBe('update_invalid');
    }
  });

  test('[GUARD9] updates that build on what is missing: a gap, an unknown neighbour, a circle, a deletion ahead', () => {
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

  test('[GUARD1] the bytes of yjs#687, counts beyond the bytes there are, sections twice, trailing bytes, subdocuments', () => {
    expect(verdict(yjs(), raw(0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 1, 0, 0, 255, 255, 255, 255, 7, 0, 0, 1, 0, 0))).toMatch(/^update_/);
    expect(verdict(yjs(), bytes(2 ** 50))).toBe('update_invalid');
    expect(verdict(yjs(), bytes(1, 2 ** 32, 1, 0))).toBe('update_invalid');
    expect(verdict(yjs(), bytes(2, 1, 1, 0, raw(4), 1, name('x'), name('a'), 1, 1, 0, raw(4), 1, name('x'), name('b'), 0))).toBe(
      'update_invalid',
    );
    expect(verdict(yjs(), bytes(0, 0, 0))).toBe('update_invalid');
    expect(verdict(yjs(), raw())).toBe('update_invalid');
    expect(verdict(yjs(), item(9, name('guid'), raw(126)))).toBe('update_invalid');
    expect(verdict(yjs(), item(4, name('')))).toBe('update_invalid');
    expect(verdict(yjs(), item(4, 2, raw(0xff, 0xfe)))).toBe('update_invalid');
    expect(verdict(yjs(), new Uint8Array(inspectionLimits.updateBytesMax + 1))).toBe('request_too_large');
  });

  test('[GUARD1] an update cut short anywhere', () => {
    const whole = Y.encodeStateAsUpdate(richClient());
    expect(verdict(yjs(), whole)).toBe('accepted');
    for (let length = 0; length < whole.length; length++) expect(verdict(yjs(), whole.subarray(0, length))).toBe('update_invalid');
  });

  test('[GUARD8] bytes of update format v2', () => {
    for (const fill of [
      () => {},
      (client: Y.Doc) => client.getText('t').insert(0, 'abc'),
      (client: Y.Doc) => client.getMap('m').set('k', 1),
    ]) {
      const client = new Y.Doc();
      fill(client);
      expect(verdict(yjs(), Y.encodeStateAsUpdateV2(client))).toBe('update_invalid');
      expect(verdict(yjs(), Y.encodeStateAsUpdate(client))).toBe('accepted');
    }
  });

  test('[GUARD7] random damage: what passes, merges without an error and leaves nothing pending', () => {
    const client = richClient();
    const other = new Y.Doc();
    other.clientID = 9;
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
      { numRuns: 1_500, seed: 687 },
    );
    expect(accepted).toBeGreaterThan(50);
  });
});

test('list items in the flat map of a typed document are passed over', () => {
  const foreign = new Y.Doc();
  foreign.getArray('f').insert(0, ['x', 1]);
  const document = yjs(schema);
  const update = Y.encodeStateAsUpdate(foreign);
  expect(verdict(document, update)).toBe('accepted');
  document.apply([update]);
  expect(document.json()).toEqual({ n: 0, note: '', tags: [] });
});
