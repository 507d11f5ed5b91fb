// A replica of a document with bounded counters, as the named cases use it.

import { type AnabranchError, isAnabranchError } from '@anabranch/base';
import type { Author, CrdtDocument } from '../crdt-document.ts';
import { createDocument } from '../create-document.ts';
import type { DocumentOp } from '../document-op.ts';
import type { EscrowAct, Rights } from '../escrow.ts';
import type { Library, ObjectSchema } from '../schema.ts';

const depot: ObjectSchema = {
  type: 'object',
  fields: {
    stock: { type: 'boundedCounter', min: 0 },
    balance: { type: 'boundedCounter', min: -10, max: 7, split: ['berlin', 'tokyo', 'lima'] },
    seats: { type: 'boundedCounter', max: 3, split: ['berlin'] },
    items: { type: 'map', of: { type: 'object', fields: { left: { type: 'boundedCounter', min: 0 }, name: { type: 'register' } } } },
    sold: { type: 'counter' },
    note: { type: 'text' },
  },
};

export class DepotReplica {
  readonly document: CrdtDocument;
  readonly origin: string;
  readonly #updates = new Set<Uint8Array>();
  #dot = 0;

  /** `identity` numbers the replica: two of them never share one. */
  constructor(library: Library, origin: string, identity: number) {
    this.origin = origin;
    this.document = createDocument(
      { library, schema: depot },
      { yjsClientId: 2 ** 32 + identity, automergeActor: String(identity).padStart(32, '0') },
    );
  }

  do(...ops: DocumentOp[]): this {
    return this.#made(this.document.edit(this.#author(), ops));
  }

  /** The same, vouching for every holder of the own region. */
  doVouching(...ops: DocumentOp[]): this {
    return this.#made(this.document.edit({ ...this.#author(), mayTakeOver: () => true }, ops));
  }

  escrow(...acts: EscrowAct[]): this {
    return this.#made(this.document.escrow(this.#author(), acts));
  }

  receive(other: DepotReplica): this {
    const missing = [...other.#updates].filter((update) => !this.#updates.has(update));
    this.document.apply(missing);
    for (const update of missing) this.#updates.add(update);
    return this;
  }

  field(name: string): unknown {
    return this.document.json()[name];
  }

  rights(path: string, holder: string = this.origin): Rights {
    return this.document.rights(path)?.holders.get(holder) ?? { down: 0, up: 0 };
  }

  get updateCount(): number {
    return this.#updates.size;
  }

  #author(): Author {
    this.#dot += 1;
    return { writer: this.origin, dot: this.#dot, hlc: { ms: this.#dot, counter: 0 } };
  }

  #made(update: Uint8Array | undefined): this {
    if (update !== undefined) this.#updates.add(update);
    return this;
  }
}

export function meet(...replicas: DepotReplica[]): void {
  for (const a of replicas) for (const b of replicas) a.receive(b);
  for (const a of replicas) for (const b of replicas) a.receive(b);
}

/** The refusal of what must be refused. */
export function refusalOf(attempt: () => unknown): AnabranchError {
  try {
    attempt();
  } catch (error) {
    if (isAnabranchError(error)) return error;
    throw error;
  }
  throw new Error('it was not refused');
}
