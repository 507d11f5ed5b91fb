export { AutomergeDocument } from './automerge/automerge-document.ts';
export type { Author, CrdtDocument } from './crdt-document.ts';
export { createDocument } from './create-document.ts';
export { type DocumentIdentity, identityOf, reservedClientIdMin } from './document-identity.ts';
export type { DocumentOp } from './document-op.ts';
export { crdtLimits } from './limits.ts';
export type { CollectionSchema, FieldSchema, Library, ObjectSchema } from './schema.ts';
export { YjsDocument } from './yjs/yjs-document.ts';
