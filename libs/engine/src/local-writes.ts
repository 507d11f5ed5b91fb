// How local writes become ops: between the doors, the documents and the log.
//
//   transact: wait for what the session has seen -> plan -> rehearse -> apply to each document -> append one op -> durable
//
// Invariant 1 (G4): the seq, stamp and dependencies of a local op are taken in the same synchronous step that applies and
//              appends it; nothing can come between.
// Invariant 2 (G7): a transaction is one op: all of its writes are applied and appended, or none is. What typed documents
//              would refuse is found before anything is applied; where a freeform one fails after others were applied,
//              these are loaded anew.

import { AnabranchError, assert, isAnabranchError, type Metrics } from '@anabranch/base';
import { type Hlc, type HlcClock, type OriginId, VersionVector } from '@anabranch/causality';
import type { Author, DocumentOp, EscrowAct } from '@anabranch/crdt';
import { type DocumentId, encodeOp, type Idempotency, type Op, opWritesMax, updateBytesMax } from '@anabranch/protocol';
import type { DocumentCache, LoadedDocument } from './document-cache.ts';
import type { OpLog } from './op-log.ts';
import type { TransactionRequest } from './replica-door.ts';
import type { LoggedOp } from './replica-store.ts';

export interface LocalWritesParts {
  readonly metrics: Metrics;
  readonly log: OpLog;
  readonly documents: DocumentCache;
  readonly hlc: HlcClock;
  readonly origin: () => OriginId;
  /** Whether the epoch is confirmed. */
  readonly isWritable: () => boolean;
  /** Whether what a holder of rights has left may be taken over (own-epochs.ts). */
  readonly mayTakeOver: (holder: string) => boolean;
  /** Told of operations that were applied and appended. */
  readonly onApplied: (loaded: LoadedDocument, ops: readonly DocumentOp[]) => void;
  /** Documents were loaded anew: their sessions begin anew. */
  readonly onReloaded: (document: DocumentId) => void;
}

/** What an op writes to one loaded document. */
export interface AppliedUpdate {
  readonly loaded: LoadedDocument;
  /** Undefined when it changes nothing. */
  readonly update: Uint8Array | undefined;
}

/** One write of a transaction, planned. */
interface PlannedWrite {
  readonly loaded: LoadedDocument;
  readonly ops: readonly DocumentOp[];
}

export class LocalWrites {
  readonly #parts: LocalWritesParts;
  /** What the local ops of this process depend on so far; the first one names everything. */
  #dependedOn = VersionVector.empty;

  constructor(parts: LocalWritesParts) {
    this.#parts = parts;
  }

  /** The origin has changed: its first op names all that it depends on. */
  renewed(): void {
    this.#dependedOn = VersionVector.empty;
  }

