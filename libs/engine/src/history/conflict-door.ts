// What the doors ask of a region about values that lost to concurrent ones.

import type { JsonValue } from '@anabranch/base';
import type { Hlc, RegionId, VersionVector } from '@anabranch/causality';
import type { DocumentId } from '@anabranch/protocol';
import type { OpId } from '../document-view.ts';

/** One of the two values. */
export interface ConflictingWrite {
  readonly value: JsonValue;
  readonly opId: OpId;
  readonly region: RegionId;
  readonly hlc: Hlc;
}

/** Two values of one register, neither of whose writers had seen the other. */
export interface Conflict {
  /** The same in every region: 32 hex digits. */
  readonly id: string;
  readonly document: DocumentId;
  /** A JSON pointer. */
  readonly path: string;
  readonly winner: ConflictingWrite;
  readonly loser: ConflictingWrite;
  /** True for a register that shows all values: both were shown until somebody who had seen them wrote another. */
  readonly isKeptAll: boolean;
  /** True while the winner is shown; false once somebody who had seen both wrote or removed the field. */
  readonly stands: boolean;
}

export interface DocumentConflicts {
  /** Newest first, by the stamp of the winner. */
  readonly conflicts: readonly Conflict[];
  /** False when the log no longer has the document's first ops. */
  readonly isComplete: boolean;
  /** The stamp of the first op that was looked at; undefined when there is none. */
  readonly sinceMs: number | undefined;
  /** The place to go on behind; undefined on the last page. It is the same in every region. */
  readonly next: string | undefined;
  readonly version: VersionVector;
}

/** A document, and the place in its conflicts; without a place, its end. */
export interface CollectionCursor {
  readonly document: DocumentId;
  readonly place: string | undefined;
}

export interface CollectionConflicts {
  /** By document in order of ids, of each newest first. */
  readonly conflicts: readonly Conflict[];
  /** Documents of this page whose history is not there, or too long to be replayed: they may have more conflicts. */
  readonly unavailable: readonly DocumentId[];
  readonly next: CollectionCursor | undefined;
  readonly version: VersionVector;
}

export interface ConflictDoor {
  /**
   * The conflicts of a document after a place.
   * @throws AnabranchError `collection_not_found`, `conflicts_not_kept`, `history_unavailable`, `document_quarantined`,
   *   `record_damaged`, `overloaded`.
   */
  ofDocument(document: DocumentId, after: string | undefined, entriesMax: number): Promise<DocumentConflicts>;
  /** The conflicts of the documents of a collection, page by page. @throws AnabranchError `overloaded`. */
  ofCollection(collection: string, after: CollectionCursor | undefined, entriesMax: number): Promise<CollectionConflicts>;
  /** @throws AnabranchError `conflict_not_found`, or as {@link ofDocument}. */
  find(document: DocumentId, conflictId: string): Promise<Conflict>;
}
