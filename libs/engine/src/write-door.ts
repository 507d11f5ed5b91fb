// Local writes from request to answer: between the doors and what applies and logs them.
//
//   wait for what the session has seen --> gate, key --> apply and append (local-writes.ts) --> durable --> answer
//                                           ^                  '--short of rights--> wait for them (bounded-rights.ts)
//                                           '------------------------------------------'
//
// Invariant 1 (G2): answers and refusals wait for the position of the newest local op that they may rest on.
// Invariant 2 (G4): whatever was waited for, the key is looked up again in the step that writes.
// Invariant 3: of requests under one key each is answered after those that came before it: once one is refused, none of them
//              can still be done.

import { AnabranchError, assert, type Clock, isAnabranchError } from '@anabranch/base';
import type { VersionVector } from '@anabranch/causality';
import type { DocumentId, Idempotency } from '@anabranch/protocol';
import type { BoundedRights } from './bounded-rights.ts';
import type { DocumentCache, LoadedDocument } from './document-cache.ts';
import type { OpId } from './document-view.ts';
import { Escrow, type Shortage } from './escrow.ts';
import type { IdempotencyKeys } from './idempotency-keys.ts';
import type { LocalWrites } from './local-writes.ts';
import type { OpLog } from './op-log.ts';
import type { EditRequest, EditResult, ReadOptions, TransactionRequest, TransactionResult, WrittenView } from './replica-door.ts';
import type { LoggedOp } from './replica-store.ts';
import type { WriteGate } from './write-gate.ts';

interface ShortOfRights {
  readonly refusal: AnabranchError;
  /** Undefined when it cannot be said what would help. */
  readonly shortage: Shortage | undefined;
}

export interface WriteDoorParts {
  readonly clock: Clock;
  readonly log: OpLog;
  readonly documents: DocumentCache;
  readonly keys: IdempotencyKeys;
  readonly gate: WriteGate;
  readonly writes: LocalWrites;
  readonly rights: BoundedRights;
  readonly whenVisible: (options: ReadOptions) => Promise<void>;
  /** @throws AnabranchError `collection_not_found`. */
  readonly assertServed: (document: DocumentId) => void;
}

export class WriteDoor {
  readonly #parts: WriteDoorParts;
  /** The newest request under each key that has not been answered. */
  readonly #underWay = new Map<string, Promise<TransactionResult>>();

  constructor(parts: WriteDoorParts) {
    this.#parts = parts;
  }

  async edit({ document, plan, ...options }: EditRequest): Promise<EditResult> {
    const { views, ...result } = await this.transact({ writes: [{ document, plan }], ...options });
    const [view] = views;
    assert(view !== undefined, 'a write has a view');
    return { ...view, ...result };
  }

