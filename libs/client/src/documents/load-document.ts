// Makes a document of what the store has of it: what regions confirmed, then the writes of the device that they have not.
// The Automerge library is loaded by the first document that needs it.

import { AnabranchError } from '@anabranch/base';
import type { CollectionSchema, CrdtDocument, DocumentIdentity } from '@anabranch/crdt';
import { YjsDocument } from '@anabranch/crdt/yjs';
import type { DocumentId } from '@anabranch/protocol';
import type { ClientStore } from '../store/client-store.ts';

/** Stored updates of a document from which on they are folded into one, and bytes of several from which on they are. */
const foldUpdatesMin = 64;
const foldBytesMin: number = 256 << 10;

export interface LoadedContent {
  readonly crdt: CrdtDocument;
  readonly isFollowed: boolean;
  readonly isHeld: boolean;
  /** The device wrote to it. */
  readonly isWritten: boolean;
}

/** @throws AnabranchError `record_damaged`, `store_failed`. */
export async function loadDocument(
  store: ClientStore,
  document: DocumentId,
  collection: CollectionSchema,
  identity: DocumentIdentity,
): Promise<LoadedContent> {
  const crdt = await emptyDocument(collection, identity);
  const { updates, pending, isFollowed, isHeld } = await store.load(document);
  const unconfirmed = pending.flatMap((write) => write.updates.filter((update) => update.document === document));
  try {
    if (updates.length > 0) crdt.apply(updates.map(({ bytes }) => bytes));
    const last = updates.at(-1);
    const bytes = updates.reduce((sum, update) => sum + update.bytes.length, 0);
    const isLong = updates.length >= foldUpdatesMin || (updates.length > 1 && bytes >= foldBytesMin);
    if (last !== undefined && isLong) {
      await store.commit([{ type: 'fold', document, upTo: last.at, state: crdt.encodeState() }]);
    }
    if (unconfirmed.length > 0) crdt.apply(unconfirmed.map(({ update }) => update));
  } catch (error) {
    if (error instanceof AnabranchError) throw error;
    throw new AnabranchError('record_damaged', `what is kept of ${document} cannot be read: ${String(error)}`, { document });
  }
  return { crdt, isFollowed, isHeld, isWritten: updates.length > 0 || unconfirmed.length > 0 };
}

async function emptyDocument(collection: CollectionSchema, identity: DocumentIdentity): Promise<CrdtDocument> {
  if (collection.library === 'yjs') {
    const document = new YjsDocument(collection.schema, identity);
    // Editors write to the library's document by themselves.
    document.doc.clientID = identity.yjsClientId;
    return document;
  }
  const { AutomergeDocument } = await import('@anabranch/crdt/automerge');
  return new AutomergeDocument(collection.schema, identity);
}
