// The payloads of the store's records. The hot ones, an op and its entry in the document index, have a fixed layout;
// the others are varints, texts and sized bytes.
//
//   log          position (7) | log bytes (7) | hlc ms (6) | hlc counter (2) | chain hash (32) | op bytes
//   document, 0  library (1) | position (7) | indexed after (7); records of earlier releases end before the last field
//   document, n  for each entry: position (7) | seq (7) | length of origin (1) | origin
//   snapshot     position (7) | state
//   identity     region | origin | store id (16) | epochs that are not settled, none in records of earlier releases
//
// Decoders are given payloads whose checksum was right; they return undefined for content that no encoder writes.

import { isAnabranchError } from '@anabranch/base';
import { type Hlc, isOriginId, isRegionId, type OriginId, originLengthMax, VersionVector } from '@anabranch/causality';
import type { DocumentSnapshot, IdempotencyRecord, LoggedOp, OpAppend, ReplicaIdentity } from '@anabranch/engine';
import { BoundedReader, ByteWriter, chainHashLength, requestDigestLength, vectorOriginsMax } from '@anabranch/protocol';
import { newRecord, payloadStart } from './record.ts';
import { readUint56, uint56Bytes, writeUint56 } from './store-key.ts';

type Library = DocumentSnapshot['library'];

const hlcMsBytes = 6;
/** Where the fields of a log record begin. */
const logAt = { position: 0, logBytes: 7, hlcMs: 14, hlcCounter: 20, chainHash: 22, op: 22 + chainHashLength } as const;
/** Where the fields of an index entry begin. */
const entryAt = { position: 0, seq: 7, originLength: 14, origin: 15 } as const;
const storeIdLength = 16;
const libraries: readonly Library[] = ['yjs', 'automerge'];

export function newLogRecord(op: OpAppend): Buffer {
  const record = newRecord(logAt.op + op.bytes.length);
  writeUint56(record, op.position, payloadStart + logAt.position);
  writeUint56(record, op.logBytes, payloadStart + logAt.logBytes);
  record.writeUIntBE(op.hlc.ms, payloadStart + logAt.hlcMs, hlcMsBytes);
  record.writeUInt16BE(op.hlc.counter, payloadStart + logAt.hlcCounter);
  record.set(op.chainHash, payloadStart + logAt.chainHash);
  record.set(op.bytes, payloadStart + logAt.op);
  return record;
}

export interface LogRecord {
  readonly op: LoggedOp;
  readonly hlc: Hlc;
}

export function decodeLogRecord(payload: Buffer, origin: OriginId, seq: number): LogRecord | undefined {
  if (payload.length < logAt.op) return undefined;
  const op = {
    origin,
    seq,
    bytes: plainBytes(payload, logAt.op, payload.length),
    chainHash: plainBytes(payload, logAt.chainHash, logAt.op),
    logBytes: readUint56(payload, logAt.logBytes),
    position: readUint56(payload, logAt.position),
  };
  const hlc = { ms: payload.readUIntBE(logAt.hlcMs, hlcMsBytes), counter: payload.readUInt16BE(logAt.hlcCounter) };
  return { op, hlc };
}

/** Where an op that wrote a document is found. */
export interface IndexEntry {
  readonly origin: OriginId;
  readonly seq: number;
  readonly position: number;
}

/** The entries of one batch for one document, in order of position. */
export function newIndexRecord(entries: readonly IndexEntry[]): Buffer {
  let length = 0;
  for (const { origin } of entries) length += entryAt.origin + origin.length;
  const record = newRecord(length);
  let at = payloadStart;
  for (const { origin, seq, position } of entries) {
    writeUint56(record, position, at + entryAt.position);
    writeUint56(record, seq, at + entryAt.seq);
    record[at + entryAt.originLength] = origin.length;
    record.write(origin, at + entryAt.origin, 'latin1');
    at += entryAt.origin + origin.length;
  }
  return record;
}

export function decodeIndexRecord(payload: Buffer): readonly IndexEntry[] | undefined {
  const entries: IndexEntry[] = [];
  for (let at = 0; at < payload.length; ) {
    const originAt = at + entryAt.origin;
    const end = originAt + (payload[at + entryAt.originLength] ?? payload.length);
    if (end > payload.length) return undefined;
    const origin = payload.toString('latin1', originAt, end);
    if (!isOriginId(origin)) return undefined;
    entries.push({ origin, seq: readUint56(payload, at + entryAt.seq), position: readUint56(payload, at + entryAt.position) });
    at = end;
  }
  return entries.length > 0 ? entries : undefined;
}

/** What the snapshot of a document covers; kept with the document's index so that reads of the index suffice. */
export interface SnapshotMark {
  readonly library: Library;
  readonly position: number;
  /** The index holds every op of the document after this position; below it entries may be missing. */
  readonly indexedAfter: number;
}

