// What is handed to another thread when the inspection of an update would take too long here, and what comes back. Both
// are plain data: they can be copied between threads.

import type { ErrorCode } from '@anabranch/base';

export interface InspectionCase {
  /** The document as it is. */
  readonly state: Uint8Array;
  /** This replica's own identity in the document, under which nothing is taken. */
  readonly actor: string;
  readonly isTyped: boolean;
  readonly update: Uint8Array;
}

/** The changes that the document lacked, in order; or why the update is refused. */
export type InspectionFinding =
  | { readonly isSound: true; readonly changes: readonly ChangeHeader[] }
  | { readonly isSound: false; readonly code: ErrorCode; readonly message: string };

/** An Automerge change without its operations. */
export interface ChangeHeader {
  readonly hash: string;
  readonly actor: string;
  readonly seq: number;
  /** The numbers of its first and last operation. */
  readonly startOp: number;
  readonly maxOp: number;
  readonly deps: readonly string[];
}
