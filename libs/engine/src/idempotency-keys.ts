// Which idempotency keys stand for a write already. Keys travel inside ops, so the store knows those of every origin; only
// those on their way to the disk are kept here.
//
// Invariant 1: of two ops that carry one key, written by regions that had not heard of each other, the one whose (origin, seq)
//              comes first stands for it, in every region and whatever arrived first.

import { AnabranchError, bytesEqual, compareStrings, isAnabranchError } from '@anabranch/base';
import type { Idempotency } from '@anabranch/protocol';
import type { IdempotencyRecord, ReplicaStore } from './replica-store.ts';

interface PendingKey {
  readonly record: IdempotencyRecord;
  readonly position: number;
}

export class IdempotencyKeys {
  readonly #store: ReplicaStore;
  readonly #pending = new Map<string, PendingKey>();

  constructor(store: ReplicaStore) {
    this.#store = store;
  }

  /**
   * Whether the key stands for a write, of this request or of another one: what is not durable yet is told to nobody.
   * @throws AnabranchError `view_unavailable` when the record of what it stands for is damaged.
   */
  isUsed({ key }: Idempotency): boolean {
    const known = this.#pending.get(key)?.record ?? this.#readUsed(key);
    return known !== undefined;
  }

  /** An op that carries a key is appended. False when another one stands for the key. */
  append(record: IdempotencyRecord, position: number): boolean {
    const known = this.#pending.get(record.key)?.record ?? this.#readable(record.key);
    if (known !== undefined && isBefore(known, record)) return false;
    this.#pending.set(record.key, { record, position });
    return true;
  }

  /** What was appended up to a position is durable: the store knows its keys from here on. */
  confirm({ key }: Idempotency, position: number): void {
    if ((this.#pending.get(key)?.position ?? Number.POSITIVE_INFINITY) <= position) this.#pending.delete(key);
  }

  /** What has to be durable before the key's write may be shown; 0 when it is. */
  positionOf({ key }: Idempotency): number {
    return this.#pending.get(key)?.position ?? 0;
  }

  /** What is durable of it. @throws AnabranchError `idempotency_key_reused` when that is of another request, `view_unavailable`. */
  recordOf({ key, requestDigest }: Idempotency): IdempotencyRecord | undefined {
    const record = this.#readUsed(key);
    if (record === undefined || bytesEqual(record.requestDigest, requestDigest)) return record;
    throw new AnabranchError('idempotency_key_reused', 'the idempotency key was used with another request');
  }

  /** That there is a record says that the key was used: a damaged one must not pass for a refusal. */
  #readUsed(key: string): IdempotencyRecord | undefined {
    try {
      return this.#store.readIdempotency(key);
    } catch (error) {
      if (!isAnabranchError(error, 'record_damaged')) throw error;
      throw new AnabranchError('view_unavailable', 'the key was used before; the record of its op is damaged', { reason: error.code });
    }
  }

  /** A record that is damaged is written anew by the op that comes again. */
  #readable(key: string): IdempotencyRecord | undefined {
    try {
      return this.#store.readIdempotency(key);
    } catch (error) {
      if (isAnabranchError(error, 'record_damaged')) return undefined;
      throw error;
    }
  }
}

function isBefore(a: IdempotencyRecord, b: IdempotencyRecord): boolean {
  const order = compareStrings(a.origin, b.origin);
  return order === 0 ? a.seq < b.seq : order < 0;
}
