// What a tab knows of a document that it opens, or has open: OpenDocuments says what becomes of it.

import type { AnabranchError, Timer } from '@anabranch/base';
import type { CrdtDocument } from '@anabranch/crdt';
import type { LocalDocument } from './local-document.ts';
import { mergeWhole } from './merge-whole.ts';
import { Waiters } from './waiters.ts';

/** How long after it could not be loaded anew a document is loaded again: doubled each time, up to the second. */
export const retryMsMin = 500;
export const retryMsMax = 30_000;

export interface Entry {
  whenLoaded: Promise<void>;
  document: LocalDocument | undefined;
  /** What arrived while it is loaded; undefined when it is not. */
  buffered: Uint8Array[] | undefined;
  /** A region has sent it whole since the store was read. */
  isSent: boolean;
  /** How often one has. */
  sentCount: number;
  /** The device has something of it: it is shown without waiting for a region. */
  isWritten: boolean;
  /** Updates that build on what it lacks: they are merged with what brings that. */
  withheld: readonly Uint8Array[];
  /** It must be loaded once more. */
  isStale: boolean;
  /** Why no region sends it, as long as nothing else was heard. */
  refusal: AnabranchError | undefined;
  /** When it was read and followed first; undefined before. */
  followedMs: number | undefined;
  /** Why it is open no longer. */
  closed: AnabranchError | undefined;
  /** It could not be loaded anew: when that is tried again, and how long after. */
  retry: Timer | undefined;
  retryMs: number;
  readonly waiters: Waiters;
}

export function newEntry(): Entry {
  return {
    whenLoaded: Promise.resolve(),
    document: undefined,
    buffered: undefined,
    isSent: false,
    sentCount: 0,
    isWritten: false,
    withheld: [],
    isStale: false,
    refusal: undefined,
    followedMs: undefined,
    closed: undefined,
    retry: undefined,
    retryMs: retryMsMin,
    waiters: new Waiters(),
  };
}

/**
 * With what was withheld, as far as the document has what that builds on then. `isWhole`: a region has sent it whole, before or with
 * these updates; of one that lacks the rest what others write may build on that.
 */
export function mergeInto(crdt: CrdtDocument, entry: Entry, updates: readonly Uint8Array[], isWhole: boolean): void {
  if (isWhole && entry.withheld.length === 0) crdt.apply(updates);
  else entry.withheld = mergeWhole(crdt, [...updates, ...entry.withheld]);
  if (entry.document !== undefined) entry.document.isWithholding = entry.withheld.length > 0;
}
