// The records of the folder store: their bytes, and reading them back. Layout of the file: folder-store.ts.

import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { AnabranchError, bytesEqual, encodeUtf8, isAnabranchError } from '@anabranch/base';
import { isOriginId, type OriginId } from '@anabranch/causality';
import { BoundedReader, ByteWriter, type DocumentId, frameInvalid, parseDocumentId, type VectorEntries } from '@anabranch/protocol';
import type { PendingWrite, StoreChange } from '../store/client-store.ts';
import type { ImageCounters, ImageDocument, StoreImage } from '../store/store-image.ts';

export type JournalRecord =
  | { readonly kind: 'pending'; readonly write: PendingWrite }
  | { readonly kind: 'commit'; readonly changes: readonly StoreChange[] }
  | { readonly kind: 'counters'; readonly counters: ImageCounters }
  | { readonly kind: 'document'; readonly document: ImageDocument };

export const header: Uint8Array<ArrayBuffer> = encodeUtf8('anabranch client 2\n');
const prefixBytes = 8;
/** Bytes of one field; whatever is longer was not written here. */
const fieldBytesMax: number = 1 << 30;
const countMax = 1_000_000;
const kinds = ['pending', 'commit', 'counters', 'document'] as const;
const changeTypes = ['session', 'follow', 'forget', 'state', 'update', 'settle', 'drop', 'fold'] as const;

export function applyRecord(image: StoreImage, record: JournalRecord): void {
  if (record.kind === 'pending') image.append(record.write, record.write.n);
  else if (record.kind === 'counters') image.restoreCounters(record.counters);
  else if (record.kind === 'document') image.restoreDocument(record.document);
  else for (const change of record.changes) image.apply(change);
}

export function frameRecord(record: Uint8Array): Uint8Array {
  const framed = new Uint8Array(prefixBytes + record.length);
  const view = new DataView(framed.buffer);
  view.setUint32(0, record.length);
  view.setUint32(4, crc32(record));
  framed.set(record, prefixBytes);
  return framed;
}

/**
 * The whole records of a journal, and the bytes they take with the header; none and 0 when there is no file.
 * @throws AnabranchError `store_format_unknown`, `record_damaged`, `store_failed`.
 */
export async function readJournal(path: string): Promise<{ readonly records: readonly JournalRecord[]; readonly bytes: number }> {
  const file = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new AnabranchError('store_failed', `the journal cannot be read: ${error.message}`);
  });
  if (file === undefined || file.length === 0) return { records: [], bytes: 0 };
  if (!bytesEqual(file.subarray(0, header.length), header)) {
    throw new AnabranchError('store_format_unknown', 'the folder holds a journal of another form');
  }
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const records: JournalRecord[] = [];
  let at = header.length;
  while (at + prefixBytes <= file.length) {
    const end = at + prefixBytes + view.getUint32(at);
    // Cut off in the middle of the last one.
    if (end > file.length) break;
    const record = file.subarray(at + prefixBytes, end);
    if (crc32(record) !== view.getUint32(at + 4)) {
      if (end === file.length) break;
      throw damaged(at);
    }
    records.push(decodeRecord(record, at));
    at = end;
  }
  return { records, bytes: at };
}

export function encodeRecord(record: JournalRecord): Uint8Array {
  const writer = new ByteWriter().byte(kinds.indexOf(record.kind) + 1);
  if (record.kind === 'pending') {
    writePending(writer, record.write);
  } else if (record.kind === 'commit') {
    writer.uint(record.changes.length);
    for (const change of record.changes) writeChange(writer, change);
  } else if (record.kind === 'counters') {
    const { device, lastN, lastAt } = record.counters;
    writer.text(device).uint(lastN).uint(lastAt);
  } else {
    const { document, isHeld, updates } = record.document;
    writer
      .text(document)
      .byte(isHeld ? 1 : 0)
      .uint(updates.length);
    for (const { at, bytes } of updates) writer.uint(at).sizedBytes(bytes);
  }
  return writer.finish();
}

