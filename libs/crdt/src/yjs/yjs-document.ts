// A document kept by Yjs. It stands between the caller's typed operations and one Y.Doc; what the fields mean is decided
// by the typed tree or the freeform rules, this class only keeps Yjs in order:
//
// Invariant 1: every local edit is made under the identity's clientID. Yjs replaces a document's clientID silently when
//              it meets its own id in a remote update (loading the own history is enough), so it is set before each edit.
// Invariant 2: merging never writes. Yjs tidies formatting marks after remote changes on its own; those deletions would be
//              in no op, and digests of replicas that received ops in other batches would differ. So once observers have
//              run, the tidying is called off, and the transaction is declared local, which calls off the replacing of
//              ids. (Not before: during observers, remote transactions drop the position caches of texts.)
// Invariant 3: `apply` trusts its bytes: they were inspected, or read whole from the log. It does not decode them a second
//              time to see whether they are sound; if they are not it throws, and may have merged a part of them.
// Invariant 4: the library encodes an update for each transaction while somebody listens for updates, so the document
//              listens during its own edits only: merging would pay for bytes that nobody needs.
// Invariant 5: in a freeform document, transactions of `apply` and of edits have this object as their origin, so that what an
//              editor writes in answer to them can be told apart, and is not undone by it.

import { assert, canonicalJson, concatBytes, encodeUtf8, type Hash, type JsonObject } from '@anabranch/base';
import * as Y from 'yjs';
import type { InflateRaw } from '../automerge/column-scan.ts';
import type { Author, CrdtDocument } from '../crdt-document.ts';
import type { DocumentIdentity } from '../document-identity.ts';
import type { DocumentOp } from '../document-op.ts';
import type { EscrowAct, RightsView } from '../escrow.ts';
import type { LogAuthors } from '../log-authors.ts';
import type { CollectionSchema } from '../schema.ts';
import { listBoundedCounters, noBoundedCounters, readRights } from '../typed/read-rights.ts';
import { writesBoundedCounter } from '../update-refusal.ts';
import { inspectYjsUpdate } from './inspect-yjs-update.ts';
import { QuietDoc } from './quiet-doc.ts';
import { YjsFreeform } from './yjs-freeform.ts';
import { YjsTyped } from './yjs-typed.ts';

/** What a document holds, in the collection's terms. */
interface YjsContent {
  readonly exists: boolean;
  json(): JsonObject;
  /** Writes to the Y.Doc, or throws before it has. */
  edit(author: Author, ops: readonly DocumentOp[]): void;
  /** Called after each transaction, when the observers have run. */
  transacted(): void;
}

export class YjsDocument implements CrdtDocument {
  readonly library = 'yjs';
  /** The library's document: read it, and merge into it through {@link apply} only. */
  readonly doc: Y.Doc;
  readonly #clientId: number;
  readonly #content: YjsContent;
  /** The update of the edit being made. */
  #produced: Uint8Array | undefined;
  readonly #capture = (update: Uint8Array, origin: unknown): void => {
    if (!this.isTyped && origin !== this) return;
    assert(this.#produced === undefined, 'an edit is one transaction');
    this.#produced = update;
  };

  constructor(schema: CollectionSchema['schema'], identity: DocumentIdentity) {
    this.doc = new QuietDoc({ gc: true });
    this.doc.on('afterTransaction', (transaction: Y.Transaction) => {
      transaction._needFormattingCleanup = false;
      transaction.local = true;
      this.#content.transacted();
    });
    this.#clientId = identity.yjsClientId;
    this.#content = schema === 'freeform' ? new YjsFreeform(this.doc, this) : new YjsTyped(this.doc, schema);
  }

  apply(updates: readonly Uint8Array[]): boolean {
    return this.doc.transact((transaction) => {
      for (const update of updates) Y.applyUpdate(this.doc, update);
      return transaction.deleteSet.clients.size > 0 || hasNewStructs(transaction);
    }, this);
  }

  /** See inspectUpdate. */
  inspect(update: Uint8Array, _inflateRaw?: InflateRaw, authors?: LogAuthors): void {
    const scanned = inspectYjsUpdate(this.doc, this.#clientId, update, authors);
    if (this.#content instanceof YjsTyped && this.#content.writesBounded(scanned)) throw writesBoundedCounter();
  }

  edit(author: Author, ops: readonly DocumentOp[]): Uint8Array | undefined {
    return this.#produce(() => this.#content.edit(author, ops));
  }

  escrow(author: Author, acts: readonly EscrowAct[]): Uint8Array | undefined {
    const content = this.#content;
    if (!(content instanceof YjsTyped)) throw noBoundedCounters();
    return this.#produce(() => content.escrow(author, acts));
  }

  rights(path: string): RightsView | undefined {
    return this.#content instanceof YjsTyped ? readRights(this.#content.tree, path) : undefined;
  }

  boundedCounters(): readonly string[] {
    return this.#content instanceof YjsTyped ? listBoundedCounters(this.#content.tree) : [];
  }

  get boundedWrites(): number {
    return this.#content instanceof YjsTyped ? this.#content.tree.boundedWrites : 0;
  }

  get isTyped(): boolean {
    return this.#content instanceof YjsTyped;
  }

  /** True within a transaction of the library, and while its observers are called: what is written then is put off. */
  get isInTransaction(): boolean {
    return this.doc._transaction !== null || this.doc._transactionCleanups.length > 0;
  }

  rehearse(author: Author, ops: readonly DocumentOp[]): void {
    if (this.#content instanceof YjsTyped) this.#content.rehearse(author, ops);
  }

  json(): JsonObject {
    return this.#content.json();
  }

  exists(): boolean {
    return this.#content.exists;
  }

  encodeState(): Uint8Array {
    return Y.encodeStateAsUpdate(this.doc);
  }

  digest(hash: Hash): Uint8Array {
    assert(!this.hasPending, 'a document with parts missing has no digest');
    const snapshot = Y.encodeSnapshot(Y.snapshot(this.doc));
    return hash.sha256(concatBytes([snapshot, encodeUtf8(canonicalJson(this.json()))]));
  }

  /** True when an update was applied whose predecessors are missing: causal delivery was broken. */
  get hasPending(): boolean {
    return this.doc.store.pendingStructs !== null || this.doc.store.pendingDs !== null;
  }

  /** The update that a change of the content makes, under the own identity. */
  #produce(change: () => void): Uint8Array | undefined {
    this.doc.clientID = this.#clientId;
    this.#produced = undefined;
    this.doc.on('update', this.#capture);
    try {
      change();
    } finally {
      this.doc.off('update', this.#capture);
    }
    assert(this.doc.clientID === this.#clientId, 'an edit is made under the own clientID');
    return this.#produced;
  }
}

function hasNewStructs(transaction: Y.Transaction): boolean {
  const { clients } = transaction.doc.store;
  for (const [client, structs] of clients) {
    const last = structs.at(-1);
    if (last !== undefined && last.id.clock + last.length > (transaction.beforeState.get(client) ?? 0)) return true;
  }
  return false;
}
