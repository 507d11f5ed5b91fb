// What is shown in open documents: ops and writes, and what a region has of a document.

import type { OriginId } from '@anabranch/causality';
import type { DocumentId, DocumentUpdate } from '@anabranch/protocol';

/** Updates of one op, or of a write of another tab. */
export interface ShownOp {
  /** Undefined for a write of this device. */
  readonly origin: OriginId | undefined;
  readonly writes: readonly DocumentUpdate[];
}

/** A document, or what adds to it, as a region has it whole. */
export interface DocumentState {
  readonly document: DocumentId;
  readonly state: Uint8Array;
}
