// What the tabs of a device tell each other: between the clients, one in each tab, and the courier, which is in the tab that
// speaks with regions. All of it is plain data.

import type { OriginId } from '@anabranch/causality';
import type { DocumentId, DocumentUpdate, VectorEntries } from '@anabranch/protocol';
import type { ClientStatus } from '../client-status.ts';
import type { Refusal } from '../refusal.ts';
import type { PendingWrite, RefusedWrite } from '../store/client-store.ts';
import type { Switch } from './tab-status.ts';

export interface ReceivedOp {
  readonly origin: OriginId;
  readonly writes: readonly DocumentUpdate[];
}

/** From a client. */
export type ToCourier =
  | { readonly type: 'wrote'; readonly write: PendingWrite }
  | { readonly type: 'follow'; readonly document: DocumentId }
  /** It is held no more, for what is kept of it could not be read. */
  | { readonly type: 'unheld'; readonly document: DocumentId }
  /** The store has forgotten it, at this time of the device's clock or soon after. Tabs may have opened it again since. */
  | { readonly type: 'forget'; readonly document: DocumentId; readonly atMs: number }
  | { readonly type: 'present'; readonly document: DocumentId; readonly update: Uint8Array }
  /** The application wants this; said again to a courier that begins. */
  | ({ readonly type: 'switch' } & Switch)
  /** What regions were seen to have counts no more. */
  | { readonly type: 'forgetSeen' }
  /** A tab that begins: it wants the status, and the refusals that nobody was told of. */
  | { readonly type: 'ask' }
  /** A listener of the application has taken the refusals of these: they need not be kept. */
  | { readonly type: 'refusalsTaken'; readonly ids: readonly string[] }
  /** What became of these, which are saved? The one that was to tell may have ended. */
  | { readonly type: 'askWrites'; readonly ids: readonly string[] };

/** From the courier, in this order: what is told was kept before. */
export type FromCourier =
  /** There is another one from now on, in another tab. What the one before kept was perhaps not told. */
  | { readonly type: 'began' }
  | {
      readonly type: 'received';
      readonly states: readonly { readonly document: DocumentId; readonly state: Uint8Array }[];
      readonly ops: readonly ReceivedOp[];
      readonly seen: VectorEntries;
    }
  /** What was told before of what regions have counts no more, also what was on its way when that was asked for. */
  | { readonly type: 'seenForgotten' }
  /** A write that its tab has not told of yet, and never will if it has ended. */
  | { readonly type: 'found'; readonly write: PendingWrite }
  | { readonly type: 'settled'; readonly id: string; readonly covered: VectorEntries }
  | { readonly type: 'refused'; readonly write: RefusedWrite }
  /** To who asked: these are in a region, unless they were told to be refused. */
  | { readonly type: 'answered'; readonly settled: readonly string[]; readonly covered: VectorEntries }
  | { readonly type: 'replicated'; readonly majority: VectorEntries; readonly all: VectorEntries }
  /** Something of it was not taken, and perhaps more: it is held no more, until it is received whole. */
  | { readonly type: 'passedOver'; readonly document: DocumentId }
  | { readonly type: 'unavailable'; readonly document: DocumentId; readonly refusal: Refusal }
  | { readonly type: 'presence'; readonly document: DocumentId; readonly update: Uint8Array }
  | {
      readonly type: 'status';
      readonly status: ClientStatus;
      readonly wallOffsetMs: number;
      /** Of the newest switch that it knows of. */
      readonly switchNumber: number;
      /** Up to which place it has counted the pending writes; undefined as long as it has not. */
      readonly countedTo: number | undefined;
    };

export type TabMessage = ToCourier | FromCourier;
