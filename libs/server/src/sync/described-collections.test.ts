// What a client is told of a collection that it describes otherwise than the region.

import { canonicalJson, type JsonValue } from '@anabranch/base';
import { parseDocumentId } from '@anabranch/protocol';
import { describe, expect, test } from 'vitest';
import { DescribedCollections } from './described-collections.ts';

const object = (fields: Readonly<Record<string, JsonValue>>) => ({ type: 'object', fields });
const region = {
  library: 'yjs',
  schema: object({
    items: { type: 'map', of: object({ qty: { type: 'counter' }, name: { type: 'register' } }) },
    stock: { type: 'boundedCounter', min: 0 },
    note: { type: 'text' },
  }),
};
const document = parseDocumentId('carts/ann');

function refusal(ofClient: string | undefined) {
  const definitions = new Map([['carts', canonicalJson(region)]]);
  const described = new DescribedCollections(definitions, ofClient === undefined ? [] : [{ name: 'carts', definition: ofClient }]);
  return { isAgreed: described.agreesOn(document), error: described.refusalOf(document) };
}
const differences = (schema: JsonValue, library = 'yjs'): unknown =>
  refusal(canonicalJson({ library, schema })).error.details['differences'];
const { fields } = region.schema;

describe('[DOCS6] a client that describes a collection otherwise is told', () => {
  test('nothing when it does not', () => {
    expect(refusal(canonicalJson(region)).isAgreed).toBe(true);
  });

  test('the collection, the field, and what it is here and there', () => {
    const schema = object({ ...fields, items: { type: 'map', of: object({ qty: { type: 'register' }, name: { type: 'register' } }) } });
    const { isAgreed, error } = refusal(canonicalJson({ library: 'yjs', schema }));
    expect([isAgreed, error.code]).toEqual([false, 'collection_differs']);
    expect(error.details).toEqual({
      document: 'carts/ann',
      collection: 'carts',
      differences: ['/items/*/qty is register in the client, counter in the region'],
    });
    expect(error.message).toBe(
      'carts/ann: the client describes the collection carts otherwise than the region: ' +
        '/items/*/qty is register in the client, counter in the region',
    );
  });

  test('of fields that are missing, and of bounds', () => {
    const { note: _, ...others } = fields;
    expect(differences(object({ ...others, stock: { type: 'boundedCounter', min: 0, max: 9 }, gift: { type: 'flag' } }))).toEqual([
      '/note is missing in the client, text in the region',
      '/stock is boundedCounter (max 9, min 0) in the client, boundedCounter (min 0) in the region',
      '/gift is flag in the client, missing in the region',
    ]);
  });

  test('of the library, and of a collection without fields', () => {
    expect(differences('freeform', 'automerge')).toEqual([
      'library is automerge in the client, yjs in the region',
      '/ is freeform in the client, object in the region',
    ]);
  });

  test('the first ones, when there are many, and no more text than that', () => {
    const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, at) => [`f${at}${'x'.repeat(200)}`, { type: 'y'.repeat(500) }]));
    const told = differences(object({ ...fields, ...many })) as readonly string[];
    expect(told).toHaveLength(4);
    expect(told[3]).toBe('and more');
    expect(told.join('').length).toBeLessThan(1_000);
  });

  test('that it describes none, or what is no description', () => {
    const differs = { document: 'carts/ann', collection: 'carts', differences: ['the client does not describe it'] };
    expect(refusal(undefined).error.details).toEqual(differs);
    const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`;
    for (const text of ['{}', 'no JSON', '[]', deep, `{"library":"yjs","schema":{"type":"object","fields":${deep}}}`]) {
      expect(refusal(text).error.message.length, text.slice(0, 20)).toBeLessThan(1_000);
    }
    expect(differences({ ...region.schema, title: 'cart' })).toEqual(['/ is object (title cart) in the client, object in the region']);
    expect(refusal(canonicalJson({ ...region, title: 'carts' })).error.details['differences']).toEqual([
      'it has members that no collection or field has',
    ]);
  });
});
