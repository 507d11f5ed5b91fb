// What a simulated run leaves for the checkers: what clients did and were told, in Jepsen's shape of operations, and what
// each region held at the end and at moments between. Checkers read this and nothing of the product.
//
//   invoke --> ok      the region acknowledged: it happened
//          --> fail    it was refused: it did not happen
//          --> info    no answer: it may have happened, may yet happen, or never
//
// Invariant 1: a process has one operation at a time; after an `info` its client goes on as another process.
// Invariant 2: every edit is named by an idempotency key of its own, repeated with each of its retries: the key is in the
//              op, so whatever became of the answer, the log tells which edit an op is.

import type { JsonObject } from '@anabranch/base';
import type { CollectionSchema, DocumentOp } from '@anabranch/crdt';
import type { DeviceEvent, DeviceSubmission, DeviceWrite } from './device/device-history.ts';

/** Origin to the highest seq with everything below it. */
export type Vector = Readonly<Record<string, number>>;

export interface HistoryEvent {
  /** Position in the history, from 0. */
  readonly index: number;
  /** Virtual time: of an answer, when the region gave it. */
  readonly timeMs: number;
  readonly type: 'invoke' | 'ok' | 'fail' | 'info';
  /** Who acts: `client-3`, after its first `info` `client-3/1`. */
  readonly process: string;
  /** The client's session, whose guarantees survive processes and regions. */
  readonly session: string;
  readonly f: 'edit' | 'read';
  readonly region: string;
  /** The process of the region that took it: a restarted region has another. */
  readonly incarnation: number;
  readonly document: string;
  /** What the session had seen and presented. */
  readonly presented?: Vector;
  /** Of reads: they show what a majority had acknowledged before. */
  readonly readConcern?: 'majority';
  /** Of reads: they show every write that is older. */
  readonly maxLagMs?: number;
  /** Of edits: the key, the same in all retries. */
  readonly key?: string;
  /** Of edits. */
  readonly ops?: readonly DocumentOp[];
  /** Of transactions: what was asked for besides, of another document each. */
  readonly others?: readonly AskedEdit[];
  /** Of `ok`. */
  readonly answer?: HistoryAnswer;
  /** Of `fail` and `info`: the error code, or `crashed`, `timeout`. */
  readonly code?: string;
}

export interface AskedEdit {
  readonly document: string;
  readonly ops: readonly DocumentOp[];
}

/** What an edit asked for of a document. */
export function askedOf(event: HistoryEvent, document: string): readonly DocumentOp[] | undefined {
  if (event.document === document) return event.ops;
  return event.others?.find((other) => other.document === document)?.ops;
}

export interface HistoryAnswer {
  readonly json: JsonObject;
  /** What the answer says the region covers: the new token. */
  readonly version: Vector;
  /** Of edits: the op that was logged; undefined when the edit changed nothing. */
  readonly opId?: { readonly origin: string; readonly seq: number };
  /** Of edits: the key was known. */
  readonly isReplay?: boolean;
  /** Of reads with a bound: by how much the offsets of clocks that regions measured may be wrong. */
  readonly clockErrorMs?: number;
  /** Of edits with a write concern: what the region said, and what was so in that moment. */
  readonly concern?: ConcernAnswer;
}

export interface ConcernAnswer {
  readonly target: 'majority' | 'all' | 2;
  readonly isMet: boolean;
  /** Regions that are said to hold the op durably, and the others. */
  readonly durable: readonly string[];
  readonly pending: readonly string[];
  /** Of those said to hold it, the ones whose running process did not. */
  readonly lacking: readonly string[];
}

/** One op as a region's log holds it. */
export interface LoggedOpDump {
  readonly origin: string;
  readonly seq: number;
  /** Hex of SHA-256 over the op's bytes. */
  readonly opHash: string;
  /** Hex; what the region stored as the chain after this op. */
  readonly chainHash: string;
  readonly hlc: { readonly ms: number; readonly counter: number };
  /** The changed components of its origin's vector, as encoded. */
  readonly dependencies: ReadonlyArray<readonly [origin: string, seq: number]>;
  readonly writes: ReadonlyArray<{ readonly document: string; readonly library: string; readonly update: Uint8Array }>;
  readonly key?: string;
  readonly bytes: Uint8Array;
}