  async transact(request: TransactionRequest): Promise<TransactionResult> {
    for (const { document } of request.writes) this.#parts.assertServed(document);
    const key = request.idempotency?.key;
    if (key === undefined) return this.#transact(request);
    const answer = this.#transact(request, this.#underWay.get(key));
    this.#underWay.set(key, answer);
    try {
      return await answer;
    } finally {
      if (this.#underWay.get(key) === answer) this.#underWay.delete(key);
    }
  }

  /** @param earlier a request under the same key that has not been answered */
  async #transact(request: TransactionRequest, earlier?: Promise<TransactionResult>): Promise<TransactionResult> {
    const { clock, rights, whenVisible } = this.#parts;
    if (request.minVersion !== undefined || request.readConcern !== undefined) {
      await whenVisible(request).catch((refusal: unknown) => this.#refuseDemand(request, refusal, earlier));
    }
    const deadlineMs = clock.monotonicMs() + Escrow.waitMsMax;
    if (earlier !== undefined) await Promise.allSettled([earlier]);
    for (;;) {
      const outcome = await this.#attempt(request);
      if (!('refusal' in outcome)) return outcome;
      const { refusal, shortage } = outcome;
      const obtained = shortage === undefined ? 'hopeless' : await rights.whenObtained(shortage, deadlineMs);
      if (obtained === 'hopeless') throw rights.explain(request, refusal);
      if (obtained === 'held') continue;
      // The time is up: what is said of it is of now.
      const last = await this.#attempt(request);
      if (!('refusal' in last)) return last;
      throw rights.explain(request, last.refusal);
    }
  }

  /** A demand that is not met refuses as anything else does: not before what came first, and not what was done (Invariant 3). */
  async #refuseDemand({ idempotency }: TransactionRequest, refusal: unknown, earlier: Promise<unknown> | undefined): Promise<never> {
    await Promise.allSettled([earlier]);
    if (idempotency === undefined || !this.#parts.keys.isUsed(idempotency)) throw refusal;
    throw viewUnavailable(await this.#opIdOf(idempotency), refusal);
  }

  /** The result, or a refusal for want of rights, which may come. */
  async #attempt(request: TransactionRequest): Promise<TransactionResult | ShortOfRights> {
    const { log, gate, keys, documents } = this.#parts;
    const { writes, idempotency } = request;
    if (!gate.isOpen()) await gate.whenOpen();
    const tail = idempotency === undefined ? undefined : gate.whenOpenToKeys();
    if (tail !== undefined) await tail;
    if (idempotency !== undefined && keys.isUsed(idempotency)) return this.#replay(request, idempotency);
    const loaded = documents.openAll(writes.map(({ document }) => document));
    let logged: LoggedOp | undefined;
    try {
      logged = this.#parts.writes.transact(loaded, request);
    } catch (refusal) {
      const isShort = isAnabranchError(refusal, 'insufficient_rights');
      const shortage = isShort ? this.#parts.rights.shortageOf(request, refusal) : undefined;
      await log.whenDurable(newestPosition(loaded));
      if (isShort) return { refusal, shortage };
      throw refusal;
    }
    const views = loaded.map(viewOf);
    const version = versionShown(log.durableVector, loaded);
    await log.whenDurable(newestPosition(loaded));
    const opId = logged && { origin: logged.origin, seq: logged.seq };
    return { views, version, opId, isReplay: false };
  }

  async #replay({ writes }: TransactionRequest, idempotency: Idempotency): Promise<TransactionResult> {
    const { log, documents } = this.#parts;
    const opId = await this.#opIdOf(idempotency);
    let loaded: LoadedDocument[];
    try {
      loaded = documents.openAll(writes.map(({ document }) => document));
    } catch (cause) {
      throw viewUnavailable(opId, cause);
    }
    const views = loaded.map(viewOf);
    const version = versionShown(log.durableVector, loaded);
    await log.whenDurable(newestPosition(loaded));
    return { views, version, opId, isReplay: true };
  }

  /** Of the write that a used key stands for, once it is durable. @throws AnabranchError as {@link IdempotencyKeys.recordOf}. */
  async #opIdOf(idempotency: Idempotency): Promise<OpId | undefined> {
    const { log, keys } = this.#parts;
    await log.whenDurable(keys.positionOf(idempotency));
    const record = keys.recordOf(idempotency);
    return record && { origin: record.origin, seq: record.seq };
  }
}

/** It was done: what stands in the way of showing it is no refusal. */
function viewUnavailable(opId: TransactionResult['opId'], cause: unknown): AnabranchError {
  if (!isAnabranchError(cause)) throw cause;
  const named = opId && { opId: `${opId.origin}:${opId.seq}` };
  return new AnabranchError('view_unavailable', 'it was done before; what is asked for with it cannot be shown in this region', {
    ...named,
    reason: cause.code,
  });
}

export function viewOf({ crdt }: LoadedDocument): WrittenView {
  return { json: crdt.json(), exists: crdt.exists() };
}

/**
 * What views of documents show that are taken in this step: what is durable, and their own newest local ops. What becomes durable
 * while they wait for these is not in them: a token that named it would have its holder pass it over.
 */
export function versionShown(durable: VersionVector, loaded: readonly LoadedDocument[]): VersionVector {
  return loaded.reduce((version, { localOp }) => (localOp === undefined ? version : version.with(localOp.origin, localOp.seq)), durable);
}

/** The newest local op that documents may show. */
function newestPosition(loaded: readonly LoadedDocument[]): number {
  return loaded.reduce((newest, { localPosition }) => Math.max(newest, localPosition), 0);
}
