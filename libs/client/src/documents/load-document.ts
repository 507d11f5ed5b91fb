// Makes a document of what the store has of it: what regions confirmed, then the writes of the device that they have not.
//
// Invariant 1: confirmed updates that cannot be merged are let go of, the others and all writes of the device stay. The document counts
//              as not held from then on, so a region is asked for all of it.
// Invariant 2: of a document that no region has sent, an update that builds on what is not here is withheld whole: a write is never shown
//              in part. So it is with what waits, or was confirmed, when the document was forgotten and opened again.

import { AnabranchError } from '@anabranch/base';
import type { CollectionSchema, CrdtDocument, DocumentIdentity } from '@anabranch/crdt';
import { YjsDocument } from '@anabranch/crdt/yjs';
import type { DocumentId } from '@anabranch/protocol';
import type { ClientStore, StoreChange, StoredUpdate } from '../store/client-store.ts';
import { loadAutomerge } from './automerge-library.ts';
import { mergeWhole } from './merge-whole.ts';

/** Stored updates of a document from which on they are folded into one, and bytes of all but the first from which on they are. */
export const foldUpdatesMin = 64;
export const foldBytesMin: number = 256 << 10;
/** Updates that are passed over, each at the cost of merging those before anew. Beyond: what follows is let go of, too. */
const unreadableMax = 16;

export interface LoadedContent {
  readonly crdt: CrdtDocument;
  readonly isFollowed: boolean;
  readonly isHeld: boolean;
  /** Something that was kept of it cannot be read: a region is to send it whole. */
  readonly isDamaged: boolean;
  /** The device has something of it, and nothing that builds on what it lacks. */
  readonly isWritten: boolean;
  /** Updates that build on what the device lacks, in order. */
  readonly withheld: readonly Uint8Array[];
}

/**
 * @throws AnabranchError `record_damaged` for a write of the device that cannot be merged, `store_failed`, `document_unavailable` when
 * its library cannot be loaded.
 */
export async function loadDocument(
  store: ClientStore,
  document: DocumentId,
  collection: CollectionSchema,
  identity: DocumentIdentity,
): Promise<LoadedContent> {
  const makeEmpty = await emptyDocuments(collection, identity);
  const { updates, pending, isFollowed, isHeld } = await store.load(document);
  const merged = mergeConfirmed(updates, makeEmpty, isHeld);
  const { crdt, isDamaged } = merged;
  const change = foldOf(document, updates, merged);
  if (change.length > 0) await store.commit(change);
  const unconfirmed = pending.flatMap((write) => write.updates.filter((update) => update.document === document));
  const left = [...merged.withheld, ...unconfirmed.map(({ update }) => update)];
  let withheld: readonly Uint8Array[] = [];
  try {
    if (isHeld && !isDamaged && left.length > 0) crdt.apply(left);
    else withheld = mergeWhole(crdt, left);
  } catch (error) {
    throw new AnabranchError('record_damaged', `what was written to ${document} cannot be read: ${String(error)}`, { document });
  }
  const isWhole = withheld.length === 0 && !crdt.hasPending;
  const isWritten = isWhole && (unconfirmed.length > 0 || (isDamaged ? crdt.exists() : updates.length > 0));
  return { crdt, isFollowed, isHeld: isHeld && !isDamaged, isDamaged, isWritten, withheld };
}

/**
 * What folds the stored updates of a document, when they are many, and how many bytes are kept of it then; `isDamaged` as
 * {@link LoadedContent}. @throws AnabranchError `store_failed`.
 */
export async function foldStored(
  store: ClientStore,
  document: DocumentId,
  collection: CollectionSchema,
  identity: DocumentIdentity,
): Promise<{ readonly changes: readonly StoreChange[]; readonly isDamaged: boolean; readonly bytes: number }> {
  const makeEmpty = await emptyDocuments(collection, identity);
  const { updates, isHeld } = await store.load(document);
  const merged = mergeConfirmed(updates, makeEmpty, isHeld);
  const changes = foldOf(document, updates, merged);
  const [fold] = changes;
  return { changes, isDamaged: merged.isDamaged, bytes: fold?.type === 'fold' ? fold.state.length : bytesOf(updates) };
}

interface Merged {
  readonly crdt: CrdtDocument;
  readonly isDamaged: boolean;
  readonly withheld: readonly Uint8Array[];
}

function foldOf(document: DocumentId, updates: readonly StoredUpdate[], { crdt, isDamaged, withheld }: Merged): StoreChange[] {
  // The fold would lack what is withheld.
  if (withheld.length > 0) return [];
  const last = updates.at(-1);
  // The first is what was folded or sent before, mostly: that alone is no reason.
  const isLong = updates.length >= foldUpdatesMin || bytesOf(updates.slice(1)) >= foldBytesMin;
  if (last === undefined || !(isLong || isDamaged)) return [];
  const fold: StoreChange = { type: 'fold', document, upTo: last.at, state: crdt.encodeState() };
  return isDamaged ? [fold, { type: 'unhold', document }] : [fold];
}

function bytesOf(updates: readonly StoredUpdate[]): number {
  return updates.reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function mergeConfirmed(updates: readonly StoredUpdate[], makeEmpty: () => CrdtDocument, isHeld: boolean): Merged {
  const all = updates.map(({ bytes }) => bytes);
  const whole = merge(makeEmpty(), all, isHeld);
  if (whole !== undefined) return { ...whole, isDamaged: false };
  const sound: Uint8Array[] = [];
  let crdt = makeEmpty();
  let unreadable = 0;
  for (const update of all) {
    if (merge(crdt, [update], true) !== undefined) {
      sound.push(update);
      continue;
    }
    // It may have been merged in part.
    crdt = merge(makeEmpty(), sound, true)?.crdt ?? makeEmpty();
    unreadable += 1;
    if (unreadable > unreadableMax) break;
  }
  return { crdt, isDamaged: true, withheld: [] };
}

/** The document with the updates; undefined when the library does not take them. */
function merge(crdt: CrdtDocument, updates: readonly Uint8Array[], isHeld: boolean): Omit<Merged, 'isDamaged'> | undefined {
  try {
    if (!isHeld) return { crdt, withheld: mergeWhole(crdt, updates) };
    if (updates.length > 0) crdt.apply(updates);
    return { crdt, withheld: [] };
  } catch {
    return undefined;
  }
}

async function emptyDocuments(collection: CollectionSchema, identity: DocumentIdentity): Promise<() => CrdtDocument> {
  if (collection.library === 'yjs') {
    return () => {
      const document = new YjsDocument(collection.schema, identity);
      // Editors write to the library's document by themselves.
      document.doc.clientID = identity.yjsClientId;
      return document;
    };
  }
  const { AutomergeDocument } = await loadAutomerge();
  return () => new AutomergeDocument(collection.schema, identity);
}