export interface DocumentDump {
  readonly digest: string;
  readonly json: JsonObject;
  /** Of bounded counters, by path: who holds which rights. */
  readonly rights?: readonly CounterDump[];
}

export interface CounterDump {
  readonly path: string;
  readonly value: number;
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly holders: ReadonlyArray<{ readonly holder: string; readonly down: number; readonly up: number }>;
}

/** What a region shows in one step of counters that transactions move between documents: together nothing. */
export interface MovedSample {
  readonly timeMs: number;
  readonly region: string;
  readonly moved: readonly number[];
}

/** What a read showed, and what the disk of its region would have held had the power failed in that moment. */
export interface ReadSample {
  readonly timeMs: number;
  readonly region: string;
  readonly document: string;
  readonly version: Vector;
  readonly durable: Vector;
}

/** What one region holds at a moment. */
export interface RegionDump {
  readonly region: string;
  readonly timeMs: number;
  readonly origin: string;
  readonly version: Vector;
  /** By origin, in the order of seq from 1. Left out of the small dumps between. */
  readonly logs?: ReadonlyMap<string, readonly LoggedOpDump[]>;
  /** The order in which ops entered the region's log. */
  readonly arrivals?: ReadonlyArray<{ readonly origin: string; readonly seq: number }>;
  readonly documents: ReadonlyMap<string, DocumentDump>;
  readonly quarantinedOrigins: readonly string[];
}

/** What happened to a region that changes what it must still hold. */
export interface RegionEvent {
  readonly timeMs: number;
  readonly region: string;
  readonly kind: 'start' | 'writable' | 'crash' | 'stop' | 'commit_failed' | 'rollback' | 'wipe' | 'epoch_renewed';
  /** Of `rollback` and `wipe`: what the disk held before, and after. */
  readonly held?: Vector;
  readonly left?: Vector;
}

/** Everything a run leaves behind. */
export interface RunRecord {
  readonly seed: number;
  readonly history: readonly HistoryEvent[];
  readonly regionEvents: readonly RegionEvent[];
  /** In the order of time; the last ones, of all regions after the heal, hold logs. */
  readonly dumps: readonly RegionDump[];
  readonly finalDumps: readonly RegionDump[];
  /** By the name that documents begin with. */
  readonly collections?: ReadonlyMap<string, CollectionSchema>;
  /** Origins of which the seed made a second history on purpose. */
  readonly plantedEquivocations?: readonly string[];
  /** When the last fault of the core was healed, when all its regions were seen to hold the same, and how long that may take. */
  readonly healedCoreAtMs?: number;
  readonly convergedAtMs?: number;
  readonly boundMs?: number;
  /** How long a region that takes writes may need for the answer to an edit, whatever its peers do. */
  readonly answerBoundMs?: number;
  readonly resources?: readonly ResourceSample[];
  readonly readSamples?: readonly ReadSample[];
  readonly sessionAcks?: readonly SessionAck[];
  /** In the order in which they were made, and in which it happened. */
  readonly deviceWrites?: readonly DeviceWrite[];
  readonly deviceEvents?: readonly DeviceEvent[];
  readonly deviceSubmissions?: readonly DeviceSubmission[];
  readonly movedSamples?: readonly MovedSample[];
  readonly hostileAttempts?: readonly HostileAttempt[];
}

/** Something that no region should take, and what the region said. */
export interface HostileAttempt {
  readonly timeMs: number;
  readonly region: string;
  readonly kind: string;
  readonly document: string;
  readonly update: Uint8Array;
  /** Undefined when nobody can tell: the connection was lost. `silence` when a region that took writes said nothing, `taken` when it took it. */
  readonly code: string | undefined;
}

/** An update that a sync session acknowledged: it has no key, so it is named by its op. */
export interface SessionAck {
  readonly timeMs: number;
  readonly region: string;
  readonly document: string;
  readonly origin: string;
  readonly seq: number;
}

/** How full something bounded was at a moment. */
export interface ResourceSample {
  readonly timeMs: number;
  readonly region: string;
  /** Names queue and unit: `pendingBytes`. */
  readonly resource: string;
  readonly value: number;
  readonly bound: number;
}
