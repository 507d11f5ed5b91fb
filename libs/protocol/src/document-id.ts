// A document is named `collection/id`. Both parts come from URLs and peers, so they are matched against a strict
// alphabet after one decoding: no separators, no case folding, no path meaning, and two ids never share a key. The ids `.`
// and `..` are no ids: a URL that ends in one means another path.

import { AnabranchError } from '@anabranch/base';
import { type BoundedReader, frameInvalid } from './bounded-reader.ts';

/** `collection/id`. */
export type DocumentId = string & { readonly brand: 'DocumentId' };

const collectionPattern = /^[a-z][a-z0-9-]{0,62}$/;
const documentPattern = /^[a-z][a-z0-9-]{0,62}\/(?!\.{1,2}$)[A-Za-z0-9._~-]{1,200}$/;

/** The longest text of a DocumentId: 63 characters of collection, a slash, 200 of id. */
export const documentIdLengthMax = 264;

export function isCollectionName(text: string): boolean {
  return collectionPattern.test(text);
}

/** @throws AnabranchError `document_id_invalid`. */
export function documentIdOf(collection: string, id: string): DocumentId {
  // An application in JavaScript may give anything, and `undefined` is no id.
  return parseDocumentId(typeof id === 'string' ? `${collection}/${id}` : '');
}

/** @throws AnabranchError `document_id_invalid`. */
export function parseDocumentId(text: string): DocumentId {
  if (isDocumentId(text)) return text;
  const form = '[a-z][a-z0-9-]{0,62}/[A-Za-z0-9._~-]{1,200}';
  throw new AnabranchError('document_id_invalid', `a document is named ${form}, and not . or .. after the slash`);
}

/** Reads the text of a DocumentId from a record or frame. @throws AnabranchError `frame_invalid`. */
export function readDocumentId(reader: BoundedReader): DocumentId {
  const text = reader.text(documentIdLengthMax);
  if (!isDocumentId(text)) throw frameInvalid('a document id is malformed');
  return text;
}

export function collectionOf(document: DocumentId): string {
  return document.slice(0, document.indexOf('/'));
}

/** The part after the collection. */
export function localIdOf(document: DocumentId): string {
  return document.slice(document.indexOf('/') + 1);
}

// Neither part can hold the slash between them, so there is one way to split a name that matches.
function isDocumentId(text: string): text is DocumentId {
  return documentPattern.test(text);
}
