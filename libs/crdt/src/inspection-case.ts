// What is handed to another thread when the inspection of an update would take too long here, and what comes back. Both
// are plain data: they can be copied between threads.

import type { ErrorCode } from '@anabranch/base';
import type { ObjectSchema } from './schema.ts';

/** The update to be logged, which is what the document lacks of the one that was inspected; or what is not decided yet. */
export type Inspection = { readonly update: Uint8Array } | { readonly undecided: InspectionCase };

export interface InspectionCase {
  /** The document as it is. */
  readonly state: Uint8Array;
  /** This replica's own identity in the document, under which nothing is taken. */
  readonly actor: string;
  readonly isTyped: boolean;
  /** Of a typed document that has bounded counters: tells which entries are theirs. */
  readonly boundedSchema?: ObjectSchema | undefined;
  readonly update: Uint8Array;
}

/** What the document lacked, in parts to be taken one after the other; or why the update is refused. */
export type InspectionFinding =
  | { readonly isSound: true; readonly parts: readonly SoundPart[] }
  | { readonly isSound: false; readonly code: ErrorCode; readonly message: string };

/** Changes of a sound update, few enough to be merged in one go. */
export interface SoundPart {
  readonly changes: readonly ChangeHeader[];
  readonly update: Uint8Array;
}

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