export function newMarkRecord(mark: SnapshotMark): Buffer {
  const record = newRecord(1 + 2 * uint56Bytes);
  record[payloadStart] = libraries.indexOf(mark.library);
  writeUint56(record, mark.position, payloadStart + 1);
  writeUint56(record, mark.indexedAfter, payloadStart + 1 + uint56Bytes);
  return record;
}

export function decodeMarkRecord(payload: Buffer): SnapshotMark | undefined {
  const isOld = payload.length === 1 + uint56Bytes;
  if (!isOld && payload.length !== 1 + 2 * uint56Bytes) return undefined;
  const library = libraries[payload[0] ?? libraries.length];
  const position = readUint56(payload, 1);
  // Earlier releases deleted the entries that a snapshot covered.
  const indexedAfter = isOld ? position : readUint56(payload, 1 + uint56Bytes);
  return library && indexedAfter <= position ? { library, position, indexedAfter } : undefined;
}

export function newSnapshotRecord(snapshot: DocumentSnapshot): Buffer {
  const record = newRecord(uint56Bytes + snapshot.state.length);
  writeUint56(record, snapshot.position, payloadStart);
  record.set(snapshot.state, payloadStart + uint56Bytes);
  return record;
}

export function decodeSnapshotRecord(payload: Buffer): { readonly position: number; readonly state: Uint8Array } | undefined {
  if (payload.length < uint56Bytes) return undefined;
  return { position: readUint56(payload, 0), state: plainBytes(payload, uint56Bytes, payload.length) };
}

export function newIdentityRecord(identity: ReplicaIdentity): Buffer {
  const writer = new ByteWriter().text(identity.region).text(identity.origin).bytes(identity.storeId);
  for (const origin of identity.unsettledEpochs ?? []) writer.text(origin);
  return recordOf(writer);
}

export function decodeIdentityRecord(payload: Buffer): ReplicaIdentity | undefined {
  return decoded(payload, (reader) => {
    const region = reader.text(originLengthMax);
    const origin = reader.text(originLengthMax);
    const storeId = reader.bytes(storeIdLength);
    if (!isRegionId(region) || !isOriginId(origin)) return undefined;
    const unsettledEpochs: OriginId[] = [];
    while (reader.remaining > 0) {
      const epoch = reader.text(originLengthMax);
      if (!isOriginId(epoch)) return undefined;
      unsettledEpochs.push(epoch);
    }
    return { region, origin, storeId, ...(unsettledEpochs.length > 0 && { unsettledEpochs }) };
  });
}

export function newIdempotencyRecord(used: IdempotencyRecord): Buffer {
  return recordOf(new ByteWriter().text(used.origin).uint(used.seq).bytes(used.requestDigest));
}

export function decodeIdempotencyRecord(payload: Buffer, key: string): IdempotencyRecord | undefined {
  return decoded(payload, (reader) => {
    const origin = reader.text(originLengthMax);
    const seq = reader.uint();
    const requestDigest = reader.bytes(requestDigestLength);
    return isOriginId(origin) ? { key, requestDigest, origin, seq } : undefined;
  });
}

export function newVectorRecord(vector: VersionVector): Buffer {
  const writer = new ByteWriter().uint(vector.size);
  for (const [origin, seq] of vector.entries()) writer.text(origin).uint(seq);
  return recordOf(writer);
}

export function decodeVectorRecord(payload: Buffer): VersionVector | undefined {
  return decoded(payload, (reader) => {
    const entries: Array<readonly [OriginId, number]> = [];
    for (let left = reader.uint(vectorOriginsMax); left > 0; left--) {
      const origin = reader.text(originLengthMax);
      if (!isOriginId(origin)) return undefined;
      entries.push([origin, reader.uint()]);
    }
    return VersionVector.of(entries);
  });
}

export function newFormatRecord(storeFormat: number): Buffer {
  return recordOf(new ByteWriter().uint(storeFormat));
}

export function decodeFormatRecord(payload: Buffer): number | undefined {
  return decoded(payload, (reader) => reader.uint());
}

/** A Buffer's own slice() shares memory; what leaves the store shall behave like any Uint8Array. */
function plainBytes(bytes: Buffer, start: number, end: number): Uint8Array {
  return new Uint8Array(bytes.buffer, bytes.byteOffset + start, end - start);
}

function recordOf(writer: ByteWriter): Buffer {
  const payload = writer.finish();
  const record = newRecord(payload.length);
  record.set(payload, payloadStart);
  return record;
}

function decoded<T>(payload: Buffer, read: (reader: BoundedReader) => T | undefined): T | undefined {
  try {
    const reader = new BoundedReader(payload);
    const value = read(reader);
    reader.end();
    return value;
  } catch (error) {
    if (isAnabranchError(error, 'frame_invalid')) return undefined;
    throw error;
  }
}
