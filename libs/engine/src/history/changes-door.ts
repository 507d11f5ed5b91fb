// What the doors ask of a region about the ops of all its documents, one after the other.

import type { Hlc, VersionVector } from '@anabranch/causality';
import type { DocumentId, DocumentWrite } from '@anabranch/protocol';
import type { OpId } from '../document-view.ts';

/** An op, as a reader of the change feed meets it. */
export interface ChangedOp {
  readonly opId: OpId;
  readonly hlc: Hlc;
  /** What it wrote, all in one: a transaction. Empty for an op that only remembers an idempotency key. */
  readonly documents: readonly DocumentId[];
  readonly writes: readonly DocumentWrite[];
  /** What was read when this op was: the reader's vector, this op included. */
  readonly version: VersionVector;
}

/** A place in the ops of the mesh that moves on as they are read. It holds no ops but the next ones of each origin. */
export interface ChangeReader {
  /** What was read so far: where another reader, in any region, goes on. */
  readonly version: VersionVector;
  /**
   * The next durable op: after everything it depends on, after its predecessors of the same origin, and once. Undefined
   * when there is none yet. @throws AnabranchError `record_damaged`.
   */
  next(): ChangedOp | undefined;
  close(): void;
}

export interface ChangesDoor {
  /** Reads on after a vector, which the region covers; `onMore` is called whenever more ops have become durable. */
  readAfter(after: VersionVector, onMore: () => void): ChangeReader;
}
