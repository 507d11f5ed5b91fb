// push: a write of the client, of one or more documents that become visible together. pushed: it is durable in the region.
// refused: it is not there and never will be by this push.
//
//   push      id | writes: count { document text, update, sized }
//   pushed    id | vector                     the ops that hold it are covered by this
//   refused   id | code text | message text | details, JSON text
//
// Ids rise with each push of a session, and pushes are taken and answered in their order. The update is the library's, made by
// the client: pushed again, here or in another region, it has no further effect.

import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type DocumentId, readDocumentId } from '../document-id.ts';
import { opWritesMax, refusalBytesMax, updateBytesMax, vectorOriginsMax } from '../limits.ts';
import { readVector, type VectorEntries, writeVector } from '../vector-field.ts';

export interface DocumentUpdate {
  readonly document: DocumentId;
  readonly update: Uint8Array;
}

export interface PushFrame {
  readonly type: 'push';
  readonly id: number;
  /** 1 to 64, each document once. */
  readonly writes: readonly DocumentUpdate[];
}

export interface PushedFrame {
  readonly type: 'pushed';
  readonly id: number;
  readonly covered: VectorEntries;
}

export interface RefusedFrame {
  readonly type: 'refused';
  readonly id: number;
  readonly code: string;
  readonly message: string;
  /** JSON text of an object. */
  readonly details: string;
}

export function writePush(writer: ByteWriter, frame: PushFrame): void {
  writer.uint(frame.id);
  writeUpdates(writer, frame.writes);
}

export function readPush(reader: BoundedReader): PushFrame {
  const id = reader.uint();
  const writes = readUpdates(reader);
  if (writes.length === 0) throw frameInvalid('a push of nothing');
  return { type: 'push', id, writes };
}

export function writePushed(writer: ByteWriter, frame: PushedFrame): void {
  writer.uint(frame.id);
  writeVector(writer, frame.covered);
}

export function readPushed(reader: BoundedReader): PushedFrame {
  return { type: 'pushed', id: reader.uint(), covered: readVector(reader, vectorOriginsMax) };
}

export function writeRefused(writer: ByteWriter, frame: RefusedFrame): void {
  writer.uint(frame.id).text(frame.code).text(frame.message).text(frame.details);
}

export function readRefused(reader: BoundedReader): RefusedFrame {
  const [id, code] = [reader.uint(), reader.text(64)];
  return { type: 'refused', id, code, message: reader.text(refusalBytesMax), details: reader.text(refusalBytesMax) };
}

export function writeUpdates(writer: ByteWriter, writes: readonly DocumentUpdate[]): void {
  writer.uint(writes.length);
  for (const { document, update } of writes) writer.text(document).sizedBytes(update);
}

/** Each document once. */
export function readUpdates(reader: BoundedReader): DocumentUpdate[] {
  const named = new Set<DocumentId>();
  return reader.list(opWritesMax, () => {
    const document = readDocumentId(reader);
    if (named.has(document)) throw frameInvalid('a document is written twice');
    named.add(document);
    return { document, update: reader.sizedBytes(updateBytesMax) };
  });
}
