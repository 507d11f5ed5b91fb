import { assert } from '@anabranch/base';
import { AutomergeDocument } from './automerge/automerge-document.ts';
import type { DocumentIdentity } from './document-identity.ts';
import type { CollectionSchema } from './schema.ts';
import { schemaFault } from './schema-fault.ts';
import { YjsDocument } from './yjs/yjs-document.ts';

/** An empty document of a collection, edited under `identity`: load it with `apply`. */
export function createDocument(collection: CollectionSchema, identity: DocumentIdentity): YjsDocument | AutomergeDocument {
  const { schema } = collection;
  if (schema !== 'freeform') assert(schemaFault(schema) === undefined, () => schemaFault(schema) ?? '');
  return collection.library === 'yjs' ? new YjsDocument(collection.schema, identity) : new AutomergeDocument(collection.schema, identity);
}
