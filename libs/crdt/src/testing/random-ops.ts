// The operations random histories are made of.

import type { JsonObject } from '@anabranch/base';
import fc from 'fast-check';
import type { DocumentOp } from '../document-op.ts';
import type { ObjectSchema } from '../schema.ts';

export const schema: ObjectSchema = {
  type: 'object',
  fields: {
    stock: { type: 'counter' },
    status: { type: 'register' },
    all: { type: 'register', keep: 'all' },
    tags: { type: 'set' },
    gift: { type: 'flag' },
    lines: { type: 'list' },
    note: { type: 'text' },
    items: {
      type: 'map',
      of: {
        type: 'object',
        fields: {
          qty: { type: 'counter' },
          name: { type: 'register' },
          tags: { type: 'set' },
          gift: { type: 'flag' },
          parts: { type: 'list' },
          memo: { type: 'text' },
          deep: { type: 'map', of: { type: 'map', of: { type: 'counter' } } },
        },
      },
    },
  },
};
export const textPaths = ['/note', '/items/a/memo', '/items/b/memo'];

/** One step of a history, drawn as plain numbers so that failing cases shrink. */
export type Step =
  | { readonly kind: 'edit'; readonly at: number; readonly field: number; readonly a: number; readonly b: number }
  | { readonly kind: 'deliver'; readonly from: number; readonly to: number; readonly countMax: number; readonly twice: boolean };

export const steps = (lengthMax: number): fc.Arbitrary<Step[]> =>
  fc.array(
    fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({ kind: fc.constant('edit' as const), at: fc.nat(4), field: fc.nat(99), a: fc.nat(9), b: fc.nat(9) }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          kind: fc.constant('deliver' as const),
          from: fc.nat(4),
          to: fc.nat(4),
          countMax: fc.nat(6),
          twice: fc.boolean(),
        }),
      },
    ),
    { maxLength: lengthMax, size: 'max' },
  );

export function at(view: JsonObject, path: string): unknown {
  let value: unknown = view;
  for (const segment of path.slice(1).split('/')) value = (value as Record<string, unknown> | undefined)?.[segment];
  return value;
}

/** Operations that are valid in this view. Characters of texts are unique in the whole history. */
export function drawOps(view: JsonObject, step: Extract<Step, { kind: 'edit' }>, unique: number, hasTexts: boolean): DocumentOp[] {
  const { field, a, b } = step;
  const key = `/items/${'ab'[a % 2]}`;
  const isTop = a < 4;
  const tags = isTop ? '/tags' : `${key}/tags`;
  const kind = kinds[field % kinds.length] ?? 'several';
  const drawn: Record<Kind, () => DocumentOp[]> = {
    increment: () => [drawCount(isTop ? '/stock' : `${key}/qty`, a, b - 4)],
    deep: () => [{ op: 'increment', path: `${key}/deep/${b % 2}/x`, by: b - 3 }],
    set: () => [{ op: 'set', path: isTop ? (['/status', '/all'][b % 2] ?? '') : `${key}/name`, value: b }],
    add: () => [{ op: 'add', path: tags, value: b % 3 }],
    take: () => [{ op: 'remove', path: tags, value: b % 3 }],
    flag: () => [{ op: b % 3 ? 'enable' : 'disable', path: isTop ? '/gift' : `${key}/gift` }],
    list: () => drawListOps(view, isTop ? '/lines' : `${key}/parts`, step, unique),
    text: () => (hasTexts ? drawTextOps(view, isTop ? '/note' : `${key}/memo`, step, unique) : []),
    remove: () => [{ op: 'remove', path: b % 3 ? key : `${key}/deep/${b % 2}` }],
    clear: () => [{ op: 'clear', path: ['/stock', '/status', '/lines', `${key}/deep`, '/all', '/note', `${key}/qty`][b % 7] ?? '' }],
    several: () => (b === 0 ? [{ op: 'remove', path: '' }] : severalOps(key, b)),
  };
  return drawn[kind]();
}

type Kind = 'increment' | 'deep' | 'set' | 'add' | 'take' | 'flag' | 'list' | 'text' | 'remove' | 'clear' | 'several';
/** By weight. */
const kinds: readonly Kind[] = [
  ...(['increment', 'increment', 'deep', 'set', 'add', 'take', 'flag', 'list', 'list', 'list'] as const),
  ...(['text', 'text', 'remove', 'remove', 'clear', 'several'] as const),
];

function drawCount(path: string, a: number, by: number): DocumentOp {
  return by < 0 && a % 2 === 0 ? { op: 'decrement', path, by: -by } : { op: 'increment', path, by };
}

/** One edit of several operations, each seeing the ones before. */
function severalOps(key: string, b: number): DocumentOp[] {
  return [
    { op: 'increment', path: `${key}/qty`, by: 2 },
    { op: 'remove', path: key },
    { op: 'increment', path: `${key}/qty`, by: b },
    { op: 'add', path: `${key}/tags`, value: b % 3 },
  ];
}

function drawListOps(view: JsonObject, path: string, { field, a, b }: Extract<Step, { kind: 'edit' }>, unique: number): DocumentOp[] {
  const list = (at(view, path) ?? []) as unknown[];
  if (list.length === 0 || field % 3 === 0) {
    return [
      { op: 'insert', path, index: (a * b) % (list.length + 1), value: unique },
      { op: 'insert', path, index: b % (list.length + 2), value: -unique },
    ];
  }
  if (field % 3 === 1) return [{ op: 'move', path, from: a % list.length, to: b % list.length }];
  return [{ op: 'remove', path, index: b % list.length }];
}

function drawTextOps(view: JsonObject, path: string, { field, a, b }: Extract<Step, { kind: 'edit' }>, unique: number): DocumentOp[] {
  const text = String(at(view, path) ?? '');
  if (text.length === 0 || field % 7 < 4) {
    const written = String.fromCharCode(0x4e00 + 2 * unique, 0x4e00 + 2 * unique + 1);
    return [{ op: 'insert', path, index: (a * 3 + b) % (text.length + 1), text: written }];
  }
  const index = b % text.length;
  return [{ op: 'delete', path, index, length: Math.min(1 + (a % 3), text.length - index) }];
}
