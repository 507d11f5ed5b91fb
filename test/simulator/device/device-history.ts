// What devices leave for the checkers: each write of an application, and what each device showed and was told, in the order in
// which it happened. A write leaves its mark, which is its own in the run, in every document that it changes: a view tells
// by its marks which writes it holds.

import type { JsonObject } from '@anabranch/base';
import type { DocumentOp } from '@anabranch/crdt';

type Vector = Readonly<Record<string, number>>;

export interface MarkedEdit {
  readonly document: string;
  /** Without the mark; empty for a freeform document. */
  readonly ops: readonly DocumentOp[];
  /** What the device showed when it was made. */
  readonly shown: JsonObject;
}

/** One write of an application, and what became of it. */
export interface DeviceWrite {
  readonly device: string;
  readonly mark: string;
  readonly timeMs: number;
  readonly edits: readonly MarkedEdit[];
  /** The name that the client gave it; undefined until it has returned. */
  readonly id: string | undefined;
  /** The store of the device has kept it. */
  readonly isSaved: boolean;
  /** The client said that a region has it; never said of a write without a handle. */
  readonly isDurable: boolean;
  /** Why the client said that it was refused. */
  readonly refusal: string | undefined;
  /** The first answer of a region that arrived: ops that this covers hold the write. */
  readonly ack: { readonly timeMs: number; readonly region: string; readonly covered: Vector } | undefined;
  /** The device was put back to a store that never had it. */
  readonly isForgotten: boolean;
}

/** One submission of an application, and what it was told. */
export interface DeviceSubmission {
  readonly device: string;
  readonly mark: string;
  /** When it was asked for first. */
  readonly timeMs: number;
  readonly writes: ReadonlyArray<{ readonly document: string; readonly ops: readonly DocumentOp[] }>;
  /** `unknown` also of one whose process ended before it was told. */
  readonly outcome: 'done' | 'refused' | 'unknown';
  /** When it was told, and of what was done the op, of what was refused why. */
  readonly toldMs: number;
  readonly opId: string | undefined;
  readonly code: string | undefined;
  /**
   * Whether one region alone may have been asked: the device was told to stay there, knew no other in reach, was switched off or closed, had
   * no time for another, or repeated what it had asked of it.
   */
  readonly isBound: boolean;
}

/** Where a submission counts how often it took effect: nobody else changes that. */
export function countPathOf(mark: string): string {
  return `/items/${mark}/left`;
}

export function countOf(json: JsonObject | undefined, mark: string): number {
  const items = json?.['items'] as Readonly<Record<string, { readonly left?: number }>> | undefined;
  return items?.[mark]?.left ?? 0;
}

export type DeviceEvent = { readonly timeMs: number; readonly device: string } & (
  | { readonly kind: 'shown'; readonly document: string; readonly json: JsonObject; readonly isHeld: boolean }
  | { readonly kind: 'forgot'; readonly document: string }
  | { readonly kind: 'put_back' }
  /** The disk of a region went back in time; the device had seen and written so much. */
  | { readonly kind: 'region_set_back'; readonly known: Vector }
  /** After everything was healed: what it shows, and whether it is connected and has nothing to send or wait for. */
  | {
      readonly kind: 'ended';
      readonly isSettled: boolean;
      readonly pendingWrites: number;
      readonly lastError: string | undefined;
      readonly documents: ReadonlyMap<string, JsonObject>;
    }
);

/** The marks of the writes that a view holds. */
export function marksIn(json: JsonObject): readonly string[] {
  const { tags, marks } = json;
  if (Array.isArray(tags)) return tags.filter((tag) => typeof tag === 'string');
  return typeof marks === 'object' && marks !== null ? Object.keys(marks) : [];
}
