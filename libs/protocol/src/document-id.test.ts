import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { documentIdLengthMax, readDocumentId } from './document-id.ts';
import { BoundedReader, ByteWriter, collectionOf, documentIdOf, isCollectionName, localIdOf, parseDocumentId } from './index.ts';
import { documentId } from './testing/arbitrary-op.ts';
import { refusalOf } from './testing/refusal.ts';

const hostileIds = [
  ['nothing', ''],
  ['this folder', '.'],
  ['the folder above', '..'],
  ['a way up', '../etc/passwd'],
  ['a way up, encoded', '%2e%2e%2f'],
  ['a way up, encoded twice', '%252e%252e'],
  ['a backslash', 'a\\b'],
  ['a slash', 'a/b'],
  ['a NUL', 'a\0'],
  ['a NUL, encoded', 'a%00'],
  ['a line end', 'a\n'],
  ['a carriage return', 'a\r'],
  ['a delete character', 'a\x7f'],
  ['a space', 'a b'],
  ['a wildcard', '*'],
  ['a subject wildcard', '>'],
  ['a query', 'a?b'],
  ['a fragment', 'a#b'],
  ['a colon', 'a:b'],
  ['a composed accent', '\u00e9'],
  ['a decomposed accent', 'e\u0301'],
  ['a Cyrillic twin', '\u0430'],
  ['a full-width twin', '\uff41'],
  ['a zero-width joiner', 'a\u200db'],
  ['a direction override', 'a\u202eb'],
  ['a byte order mark', '\ufeffa'],
  ['a lone surrogate', '\ud800'],
  ['10 kB', 'a'.repeat(10_240)],
] as const;

const hostileCollections = ['', 'A', '9a', '-a', 'a.b', 'a_b', 'a/b', '..', 'a b', 'a\n', '\u00e9', 'a'.repeat(64)];

describe('[DOOR15] a document id has one spelling', () => {
  test('which is split and joined without loss', () => {
    fc.assert(
      fc.property(documentId, (document) => {
        const [collection, id] = [collectionOf(document), localIdOf(document)];
        expect(documentIdOf(collection, id)).toBe(document);
        expect(parseDocumentId(document)).toBe(document);
        expect(isCollectionName(collection)).toBe(true);
        expect(document.length).toBeLessThanOrEqual(documentIdLengthMax);
        // It is its own place in a URL: nothing encodes, folds or resolves it away.
        expect(new URL(`http://region/v1/docs/${document}`).pathname).toBe(`/v1/docs/${document}`);
        expect(encodeURIComponent(id)).toBe(id);
      }),
    );
  });

  test('any text is refused, or is the id itself', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab9/.%2-~_A \0\n\u00e9'), maxLength: 8 });
    fc.assert(
      fc.property(text, text, (collection, id) => {
        const refusal = refusalOf(() => documentIdOf(collection, id));
        if (refusal === undefined)
          expect([collectionOf(documentIdOf(collection, id)), localIdOf(documentIdOf(collection, id))]).toEqual([collection, id]);
        else expect(refusal).toBe('document_id_invalid');
      }),
      { numRuns: 1_000 },
    );
  });

  test.each(hostileIds)('%s is no id', (_, id) => {
    expect(refusalOf(() => documentIdOf('carts', id))).toBe('document_id_invalid');
    expect(refusalOf(() => parseDocumentId(`carts/${id}`))).toBe('document_id_invalid');
    const bytes = new ByteWriter().text(`carts/${id}`).finish();
    expect(refusalOf(() => readDocumentId(new BoundedReader(bytes)))).toBe('frame_invalid');
  });

  test.each(hostileCollections)('%j is no collection', (collection) => {
    expect(isCollectionName(collection)).toBe(false);
    expect(refusalOf(() => documentIdOf(collection, 'a'))).toBe('document_id_invalid');
    expect(refusalOf(() => parseDocumentId(`${collection}/a`))).toBe('document_id_invalid');
  });

  test.each(['carts', 'carts/', '/a', '/', 'carts//a', 'carts/a/', ' carts/a'])('%j names no document', (text) => {
    expect(refusalOf(() => parseDocumentId(text))).toBe('document_id_invalid');
  });

  test.each(['...', '.a', 'a.', '-', '~', '_', 'A', '0'])('%j is an id like any other', (id) => {
    expect(documentIdOf('carts', id)).toBe(`carts/${id}`);
  });

  test('[WIRE4] 63 characters of collection and 200 of id are taken, one more is refused', () => {
    const [collection, id] = ['c'.repeat(63), 'i'.repeat(200)];
    expect(documentIdOf(collection, id)).toHaveLength(documentIdLengthMax);
    expect(refusalOf(() => documentIdOf(`${collection}c`, id))).toBe('document_id_invalid');
    expect(refusalOf(() => documentIdOf(collection, `${id}i`))).toBe('document_id_invalid');
  });
});
