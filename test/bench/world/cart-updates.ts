// CRDT updates as clients and regions make them, prepared before anything is timed.

import { hlcZero, type OriginId } from '@anabranch/causality';
import { type CrdtDocument, createDocument, type DocumentIdentity, identityOf } from '@anabranch/crdt';
import { benchCollections, benchPorts } from './bench-replica.ts';

export interface CartWriterOptions {
  readonly collection?: string;
  readonly identity?: DocumentIdentity;
}

/** Makes one small update of a shopping cart after the other: an article's quantity goes up. */
export class CartWriter {
  readonly #writer: OriginId;
  readonly #cart: CrdtDocument;

  /** As a region writes, unless it is given the identity of a client. */
  constructor(writer: OriginId, { collection = 'carts', identity = identityOf(writer, benchPorts.hash) }: CartWriterOptions = {}) {
    const schema = benchCollections.get(collection);
    if (schema === undefined) throw new Error(`there is no collection ${collection}`);
    this.#writer = writer;
    this.#cart = createDocument(schema, identity);
  }

  /** `dot` is a number that this writer has not used yet. */
  next(dot: number): Uint8Array {
    const author = { writer: this.#writer, dot, hlc: { ...hlcZero, ms: dot } };
    const update = this.#cart.edit(author, [{ op: 'increment', path: `/items/sku-${dot % 5}/qty`, by: 1 }]);
    if (update === undefined) throw new Error('an increment always changes the cart');
    return update;
  }
}
