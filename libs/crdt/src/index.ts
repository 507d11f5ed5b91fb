export type { Author, CrdtDocument } from './crdt-document.ts';
export type { DocumentOp } from './document-op.ts';
export type { CollectionSchema, FieldSchema, Library, ObjectSchema } from './schema.ts';
