import { assert } from '@anabranch/base';
import { AutomergeDocument } from './automerge/automerge-document.ts';
import { isAllowedKey } from './bounded-json.ts';
import type { DocumentIdentity } from './document-identity.ts';
import { crdtLimits } from './limits.ts';
import type { CollectionSchema, FieldSchema } from './schema.ts';
import { boundsFault } from './typed/bounds.ts';
import { YjsDocument } from './yjs/yjs-document.ts';

/** An empty document of a collection, edited under `identity`: load it with `apply`. */
export function createDocument(collection: CollectionSchema, identity: DocumentIdentity): YjsDocument | AutomergeDocument {
  if (collection.schema !== 'freeform') assertSchema(collection.schema, 0);
  return collection.library === 'yjs' ? new YjsDocument(collection.schema, identity) : new AutomergeDocument(collection.schema, identity);
}

/** Field names become parts of keys; an empty one at the root is where the document's existence is kept. */
function assertSchema(schema: FieldSchema, depth: number): void {
  assert(depth <= crdtLimits.pathSegmentsMax, 'a schema nests at most as deep as a path');
  if (schema.type === 'map') assertSchema(schema.of, depth + 1);
  if (schema.type === 'boundedCounter') assert(boundsFault(schema) === undefined, () => boundsFault(schema) ?? '');
  if (schema.type !== 'object') return;
  for (const [name, field] of Object.entries(schema.fields)) {
    assert(name !== '' && isAllowedKey(name), 'a field name is not empty, not too long and not a forbidden key');
    assertSchema(field, depth + 1);
  }
}
