// The keys of the store's records. Each begins with a byte for its key space; texts end in a zero byte, which their
// alphabets do not contain, and numbers are big-endian, so the order of the bytes is the order of the things named.
//
//   meta         'm' name                             the store's format version, the replica's identity
//   log          'l' origin 0 seq                     an origin's ops in order
//   document     'd' document 0 position              0: what the snapshot covers; above: the ops of one batch that wrote
//                                                     the document, under the position of the last
//   snapshot     's' document                         the merged state
//   peerVector   'p' region                           what a peer has made durable
//   idempotency  'i' key                              a used idempotency key
//
// The document space serves three reads with one range: the tail of a document, its history, and, skipping from one
// document to the next, the list of a collection. So a batch costs one small record for each document it writes, besides the log, and
// nothing has to remember which documents exist. A range of the index from a position on holds every op after it.

import { assert } from '@anabranch/base';
import { isOriginId, type OriginId, type RegionId } from '@anabranch/causality';
import { type DocumentId, isIdempotencyKey } from '@anabranch/protocol';

export type KeySpace = 'meta' | 'log' | 'document' | 'snapshot' | 'peerVector' | 'idempotency';

const spaceBytes: Readonly<Record<KeySpace, number>> = {
  meta: 0x6d,
  log: 0x6c,
  document: 0x64,
  snapshot: 0x73,
  peerVector: 0x70,
  idempotency: 0x69,
};

/** Seqs and positions take 7 bytes in keys and records. */
export const uint56Bytes = 7;

export function metaKey(name: 'format' | 'identity'): Buffer {
  return textKey('meta', name);
}

export function logKey(origin: OriginId, seq: number): Buffer {
  return numberedKey('log', origin, seq);
}

/** The first key after every op of `origin` in the log space. */
export function afterLog(origin: OriginId): Buffer {
  return textKey('log', `${origin}\x01`);
}

export function documentKey(document: DocumentId, position: number): Buffer {
  return numberedKey('document', document, position);
}

/** The first key after every record of `document` in the document space. */
export function afterDocument(document: DocumentId): Buffer {
  return textKey('document', `${document}\x01`);
}

/** The range that the documents of a collection lie in. */
export function collectionRange(collection: string): readonly [start: Buffer, end: Buffer] {
  return [textKey('document', `${collection}/`), textKey('document', `${collection}0`)];
}

export function snapshotKey(document: DocumentId): Buffer {
  return textKey('snapshot', document);
}

export function peerVectorKey(region: RegionId): Buffer {
  return textKey('peerVector', region);
}

export function idempotencyKey(key: string): Buffer {
  assert(isIdempotencyKey(key), 'an idempotency key is visible ASCII');
  return textKey('idempotency', key);
}

/** The range of a whole key space. */
export function spaceRange(space: KeySpace): readonly [start: Buffer, end: Buffer] {
  return [Buffer.of(spaceBytes[space]), Buffer.of(spaceBytes[space] + 1)];
}

/** The text and the number of a key in the log or document space. */
export function parseNumberedKey(key: Uint8Array): { readonly text: string; readonly number: number } {
  const bytes = toBuffer(key);
  const end = bytes.length - uint56Bytes;
  return { text: bytes.toString('latin1', 1, end - 1), number: end > 1 ? readUint56(bytes, end) : 0 };
}

/** The op that a key in the log space names; undefined for any other key. */
export function parseLogKey(key: Uint8Array): { readonly origin: OriginId; readonly seq: number } | undefined {
  if (spaceOf(key) !== 'log') return undefined;
  const { text, number } = parseNumberedKey(key);
  return isOriginId(text) ? { origin: text, seq: number } : undefined;
}

/** The first op that is missing between two records that follow one another; undefined when none is. */
export function opBetween(before: Uint8Array, key: Uint8Array): { readonly origin: OriginId; readonly seq: number } | undefined {
  const [last, next] = [parseLogKey(before), parseLogKey(key)];
  const isGap = last !== undefined && next?.origin === last.origin && next.seq > last.seq + 1;
  return isGap ? { origin: last.origin, seq: last.seq + 1 } : undefined;
}

/** The range of all records, or of those after one. */
export function allAfter(key: Uint8Array | undefined): readonly [start: Buffer, end: Buffer] {
  return [key === undefined ? Buffer.of(0) : Buffer.concat([key, Buffer.of(0)]), Buffer.of(0xff)];
}

/** The text of a key in one of the other spaces. */
export function parseTextKey(key: Uint8Array): string {
  return toBuffer(key).toString('latin1', 1);
}

/** What a key names, for people: the key space and the ids inside. */
export function describeKey(key: Uint8Array): Readonly<Record<string, unknown>> {
  const space = spaceOf(key);
  switch (space) {
    case 'log': {
      const { text, number } = parseNumberedKey(key);
      return { keySpace: space, origin: text, seq: number };
    }
    case 'document': {
      const { text, number } = parseNumberedKey(key);
      return { keySpace: space, document: text, position: number };
    }
    case 'snapshot':
      return { keySpace: space, document: parseTextKey(key) };
    case 'peerVector':
      return { keySpace: space, region: parseTextKey(key) };
    case 'meta':
    case 'idempotency':
      return { keySpace: space, key: parseTextKey(key) };
    case undefined:
      return { keySpace: 'unknown', key: toBuffer(key).toString('hex') };
  }
}

function spaceOf(key: Uint8Array): KeySpace | undefined {
  for (const space of Object.keys(spaceBytes) as KeySpace[]) if (spaceBytes[space] === key[0]) return space;
  return undefined;
}

function textKey(space: KeySpace, text: string): Buffer {
  const key = Buffer.allocUnsafe(1 + text.length);
  key[0] = spaceBytes[space];
  key.write(text, 1, 'latin1');
  return key;
}

function numberedKey(space: KeySpace, text: string, number: number): Buffer {
  const end = 2 + text.length;
  const key = Buffer.allocUnsafe(end + uint56Bytes);
  key[0] = spaceBytes[space];
  key.write(text, 1, 'latin1');
  key[end - 1] = 0;
  writeUint56(key, number, end);
  return key;
}

export function writeUint56(bytes: Buffer, value: number, at: number): void {
  assert(Number.isSafeInteger(value) && value >= 0, 'a seq or a position is an unsigned integer of 53 bits');
  const high = Math.floor(value / 2 ** 32);
  bytes[at] = high >> 16;
  bytes[at + 1] = high >> 8;
  bytes[at + 2] = high;
  bytes.writeInt32BE(value | 0, at + 3);
}

export function readUint56(bytes: Buffer, at: number): number {
  const high = ((bytes[at] ?? 0) << 16) | ((bytes[at + 1] ?? 0) << 8) | (bytes[at + 2] ?? 0);
  return high * 2 ** 32 + bytes.readUInt32BE(at + 3);
}

/** The same bytes with a Buffer's methods. */
export function toBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