  /** Plans, applies and appends in this very step. Undefined when nothing changes and no key asks for an op all the same. */
  transact(
    loaded: readonly LoadedDocument[],
    { writes, idempotency, trace }: Omit<TransactionRequest, 'minVersion'>,
  ): LoggedOp | undefined {
    assert(this.#parts.isWritable(), 'nothing is applied that could not be appended');
    assert(writes.length > 0 && writes.length <= opWritesMax, 'an op writes from one to so many documents');
    const planned = writes.map(({ plan }, at): PlannedWrite => {
      const document = loaded[at];
      assert(document !== undefined, 'every document of a transaction is loaded');
      return { loaded: document, ops: atWrite(at, writes.length, () => plan(document.crdt)) };
    });
    const author = this.#author();
    const { hlc } = author;
    const applied = planned.length === 1 ? planned.map((write) => this.#applyAlone(author, write)) : this.#applyAll(author, planned);
    // An edit that changed nothing is logged for its key all the same: repeated later, it must still change nothing.
    if (idempotency === undefined && applied.every(({ update }) => update === undefined)) return undefined;
    for (const { update } of applied) if ((update?.length ?? 0) > updateBytesMax) this.#refuseApplied(applied, update?.length ?? 0);
    const logged = this.append(applied, { hlc, ...(idempotency && { idempotency }), ...(trace !== undefined && { trace }) });
    for (const { loaded: document, ops } of planned) this.#parts.onApplied(document, ops);
    return logged;
  }

  /** Moves rights to a bounded counter, as an op of its own. Undefined when there was nothing to move. */
  moveRights(loaded: LoadedDocument, act: EscrowAct): LoggedOp | undefined {
    const author = this.#author();
    const update = loaded.crdt.escrow(author, [act]);
    return update === undefined ? undefined : this.append([{ loaded, update }], { hlc: author.hlc });
  }

  /** Appends what was applied to loaded documents as one op. */
  append(applied: readonly AppliedUpdate[], extras: { hlc: Hlc; idempotency?: Idempotency; trace?: string }): LoggedOp {
    const { log, metrics } = this.#parts;
    const origin = this.#parts.origin();
    assert(this.#parts.isWritable(), 'local ops are appended under a confirmed epoch only');
    const durable = log.durableVector;
    const dependencies = durable === this.#dependedOn ? [] : durable.since(this.#dependedOn).filter(([other]) => other !== origin);
    const writes = applied.flatMap(({ loaded, update }) =>
      update === undefined ? [] : [{ document: loaded.id, library: loaded.crdt.library, update }],
    );
    const op: Op = { ...extras, dependencies, writes };
    const logged = log.append(origin, this.#encode(op, applied), { op, isLocal: true });
    this.#dependedOn = durable;
    const opId = { origin, seq: logged.seq };
    for (const { loaded, update } of applied) {
      loaded.localPosition = logged.position;
      loaded.localOp = opId;
      if (update !== undefined) loaded.unconfirmed.push(update);
    }
    metrics.count('anabranch_ops_accepted_total');
    return logged;
  }

  /** Takes back what was applied to documents and not appended. */
  undo(loaded: Iterable<LoadedDocument>): void {
    for (const document of loaded) {
      this.#parts.documents.reload(document);
      this.#parts.onReloaded(document.id);
    }
  }

  #author(): Author & { readonly hlc: Hlc } {
    const { hlc, log, origin, mayTakeOver } = this.#parts;
    const writer = origin();
    return { writer, dot: log.head(writer).seq + 1, hlc: hlc.next(), mayTakeOver };
  }

  #encode(op: Op, applied: readonly AppliedUpdate[]): Uint8Array {
    try {
      return encodeOp(op);
    } catch (error) {
      this.undo(applied.map(({ loaded }) => loaded));
      throw error;
    }
  }

  /** Freeform documents first: what typed ones would refuse is known beforehand, so after the first nothing but a defect fails. */
  #applyAll(author: Author, planned: readonly PlannedWrite[]): readonly AppliedUpdate[] {
    planned.forEach(({ loaded, ops }, at) => void atWrite(at, planned.length, () => loaded.crdt.rehearse(author, ops)));
    const updates = new Map<LoadedDocument, Uint8Array | undefined>();
    const order = [...planned.entries()].sort(([, a], [, b]) => Number(a.loaded.crdt.isTyped) - Number(b.loaded.crdt.isTyped));
    for (const [at, { loaded, ops }] of order) {
      try {
        updates.set(
          loaded,
          atWrite(at, planned.length, () => loaded.crdt.edit(author, ops)),
        );
      } catch (error) {
        this.undo([...updates.keys(), ...(isAnabranchError(error) ? [] : [loaded])]);
        throw error;
      }
    }
    return planned.map(({ loaded }) => ({ loaded, update: updates.get(loaded) }));
  }

  /** A refused edit leaves the document as it was; a library that fails in the middle of one may not. */
  #applyAlone(author: Author, { loaded, ops }: PlannedWrite): AppliedUpdate {
    try {
      return { loaded, update: loaded.crdt.edit(author, ops) };
    } catch (error) {
      if (!isAnabranchError(error)) this.undo([loaded]);
      throw error;
    }
  }

  #refuseApplied(applied: readonly AppliedUpdate[], bytes: number): never {
    this.undo(applied.map(({ loaded }) => loaded));
    throw new AnabranchError('request_too_large', `the edit makes an update of ${bytes} bytes, at most ${updateBytesMax} are replicated`);
  }
}

/** Names the write of a transaction that was refused. */
function atWrite<T>(writeIndex: number, count: number, act: () => T): T {
  if (count === 1) return act();
  try {
    return act();
  } catch (error) {
    if (!(error instanceof AnabranchError)) throw error;
    throw new AnabranchError(error.code, error.message, { ...error.details, writeIndex });
  }
}
