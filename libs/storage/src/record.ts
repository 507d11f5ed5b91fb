// How one record lies in the store:
//
//   format version (1 byte) | payload | CRC-32 of key, format version and payload (4 bytes, big-endian)
//
// The checksum covers the key although the key is stored apart: a record that is whole but lies under another record's
// key (a misdirected write, a damaged key) fails like one with a flipped bit.
//
// Invariant: openRecord returns exactly the bytes that sealRecord was given under the same key, or a reason why not.

import { crc32 } from 'node:zlib';
import { toBuffer } from './store-key.ts';

const formatVersion = 1;
const headBytes = 1;
const checksumBytes = 4;

/** Why a record cannot be served. */
export type DamageReason = 'checksum' | 'truncated' | 'format' | 'missing' | 'content';

/** A record with room for `length` bytes of payload, to be filled from {@link payloadStart} and then sealed. */
export function newRecord(length: number): Buffer {
  return Buffer.allocUnsafe(headBytes + length + checksumBytes);
}

/** Where the payload begins in a record. */
export const payloadStart = headBytes;

/** Completes a record made by {@link newRecord} for its place under `key`. */
export function sealRecord(key: Uint8Array, record: Buffer): Buffer {
  record[0] = formatVersion;
  record.writeInt32BE(checksumOf(key, record) | 0, record.length - checksumBytes);
  return record;
}

/** The payload of the record under `key`, or why it cannot be trusted. */
export function openRecord(key: Uint8Array, bytes: Uint8Array): Buffer | DamageReason {
  const record = toBuffer(bytes);
  const end = record.length - checksumBytes;
  if (end < headBytes) return 'truncated';
  if (checksumOf(key, record) !== record.readUInt32BE(end)) return 'checksum';
  if (record[0] !== formatVersion) return 'format';
  return record.subarray(headBytes, end);
}

function checksumOf(key: Uint8Array, record: Buffer): number {
  // A plain view is made several times faster than a Buffer's.
  return crc32(new Uint8Array(record.buffer, record.byteOffset, record.length - checksumBytes), crc32(key));
}