function writePending(writer: ByteWriter, { n, id, writer: author, updates, described }: PendingWrite): void {
  writer.uint(n).text(id).text(author).uint(updates.length);
  for (const { document, update } of updates) writer.text(document).sizedBytes(update);
  writer.uint(described.length);
  for (const { document, ops } of described) writer.text(document).text(ops);
}

function decodeRecord(bytes: Uint8Array, at: number): JournalRecord {
  try {
    const reader = new BoundedReader(bytes);
    const kind = kinds[reader.byte() - 1];
    const record = readRecord(reader, kind);
    reader.end();
    return record;
  } catch (error) {
    if (isAnabranchError(error)) throw damaged(at);
    throw error;
  }
}

function readRecord(reader: BoundedReader, kind: JournalRecord['kind'] | undefined): JournalRecord {
  switch (kind) {
    case 'pending':
      return { kind, write: readPending(reader) };
    case 'commit':
      return { kind, changes: reader.list(countMax, () => readChange(reader)) };
    case 'counters':
      return { kind, counters: { device: reader.text(64), lastN: reader.uint(), lastAt: reader.uint() } };
    case 'document': {
      const [document, isHeld] = [readDocument(reader), reader.byte() === 1];
      return {
        kind,
        document: { document, isHeld, updates: reader.list(countMax, () => ({ at: reader.uint(), bytes: ownBytes(reader) })) },
      };
    }
    default:
      throw frameInvalid('a record of an unknown kind');
  }
}

function readPending(reader: BoundedReader): PendingWrite {
  const [n, id, writer] = [reader.uint(), reader.text(256), reader.text(64)];
  const updates = reader.list(countMax, () => ({ document: readDocument(reader), update: ownBytes(reader) }));
  const described = reader.list(countMax, () => ({ document: readDocument(reader), ops: reader.text(fieldBytesMax) }));
  return { n, id, writer, updates, described };
}

function writeChange(writer: ByteWriter, change: StoreChange): void {
  writer.byte(changeTypes.indexOf(change.type));
  if (change.type === 'session') {
    const { seen, required, resumeKey, followSerial } = change.session;
    for (const vector of [seen, required]) {
      writer.uint(vector.length);
      for (const [origin, seq] of vector) writer.text(origin).uint(seq);
    }
    writer.sizedBytes(resumeKey).uint(followSerial);
  } else if (change.type === 'settle' || change.type === 'drop') {
    writer.uint(change.n);
  } else {
    writer.text(change.document);
    if (change.type === 'state') writer.sizedBytes(change.state);
    else if (change.type === 'update') writer.sizedBytes(change.update);
    else if (change.type === 'fold') writer.uint(change.upTo).sizedBytes(change.state);
  }
}

function readChange(reader: BoundedReader): StoreChange {
  const type = changeTypes[reader.byte()];
  switch (type) {
    case 'session': {
      const vector = (): VectorEntries => reader.list(countMax, () => [readOrigin(reader), reader.uint()] as const);
      return { type, session: { seen: vector(), required: vector(), resumeKey: ownBytes(reader), followSerial: reader.uint() } };
    }
    case 'settle':
    case 'drop':
      return { type, n: reader.uint() };
    case 'follow':
    case 'forget':
      return { type, document: readDocument(reader) };
    case 'state':
      return { type, document: readDocument(reader), state: ownBytes(reader) };
    case 'update':
      return { type, document: readDocument(reader), update: ownBytes(reader) };
    case 'fold':
      return { type, document: readDocument(reader), upTo: reader.uint(), state: ownBytes(reader) };
    default:
      throw frameInvalid('a change of an unknown type');
  }
}

function readDocument(reader: BoundedReader): DocumentId {
  return parseDocumentId(reader.text(1_024));
}

function readOrigin(reader: BoundedReader): OriginId {
  const text = reader.text(256);
  if (!isOriginId(text)) throw frameInvalid('an origin is malformed');
  return text;
}

/** A copy: a view would keep the whole file in memory. */
function ownBytes(reader: BoundedReader): Uint8Array {
  return reader.sizedBytes(fieldBytesMax).slice();
}

function damaged(at: number): AnabranchError {
  return new AnabranchError('record_damaged', `the journal is damaged at byte ${at}`, { at });
}
