// Which idempotency keys stand for a write already. Keys travel inside ops, so the store knows those of every origin; only
// the local ones on their way to the disk are kept here.

import { AnabranchError, bytesEqual } from '@anabranch/base';
import type { Idempotency } from '@anabranch/protocol';
import type { IdempotencyRecord, ReplicaStore } from './replica-store.ts';

export class IdempotencyKeys {
  readonly #store: ReplicaStore;
  readonly #pending = new Map<string, { readonly requestDigest: Uint8Array; readonly position: number }>();

  constructor(store: ReplicaStore) {
    this.#store = store;
  }

  /** @throws AnabranchError `idempotency_key_reused` when the key stands for another request. */
  isUsed({ key, requestDigest }: Idempotency): boolean {
    const known = this.#pending.get(key) ?? this.#store.readIdempotency(key);
    if (known === undefined) return false;
    if (bytesEqual(known.requestDigest, requestDigest)) return true;
    throw new AnabranchError('idempotency_key_reused', 'the idempotency key was used with another request');
  }

  /** The op that carries the key was appended. */
  append({ key, requestDigest }: Idempotency, position: number): void {
    this.#pending.set(key, { requestDigest, position });
  }

  /** The op that carries the key is durable: the store knows it from here on. */
  confirm({ key }: Idempotency): void {
    this.#pending.delete(key);
  }

  /** What has to be durable before the key's write may be shown; 0 when it is. */
  positionOf({ key }: Idempotency): number {
    return this.#pending.get(key)?.position ?? 0;
  }

  recordOf({ key }: Idempotency): IdempotencyRecord | undefined {
    return this.#store.readIdempotency(key);
  }
}
