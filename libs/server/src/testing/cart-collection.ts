// A collection with every type of field, and documents of it, for the tests of patches.

import type { Author, CollectionSchema, CrdtDocument, DocumentOp, Library, ObjectSchema } from '@anabranch/crdt';
import { createDocument } from '@anabranch/crdt';

const cartSchema: ObjectSchema = {
  type: 'object',
  fields: {
    items: {
      type: 'map',
      of: { type: 'object', fields: { qty: { type: 'counter' }, name: { type: 'register' }, tags: { type: 'set' } } },
    },
    coupons: { type: 'set' },
    gift: { type: 'flag' },
    status: { type: 'register' },
    rivals: { type: 'register', keep: 'all' },
    lines: { type: 'list' },
    note: { type: 'text' },
    labels: { type: 'map', of: { type: 'register' } },
    total: { type: 'counter' },
    stock: { type: 'boundedCounter', min: 0 },
  },
};

export function cartCollection(library: Library): CollectionSchema {
  return { library, schema: cartSchema };
}

/** A document and its editor: each edit is one update of one replica. */
export class CartDocument {
  readonly crdt: CrdtDocument;
  #edits = 0;

  constructor(library: Library) {
    this.crdt = createDocument(cartCollection(library), { yjsClientId: 2 ** 40, automergeActor: '0c'.repeat(16) });
  }

  edit(...ops: readonly DocumentOp[]): void {
    this.#edits += 1;
    const author: Author = { writer: 'berlin.5f0c12ab90de', dot: this.#edits, hlc: { ms: 1_700_000_000_000 + this.#edits, counter: 0 } };
    this.crdt.edit(author, ops);
  }
}
