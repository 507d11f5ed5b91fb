// The edits that generated records are made of: valid in the view they are drawn for, over every type of field.

import type { JsonObject } from '@anabranch/base';
import type { CollectionSchema, DocumentOp, ObjectSchema } from '@anabranch/crdt';
import type { SeededRandom } from '../../seeded-random.ts';

const cart: ObjectSchema = {
  type: 'object',
  fields: {
    stock: { type: 'counter' },
    status: { type: 'register' },
    all: { type: 'register', keep: 'all' },
    tags: { type: 'set' },
    gift: { type: 'flag' },
    lines: { type: 'list' },
    note: { type: 'text' },
    items: { type: 'map', of: { type: 'object', fields: { qty: { type: 'counter' }, name: { type: 'register' } } } },
  },
};

export const collections: ReadonlyMap<string, CollectionSchema> = new Map([
  ['carts', { library: 'yjs', schema: cart }],
  ['carts-automerge', { library: 'automerge', schema: cart }],
  ['notes', { library: 'yjs', schema: 'freeform' }],
  ['boards', { library: 'automerge', schema: 'freeform' }],
]);

export const documents: readonly string[] = ['carts/a', 'carts/b', 'carts-automerge/a', 'notes/n', 'boards/b'];

/** `unique` numbers the edits of a record: characters of texts come once in it. */
export function drawEdit(document: string, view: JsonObject, random: SeededRandom, unique: number): DocumentOp[] {
  if (document.startsWith('notes/')) return drawNote(view, random, unique);
  if (document.startsWith('boards/')) return drawBoard(view, random, unique);
  const several = random.chance(0.15) ? 2 : 1;
  // A second operation would be drawn for a view that the first has changed: only those without positions follow.
  return Array.from({ length: several }, (_, nth) => drawTyped(view, random, { unique, isFirst: nth === 0 }));
}

function drawTyped(view: JsonObject, random: SeededRandom, { unique, isFirst }: { unique: number; isFirst: boolean }): DocumentOp {
  const item = `/items/sku-${random.below(2)}`;
  const plain: DocumentOp[] = [
    { op: 'increment', path: '/stock', by: random.below(9) - 3 },
    { op: 'increment', path: `${item}/qty`, by: 1 + random.below(5) },
    { op: 'set', path: '/status', value: random.below(9) },
    { op: 'set', path: '/all', value: random.below(9) },
    { op: 'set', path: `${item}/name`, value: `n${random.below(9)}` },
    { op: 'add', path: '/tags', value: random.below(3) },
    { op: 'remove', path: '/tags', value: random.below(3) },
    { op: 'enable', path: '/gift' },
    { op: 'disable', path: '/gift' },
    { op: 'remove', path: item },
    { op: 'clear', path: random.pick(['/stock', '/status', '/lines', '/tags', '/all']) },
  ];
  if (random.chance(0.02)) return { op: 'remove', path: '' };
  if (!isFirst || random.chance(0.7)) return random.pick(plain);
  return random.chance(0.5) ? drawListOp(view, '/lines', random, unique) : drawTextOp(view, '/note', random, unique);
}

function drawListOp(view: JsonObject, path: string, random: SeededRandom, unique: number): DocumentOp {
  const shown = view[path.slice(1)];
  const length = Array.isArray(shown) ? shown.length : 0;
  if (length === 0 || random.chance(0.5)) return { op: 'insert', path, index: random.below(length + 1), value: unique };
  if (random.chance(0.5)) return { op: 'move', path, from: random.below(length), to: random.below(length) };
  return { op: 'remove', path, index: random.below(length) };
}

function drawTextOp(view: JsonObject, path: string, random: SeededRandom, unique: number): DocumentOp {
  const text = String(view[path.slice(1)] ?? '');
  if (text.length === 0 || random.chance(0.6)) {
    const written = String.fromCharCode(0x4e00 + 2 * unique, 0x4e00 + 2 * unique + 1);
    return { op: 'insert', path, index: random.below(text.length + 1), text: written };
  }
  const index = random.below(text.length);
  return { op: 'delete', path, index, length: Math.min(1 + random.below(3), text.length - index) };
}

function drawNote(view: JsonObject, random: SeededRandom, unique: number): DocumentOp[] {
  if (random.chance(0.4)) return [{ op: 'set', path: `/meta/k${random.below(3)}`, value: { edit: unique, list: [1, 'two', null] } }];
  if (random.chance(0.5)) return [{ op: 'insert', path: '/todo', index: 0, value: unique }];
  return [drawTextOp(view, '/body', random, unique)];
}

function drawBoard(view: JsonObject, random: SeededRandom, unique: number): DocumentOp[] {
  if (!Array.isArray(view['cards'])) {
    return [
      { op: 'set', path: '/title', value: `board ${unique}` },
      { op: 'set', path: '/cards', value: [] },
    ];
  }
  if (random.chance(0.6)) return [{ op: 'insert', path: '/cards', index: 0, value: { text: `card ${unique}`, done: false, n: 1.5 } }];
  return [{ op: 'set', path: random.pick(['/title', '/extra']), value: `t${unique}` }];
}
