// A collection keeps its documents with one merge library, and either gives them a schema of typed fields or leaves
// them freeform (any Y.Doc or Automerge document, for example an editor's).

/** The merge libraries. */
export type Library = 'yjs' | 'automerge';

/** A typed field. `map.of` is the type below every key; `object.fields` groups fields under fixed names. */
export type FieldSchema =
  | { readonly type: 'register'; readonly keep?: 'latest' | 'all' }
  | { readonly type: 'counter' }
  | { readonly type: 'set' }
  | { readonly type: 'flag' }
  | { readonly type: 'list' }
  | { readonly type: 'text' }
  | { readonly type: 'map'; readonly of: FieldSchema }
  | ObjectSchema;

export interface ObjectSchema {
  readonly type: 'object';
  readonly fields: Readonly<Record<string, FieldSchema>>;
}

export interface CollectionSchema {
  readonly library: Library;
  /** The typed fields at the root of every document, or `freeform`. */
  readonly schema: ObjectSchema | 'freeform';
}
