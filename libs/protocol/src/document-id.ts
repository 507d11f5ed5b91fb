// A document is named `collection/id`. Both parts come from URLs and peers, so they are matched against a strict
// alphabet after one decoding: no separators, no case folding, no path meaning, and two ids never share a key.

import { AnabranchError } from '@anabranch/base';

/** `collection/id`. */
export type DocumentId = string & { readonly brand: 'DocumentId' };

const collectionPattern = /^[a-z][a-z0-9-]{0,62}$/;
const idPattern = /^[A-Za-z0-9._~-]{1,200}$/;

/** The longest text of a DocumentId. */
export const documentIdLengthMax = 264;

export function isCollectionName(text: string): boolean {
  return collectionPattern.test(text);
}

/** @throws AnabranchError `document_id_invalid`. */
export function documentIdOf(collection: string, id: string): DocumentId {
  if (isCollectionName(collection) && idPattern.test(id)) return `${collection}/${id}` as DocumentId;
  throw new AnabranchError('document_id_invalid', 'a document is named [a-z][a-z0-9-]{0,62}/[A-Za-z0-9._~-]{1,200}');
}

/** @throws AnabranchError `document_id_invalid`. */
export function parseDocumentId(text: string): DocumentId {
  const slash = text.indexOf('/');
  return documentIdOf(text.slice(0, Math.max(0, slash)), text.slice(slash + 1));
}

export function collectionOf(document: DocumentId): string {
  return document.slice(0, document.indexOf('/'));
}

/** The part after the collection. */
export function localIdOf(document: DocumentId): string {
  return document.slice(document.indexOf('/') + 1);
}
