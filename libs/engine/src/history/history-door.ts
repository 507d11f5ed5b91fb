// What the doors ask of a region about the past of its documents. Everything here is read from the log: it shows ops that
// are durable in this region, and nothing else.

import type { JsonValue } from '@anabranch/base';
import type { Hlc, VersionVector } from '@anabranch/causality';
import type { DocumentId } from '@anabranch/protocol';
import type { DocumentView, OpId } from '../document-view.ts';

/** A field that an op changed. */
export interface FieldChange {
  /** A JSON pointer; `` for the whole document. */
  readonly path: string;
  /** Undefined when nothing was there. */
  readonly before: JsonValue | undefined;
  readonly after: JsonValue | undefined;
  /** True when the values are larger than a history shows: they are left out. */
  readonly isElided: boolean;
}

/** An op that wrote a document. */
export interface HistoryEntry {
  readonly opId: OpId;
  readonly hlc: Hlc;
  /** Its place in this region's order of arrival. */
  readonly position: number;
  readonly trace: string | undefined;
  /** Every document that the op wrote. */
  readonly documents: readonly DocumentId[];
  /** At most {@link HistoryLimits.changesMax}; undefined where the log no longer has what came before. */
  readonly changes: readonly FieldChange[] | undefined;
  /** True when there were more changes. */
  readonly isTruncated: boolean;
}

/** The place after an entry, in the order of arrival of one region. */
export interface HistoryCursor {
  readonly opId: OpId;
  readonly position: number;
}

export interface HistoryPage {
  /** In order of arrival, oldest first. */
  readonly entries: readonly HistoryEntry[];
  /** False when the log no longer has the document's first ops. */
  readonly isComplete: boolean;
  /** Undefined on the last page. */
  readonly next: HistoryCursor | undefined;
  readonly version: VersionVector;
}

/** A past moment: what a vector covers, or what carries stamps up to a time. */
export type PastMoment = { readonly vector: VersionVector } | { readonly timeMs: number };

export interface HistoryDoor {
  /**
   * The ops of a document after a cursor, with what each changed.
   * @throws AnabranchError `collection_not_found`, `cursor_invalid`, `history_unavailable`, `document_quarantined`,
   *   `record_damaged`, `overloaded`.
   */
  page(document: DocumentId, after: HistoryCursor | undefined, entriesMax: number): Promise<HistoryPage>;
  /** The view at a past moment, made of the ops of that moment. @throws AnabranchError as {@link page}, without `cursor_invalid`. */
  viewAt(document: DocumentId, moment: PastMoment): Promise<DocumentView>;
}
