// What is wrong with a value that comes from outside, in plain words: the texts of the validation library speak of its types and of
// its programs, and reach nobody. A schema's own text, where it has one, is said instead.

import type { z } from 'zod';

/** Of a wrong text in the words. */
const shownUnitsMax = 40;
const shownKeysMax = 5;

const kinds: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  record: 'an object',
  null: 'null',
};

/** As `safeParse`, with issues whose messages complete the sentence "path: ...". */
export function validate<T>(schema: z.ZodType<T>, value: unknown): z.ZodSafeParseResult<T> {
  return schema.safeParse(value, { error: wordsOf });
}

/** The first issue with its place; `whole` names the value itself. */
export function faultText({ issues }: z.ZodError, whole: string): string {
  const [issue] = issues;
  const where = issue === undefined || issue.path.length === 0 ? whole : issue.path.join('.');
  return `${where}: ${issue?.message ?? 'not valid'}`;
}

function wordsOf(issue: z.core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'invalid_type':
      return instead(kinds[issue.expected] ?? 'another value', issue.input);
    case 'invalid_value':
      return instead(choice(issue.values), issue.input);
    case 'too_small':
      return bounded('at least', Number(issue.minimum), issue);
    case 'too_big':
      return bounded('at most', Number(issue.maximum), issue);
    case 'unrecognized_keys':
      return unknownKeys(issue.keys);
    case 'invalid_format':
      return 'characters that are not allowed';
    case 'invalid_key':
      return issue.issues[0]?.message ?? 'no name that is allowed';
    case 'invalid_union':
      return ofUnion(issue);
    default:
      return 'not valid';
  }
}

function unknownKeys(keys: readonly string[]): string {
  const named = keys.slice(0, shownKeysMax).map((key) => key.slice(0, shownUnitsMax));
  const others = keys.length > shownKeysMax ? ` and ${keys.length - shownKeysMax} more` : '';
  return `unknown key${keys.length === 1 ? '' : 's'} ${named.join(', ')}${others}`;
}

function ofUnion(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string {
  const { options, discriminator, input } = issue as { options?: readonly unknown[]; discriminator?: string; input?: unknown };
  if (options === undefined || discriminator === undefined) return 'none of the forms that are allowed';
  return instead(choice(options), typeof input === 'object' && input !== null ? Reflect.get(input, discriminator) : undefined);
}

function bounded(atLeast: string, bound: number, { origin, input }: { readonly origin?: unknown; readonly input?: unknown }): string {
  if (origin === 'string') return `${atLeast} ${bound} ${bound === 1 ? 'character' : 'characters'}`;
  if (origin === 'array') return `${atLeast} ${bound} ${bound === 1 ? 'item' : 'items'}`;
  return `${atLeast} ${bound}, not ${shown(input)}`;
}

function choice(values: readonly unknown[]): string {
  return values.length === 1 ? shown(values[0]) : `one of ${values.map(String).join(', ')}`;
}

function instead(wanted: string, input: unknown): string {
  return input === undefined ? `${wanted} is needed` : `${wanted}, not ${shown(input)}`;
}

/** Lists and objects are not echoed: they may be long. */
function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object' && value !== null) return 'an object';
  const text = JSON.stringify(value) ?? String(value);
  return text.length > shownUnitsMax ? `${text.slice(0, shownUnitsMax)}...` : text;
}
