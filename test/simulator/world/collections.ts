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

export const simulatedCollections: ReadonlyMap<string, CollectionSchema> = new Map([
  ['carts', { library: 'yjs', schema: fields }],
  ['carts-automerge', { library: 'automerge', schema: fields }],
  ['notes', { library: 'yjs', schema: 'freeform' }],
  ['notes-automerge', { library: 'automerge', schema: 'freeform' }],
]);

/** The collections that clients edit by typed operations. */
export const typedCollections = ['carts', 'carts-automerge'] as const;
