// What one update does to the flat map, read from its bytes alone: so that what a write had replaced is known whatever else
// was merged before it.

/** A value that an update wrote under a flat key; `id` names this write in all replicas. */
export interface EntrySet {
  readonly id: string;
  readonly key: string;
  /** Undefined when the value was gone again before the update was made, or is none of ours. */
  readonly text: string | undefined;
}

export interface EntryChanges {
  readonly sets: readonly EntrySet[];
  /** The ids of earlier writes that the update replaced or deleted, as far as they were read here. */
  readonly replaced: readonly string[];
}

/** Reads the updates of one document in any causal order. */
export interface EntryReader {
  read(update: Uint8Array): EntryChanges;
}
