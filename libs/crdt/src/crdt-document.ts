import type { Hash, JsonObject } from '@anabranch/base';
import type { Hlc } from '@anabranch/causality';
import type { DocumentOp } from './document-op.ts';
import type { EscrowAct, RightsView } from './escrow.ts';
import type { Library } from './schema.ts';

/**
 * Who writes an edit. `writer` names the replica (an origin, or the stable id of a device) and appears in the keys that
 * only it may set; `dot` is a number that this writer never used for an earlier edit (the seq of the op to be logged).
 */
export interface Author {
  readonly writer: string;
  readonly dot: number;
  readonly hlc: Hlc;
  /**
   * Asked of holders of rights of the writer's own region, its initial share (named by the region) and its earlier epochs, when
   * the writer's own rights do not suffice. True vouches that everything is in this document that the holder, and whoever
   * took over from it, ever wrote: for an initial share, everything of all earlier epochs of the region. Absent: no holder.
   */
  readonly mayTakeOver?: (holder: string) => boolean;
  /**
   * True when the document may hold writes without what they build on, as a device does that has forgotten the rest: what looks
   * left over there may wait for what it cancels, so nothing is swept.
   */
  readonly mayLackPast?: boolean;
}

/**
 * One loaded document: what a replica merges, reads and edits, synchronously. `edit` either changes the document
 * completely or throws and leaves it as it was.
 */
export interface CrdtDocument {
  readonly library: Library;
  readonly isTyped: boolean;

  /**
   * Merges updates that were validated before (from the log, a snapshot, or past {@link inspectUpdate}); with them it does
   * not throw. True when they brought anything that the document did not hold. With bytes that nobody validated it may
   * throw half-way: the document is to be loaded anew then.
   */
  apply(updates: readonly Uint8Array[]): boolean;

  /** True when an update was applied, and is kept aside whole or in part, that builds on what the document lacks. */
  readonly hasPending: boolean;

  /**
   * Applies typed operations as one update authored by `author` and returns its bytes, or undefined when they change
   * nothing (removing what is not there).
   * @throws AnabranchError `op_invalid`, `path_unknown`, `type_mismatch`, `index_out_of_range`, `value_invalid`,
   *   `insufficient_rights`; details hold `path` and `opIndex`; nothing is applied then. Those of `insufficient_rights` also
   *   hold `counter` (a JSON pointer to it, whole), `kind` (`down` or `up`), `needed`, `held` by the writer and what it may take over, `holders` (the others with
   *   such rights, richest first, as `{origin, rights}`) and `total`, the rights of all together.
   */
  edit(author: Author, ops: readonly DocumentOp[]): Uint8Array | undefined;

  /**
   * Refuses what {@link edit} would refuse and changes nothing: afterwards the same edit of a typed document succeeds. Of a
   * freeform document it finds nothing out.
   */
  rehearse(author: Author, ops: readonly DocumentOp[]): void;

  /**
   * Moves rights to bounded counters as one update authored by `author` and returns its bytes, or undefined when there was
   * nothing to move. What the author lacks for a transfer it takes over as in an edit.
   * @throws AnabranchError as {@link edit}, `opIndex` being the position of the act; nothing is applied then.
   */
  escrow(author: Author, acts: readonly EscrowAct[]): Uint8Array | undefined;

  /** The rights to the bounded counter at a path (a JSON pointer), also of one that nobody wrote; undefined where there is none. */
  rights(path: string): RightsView | undefined;

  /** JSON pointers to the bounded counters that were written. */
  boundedCounters(): readonly string[];

  /**
   * How many writes to entries of bounded counters {@link apply} has taken in, effective or not. It rises with an update that holds
   * any which the document lacked: only origins may write them, so such an update is not to be taken from a client.
   */
  readonly boundedWrites: number;

  /**
   * The JSON view: every field of the schema with its value or its empty value; for freeform, the library's view. It is
   * never changed later; a later view shares with it what is still the same.
   */
  json(): JsonObject;

  /** False for a document nobody has written, or whose content was removed with nothing concurrent left. */
  exists(): boolean;

  /** The whole state as one update: `apply([state])` on a new document restores it. */
  encodeState(): Uint8Array;

  /** 32 bytes that are equal on replicas holding the same updates and, in practice, only there. Covers deletions. */
  digest(hash: Hash): Uint8Array;
}
