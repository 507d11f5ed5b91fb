// The records of the folder store: what they say, and their bytes. How they lie in the file: journal-batches.ts.

import { isAnabranchError } from '@anabranch/base';
import { isOriginId, type OriginId } from '@anabranch/causality';
import { BoundedReader, ByteWriter, type DocumentId, frameInvalid, parseDocumentId, type VectorEntries } from '@anabranch/protocol';
import { parseDetails } from '../refusal.ts';
import type { PendingWrite, RefusedWrite, StoreChange, StoredUpdate, WriteDescription } from '../store/client-store.ts';
import type { ImageContents, ImageCounters, ImageDocument, StoreImage } from '../store/store-image.ts';

export type JournalRecord =
  | { readonly kind: 'pending'; readonly write: PendingWrite }
  | { readonly kind: 'commit'; readonly changes: readonly StoreChange[] }
  | { readonly kind: 'counters'; readonly counters: ImageCounters }
  | { readonly kind: 'document'; readonly document: ImageDocument };

/** Bytes of one field; whatever is longer was not written here. */
const fieldBytesMax: number = 1 << 30;
const countMax = 1_000_000;
/** A record of more is made into several, of the same batch where it must be whole. */
const itemsMax = 10_000;
/** Bytes of a record, and of a batch, of a journal written anew; exceeded by one that holds a single update. */
const recordBytesMax: number = 1 << 20;
const batchBytesMax: number = 1 << 22;
const kinds = ['pending', 'commit', 'counters', 'document'] as const;
const changeTypes = ['session', 'follow', 'forget', 'state', 'update', 'settle', 'drop', 'fold', 'unhold', 'refusals'] as const;

export function applyRecord(image: StoreImage, record: JournalRecord): void {
  if (record.kind === 'pending') image.append(record.write, record.write.n);
  else if (record.kind === 'counters') image.restoreCounters(record.counters);
  else if (record.kind === 'document') image.restoreDocument(record.document);
  else for (const change of record.changes) image.apply(change);
}

/** A journal written anew, in batches of bounded size. */
export function* batchesOf({ counters, documents, pending, session, refusals }: ImageContents): Generator<readonly JournalRecord[]> {
  yield [{ kind: 'counters', counters }];
  for (const parts of partsOf(documentParts(documents), documentBytes, batchBytesMax)) {
    yield parts.map((document) => ({ kind: 'document', document }) as const);
  }
  for (const writes of partsOf(pending, pendingBytes, batchBytesMax)) yield writes.map((write) => ({ kind: 'pending', write }) as const);
  const changes: StoreChange[] = session === undefined ? [] : [{ type: 'session', session }];
  if (refusals.length > 0) changes.push({ type: 'refusals', refusals });
  if (changes.length > 0) yield [{ kind: 'commit', changes }];
}

/** A commit in records that can be read back, however many changes it has. */
export function recordsOfCommit(changes: readonly StoreChange[]): Extract<JournalRecord, { kind: 'commit' }>[] {
  return [...partsOf(changes, () => 0, recordBytesMax)].map((part) => ({ kind: 'commit', changes: part }));
}

function* documentParts(documents: readonly ImageDocument[]): Generator<ImageDocument> {
  for (const document of documents) {
    if (document.updates.length === 0) yield document;
    for (const updates of partsOf(document.updates, updateBytes, recordBytesMax)) yield { ...document, updates };
  }
}

function* partsOf<Item>(items: Iterable<Item>, bytesOf: (item: Item) => number, bytesMax: number): Generator<readonly Item[]> {
  let part: Item[] = [];
  let bytes = 0;
  for (const item of items) {
    const more = bytesOf(item);
    if (part.length > 0 && (part.length === itemsMax || bytes + more > bytesMax)) {
      yield part;
      [part, bytes] = [[], 0];
    }
    part.push(item);
    bytes += more;
  }
  if (part.length > 0) yield part;
}

const updateBytes = ({ bytes }: StoredUpdate): number => bytes.length + 16;
const documentBytes = ({ updates }: ImageDocument): number => updates.reduce((sum, update) => sum + updateBytes(update), 64);
const pendingBytes = ({ updates }: PendingWrite): number => updates.reduce((sum, { update }) => sum + update.length + 64, 64);

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
  writeDescribed(writer, described);
}

function writeDescribed(writer: ByteWriter, described: readonly WriteDescription[]): void {
  writer.uint(described.length);
  for (const { document, ops } of described) writer.text(document).text(ops);
}

function writeRefused(writer: ByteWriter, { id, documents, described, refusal }: RefusedWrite): void {
  writer.text(id).uint(documents.length);
  for (const document of documents) writer.text(document);
  writeDescribed(writer, described);
  writer.text(refusal.code).text(refusal.message).text(JSON.stringify(refusal.details));
}

/** Undefined for bytes that are no record. */
export function decodeRecord(bytes: Uint8Array): JournalRecord | undefined {
  try {
    const reader = new BoundedReader(bytes);
    const kind = kinds[reader.byte() - 1];
    const record = readRecord(reader, kind);
    reader.end();
    return record;
  } catch (error) {
    if (isAnabranchError(error)) return undefined;
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
  return { n, id, writer, updates, described: readDescribed(reader) };
}

function readDescribed(reader: BoundedReader): WriteDescription[] {
  return reader.list(countMax, () => ({ document: readDocument(reader), ops: reader.text(fieldBytesMax) }));
}

function readRefused(reader: BoundedReader): RefusedWrite {
  const [id, documents] = [reader.text(256), reader.list(countMax, () => readDocument(reader))];
  const described = readDescribed(reader);
  const [code, message, details] = [reader.text(256), reader.text(fieldBytesMax), reader.text(fieldBytesMax)];
  return { id, documents, described, refusal: { code, message, details: parseDetails(details) } };
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
  } else if (change.type === 'refusals') {
    writer.uint(change.refusals.length);
    for (const refused of change.refusals) writeRefused(writer, refused);
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
    case 'refusals':
      return { type, refusals: reader.list(countMax, () => readRefused(reader)) };
    case 'follow':
    case 'forget':
    case 'unhold':
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
