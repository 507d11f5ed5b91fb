// A collection keeps its documents with one merge library, and either gives them a schema of typed fields or leaves
// them freeform (any Y.Doc or Automerge document, for example an editor's).

/** The merge libraries. */
export type Library = 'yjs' | 'automerge';

/** A typed field. `map.of` is the type below every key; `object.fields` groups fields under fixed names. */
export type FieldSchema =
  | { readonly type: 'register'; readonly keep?: 'latest' | 'all' }
  | { readonly type: 'counter' }
  | BoundedCounterSchema
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

/**
 * A counter that never leaves its bounds: whole numbers, at least one of them, 0 between them. `split` names the regions
 * that share the rights to leave 0; it is there exactly when there are any (`min` < 0 or `max` > 0).
 */
export interface BoundedCounterSchema {
  readonly type: 'boundedCounter';
  readonly min?: number;
  readonly max?: number;
  readonly split?: readonly string[];
}

export interface CollectionSchema {
  readonly library: Library;
  /** The typed fields at the root of every document, or `freeform`. */
  readonly schema: ObjectSchema | 'freeform';
}
