// What the simulated regions serve: every field type, on both libraries, and a freeform collection of each.

import type { CollectionSchema, ObjectSchema } from '@anabranch/crdt';

const fields: ObjectSchema = {
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
        fields: { qty: { type: 'counter' }, name: { type: 'register' }, tags: { type: 'set' }, gift: { type: 'flag' } },
      },
    },
  },
};

const depot: ObjectSchema = {
  type: 'object',
  fields: {
    stock: { type: 'boundedCounter', min: 0 },
    level: { type: 'boundedCounter', min: -40, max: 40, split: ['berlin', 'lagos'] },
    items: { type: 'map', of: { type: 'object', fields: { left: { type: 'boundedCounter', min: 0 } } } },
    moved: { type: 'counter' },
  },
};

export const simulatedCollections: ReadonlyMap<string, CollectionSchema> = new Map([
  ['carts', { library: 'yjs', schema: fields }],
  ['carts-automerge', { library: 'automerge', schema: fields }],
  ['depots', { library: 'yjs', schema: depot }],
  ['depots-automerge', { library: 'automerge', schema: depot }],
  ['notes', { library: 'yjs', schema: 'freeform' }],
  ['notes-automerge', { library: 'automerge', schema: 'freeform' }],
]);

/** The collections that clients edit by typed operations. */
export const typedCollections = ['carts', 'carts-automerge'] as const;

/** Documents with bounded counters. What transactions move between them they count in `moved`, which adds up to nothing. */
export const depots = ['depots/d0', 'depots/d1', 'depots-automerge/d0', 'depots-automerge/d1'] as const;

export function isDepot(document: string): boolean {
  return document.startsWith('depots');
}
