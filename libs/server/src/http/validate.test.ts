import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { faultText, validate } from './validate.ts';

function faultOf(schema: z.ZodType, value: unknown): string {
  const { success, error } = validate(schema, value);
  return success ? 'none' : faultText(error, 'the whole');
}

const long = 'x'.repeat(100);
const keys = Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`k${at}`, at]));

describe('[DOOR11] a value that a schema refuses', () => {
  test.each<[z.ZodType, unknown, string]>([
    [z.string(), 7, 'the whole: a text, not 7'],
    [z.string(), undefined, 'the whole: a text is needed'],
    [z.number(), 'seven', 'the whole: a number, not "seven"'],
    [z.number(), long, `the whole: a number, not "${'x'.repeat(39)}...`],
    [z.int(), 1.5, 'the whole: a whole number, not 1.5'],
    [z.int(), 2 ** 53, 'the whole: at most 9007199254740991, not 9007199254740992'],
    [z.boolean(), null, 'the whole: true or false, not null'],
    [z.array(z.string()), {}, 'the whole: a list, not an object'],
    [z.record(z.string(), z.string()), [], 'the whole: an object, not a list'],
    [z.string().min(2), 'a', 'the whole: at least 2 characters'],
    [z.string().max(1), 'ab', 'the whole: at most 1 character'],
    [z.array(z.string()).max(2), ['', '', ''], 'the whole: at most 2 items'],
    [z.number().min(1), 0, 'the whole: at least 1, not 0'],
    [z.literal('reclaim'), 'claim', 'the whole: "reclaim", not "claim"'],
    [z.enum(['yjs', 'automerge']), 'loro', 'the whole: one of yjs, automerge, not "loro"'],
    [z.string().regex(/^a$/), 'b', 'the whole: characters that are not allowed'],
    [z.string().regex(/^a$/, 'only an a'), 'b', 'the whole: only an a'],
    [z.strictObject({}), { a: 1 }, 'the whole: unknown key a'],
    [z.strictObject({}), keys, 'the whole: unknown keys k0, k1, k2, k3, k4 and 2 more'],
    [z.union([z.literal('a'), z.array(z.string())]), 7, 'the whole: none of the forms that are allowed'],
    [z.record(z.string().max(1), z.int()), { ab: 1 }, 'ab: at most 1 character'],
  ])('is told of in plain words: %#', (schema, value, words) => {
    expect(faultOf(schema, value)).toBe(words);
  });

  test('is told of with its place', () => {
    const shape = z.discriminatedUnion('type', [z.strictObject({ type: z.literal('a') }), z.strictObject({ type: z.literal('b') })]);
    const schema = z.strictObject({ list: z.array(shape) });
    expect(faultOf(schema, { list: [{ type: 'a' }, { type: 'c' }] })).toBe('list.1.type: one of a, b, not "c"');
    expect(faultOf(schema, { list: [{}] })).toBe('list.0.type: one of a, b is needed');
    expect(faultOf(schema, { list: [{ type: 'a' }] })).toBe('none');
  });
});
