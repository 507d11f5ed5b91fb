import { describe, expect, test } from 'vitest';
import { createDocument } from './create-document.ts';
import type { ObjectSchema } from './schema.ts';

const schema: ObjectSchema = { type: 'object', fields: { qty: { type: 'counter' }, note: { type: 'text' } } };

describe.each(['yjs', 'automerge'] as const)('%s', (library) => {
  const documentOf = (digit: string) =>
    createDocument({ library, schema }, { yjsClientId: 2 ** 32 + Number(digit), automergeActor: digit.repeat(32) });
  const author = (dot: number) => ({ writer: 'berlin.000000000001', dot, hlc: { ms: dot, counter: 0 } });

  test('[SYNC7] merging tells whether it brought anything new: content, deletions, or only what was there', () => {
    const [writer, reader] = [documentOf('1'), documentOf('2')];
    const inserted = writer.edit(author(1), [{ op: 'insert', path: '/note', index: 0, text: 'abc' }]) ?? new Uint8Array();
    const deleted = writer.edit(author(2), [{ op: 'delete', path: '/note', index: 1, length: 1 }]) ?? new Uint8Array();
    expect(reader.apply([inserted])).toBe(true);
    expect(reader.apply([inserted])).toBe(false);
    expect(reader.apply([deleted])).toBe(true);
    expect(reader.apply([deleted, inserted])).toBe(false);
    expect(reader.apply([writer.encodeState()])).toBe(false);
    expect(reader.json()).toEqual(writer.json());
  });
});
