import type { JsonObject } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';

/** The operations of a patch, for the document as it is now. */
export interface PlannedOps {
  readonly ops: readonly DocumentOp[];
  /** The entry of the patch that made each operation; undefined when the patch has no numbered entries. */
  readonly entryOf: readonly number[] | undefined;
}

/** A validated patch: works out its operations against a JSON view. @throws AnabranchError. */
export type PatchPlan = (view: JsonObject) => PlannedOps;
