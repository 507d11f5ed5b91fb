// Replicas of one cart, as the named cases of the merge rules use them.

import { type Hash, toHex } from '@anabranch/base';
import { digest } from 'lib0/hash/sha256';
import type { CrdtDocument } from '../crdt-document.ts';
import { createDocument } from '../create-document.ts';
import type { DocumentOp } from '../document-op.ts';
import type { CollectionSchema, Library } from '../schema.ts';

export const cart: CollectionSchema['schema'] = {
  type: 'object',
  fields: {
    items: {
      type: 'map',
      of: {
        type: 'object',
        fields: {
          qty: { type: 'counter' },
          name: { type: 'register' },
          tags: { type: 'set' },
          parts: { type: 'list' },
          memo: { type: 'text' },
          sizes: { type: 'map', of: { type: 'counter' } },
        },
      },
    },
    coupons: { type: 'set' },
    gift: { type: 'flag' },
    status: { type: 'register' },
    seen: { type: 'register', keep: 'all' },
    lines: { type: 'list' },
    note: { type: 'text' },
  },
};

export const hash: Hash = {
  sha256: digest,
  hmacSha256: () => {
    throw new Error('documents ask for no keyed hash');
  },
};

/** One replica: a document, its author's stamps, and the updates it made or received. */
export class Replica {
  readonly document: CrdtDocument;
  readonly #writer: string;
  #dot = 0;
  #wallMs = 0;
  readonly updates = new Set<Uint8Array>();

  constructor(library: Library, index: number, schema: CollectionSchema['schema'] = cart) {
    this.#writer = `r${index}.000000000000`;
    this.document = createDocument({ library, schema }, { yjsClientId: 2 ** 32 + index, automergeActor: String(index).padStart(32, '0') });
  }

  /** Sets the replica's clock, which else counts its edits. */
  at(wallMs: number): this {
    this.#wallMs = wallMs - 1;
    return this;
  }

  do(...ops: DocumentOp[]): this {
    const update = this.document.edit({ writer: this.#writer, dot: ++this.#dot, hlc: { ms: ++this.#wallMs, counter: 0 } }, ops);
    if (update !== undefined) this.updates.add(update);
    return this;
  }

  receive(other: Replica): this {
    const missing = [...other.updates].filter((update) => !this.updates.has(update));
    this.document.apply(missing);
    for (const update of missing) this.updates.add(update);
    return this;
  }

  field(name: string): unknown {
    return this.document.json()[name];
  }

  digest(): string {
    return toHex(this.document.digest(hash));
  }
}

/** Brings every replica to the same updates. */
export function sync(...replicas: Replica[]): void {
  for (const a of replicas) for (const b of replicas) a.receive(b);
  for (const a of replicas) for (const b of replicas) a.receive(b);
}
