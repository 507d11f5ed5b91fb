// Reads records from the medium and lets only intact ones pass: every read of the store goes through here. Damage is
// reported in the log once per record and thrown each time, so nothing is served, nothing is skipped in silence, and
// one bad sector does not flood the log. Who can mend it is told each time.

import { AnabranchError, type Logger } from '@anabranch/base';
import type { OrderedKv } from './ordered-kv.ts';
import { type DamageReason, openRecord } from './record.ts';
import { describeKey, toBuffer } from './store-key.ts';

/** Records remembered as reported; beyond, the oldest may be reported again. */
const reportedMax = 10_000;

export class RecordReader {
  readonly #kv: OrderedKv;
  readonly #logger: Logger;
  readonly #reported = new Set<string>();
  /** Told of the key of each record that was found damaged, each time. */
  onDamaged: (key: Uint8Array) => void = () => {};

  constructor(kv: OrderedKv, logger: Logger) {
    this.#kv = kv;
    this.#logger = logger;
  }

  /** Reads and decodes the record under `key`. @throws AnabranchError `record_damaged` or `store_format_unknown`. */
  read<T>(key: Uint8Array, decode: (payload: Buffer) => T | undefined): T | undefined {
    const record = this.#kv.get(key);
    return record && this.open(key, record, decode);
  }

  /** Decodes a record that was read with others. @throws AnabranchError `record_damaged` or `store_format_unknown`. */
  open<T>(key: Uint8Array, record: Uint8Array, decode: (payload: Buffer) => T | undefined): T {
    const payload = openRecord(key, record);
    if (typeof payload === 'string') throw this.damaged(key, payload);
    const value = decode(payload);
    if (value === undefined) throw this.damaged(key, 'content');
    return value;
  }

  /** As {@link open}; undefined for a damaged record, which is not reported. */
  intact<T>(key: Uint8Array, record: Uint8Array, decode: (payload: Buffer) => T | undefined): T | undefined {
    const payload = openRecord(key, record);
    return typeof payload === 'string' ? undefined : decode(payload);
  }

  /** Reports the record under `key` if its checksum is wrong. */
  check(key: Uint8Array, record: Uint8Array): void {
    const payload = openRecord(key, record);
    if (typeof payload === 'string') this.damaged(key, payload);
  }

  /** Reports the record under `key`; the error to throw. */
  damaged(key: Uint8Array, reason: DamageReason): AnabranchError {
    const details = { ...describeKey(key), reason };
    this.#report(toBuffer(key).toString('latin1'), details);
    // The checksum of a record in an unknown format is right: it was written by newer software, not damaged.
    if (reason === 'format') return new AnabranchError('store_format_unknown', 'a record has an unknown format', details);
    this.onDamaged(key);
    return new AnabranchError('record_damaged', 'a record of the store is damaged', details);
  }

  /** The record under `key` was written anew: damage to it is news again. */
  restored(key: Uint8Array): void {
    this.#reported.delete(toBuffer(key).toString('latin1'));
  }

  #report(key: string, details: Readonly<Record<string, unknown>>): void {
    if (this.#reported.has(key)) return;
    const [oldest] = this.#reported;
    if (oldest !== undefined && this.#reported.size >= reportedMax) this.#reported.delete(oldest);
    this.#reported.add(key);
    this.#logger.error('store.record_damaged', details);
  }
}
