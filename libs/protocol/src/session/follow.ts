// follow, unfollow: what a client wants to be told of. Each has a serial, rising by one from 1 over all sessions of a client.
//
//   follow     serial | complete: 0 or 1 | documents: count { prefix shared with the one before, rest text, held: 0 or 1 }
//   unfollow   serial | documents: count { prefix shared, rest text }
//
// `held` names a document that the client has as its `seen` says, because it followed it before; the others are sent
// whole. Nothing is sent until a frame says `complete`: by then the region knows all that the client held. Names in order
// share their beginnings, so to name many costs a few bytes each.

import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type DocumentId, documentIdLengthMax, parseDocumentId } from '../document-id.ts';
import { frameDocumentsMax } from '../limits.ts';
import { readFlag } from './fields.ts';

export interface FollowedDocument {
  readonly document: DocumentId;
  readonly isHeld: boolean;
}

export interface FollowFrame {
  readonly type: 'follow';
  readonly serial: number;
  readonly isComplete: boolean;
  readonly documents: readonly FollowedDocument[];
}

export interface UnfollowFrame {
  readonly type: 'unfollow';
  readonly serial: number;
  readonly documents: readonly DocumentId[];
}

export function writeFollow(writer: ByteWriter, frame: FollowFrame): void {
  writer.uint(frame.serial).byte(Number(frame.isComplete)).uint(frame.documents.length);
  let before = '';
  for (const { document, isHeld } of frame.documents) {
    writeName(writer, before, document);
    writer.byte(Number(isHeld));
    before = document;
  }
}

export function readFollow(reader: BoundedReader): FollowFrame {
  const serial = readSerial(reader);
  const isComplete = readFlag(reader);
  let before = '';
  const documents = reader.list(frameDocumentsMax, () => {
    const document = readName(reader, before);
    before = document;
    return { document, isHeld: readFlag(reader) };
  });
  return { type: 'follow', serial, isComplete, documents };
}

export function writeUnfollow(writer: ByteWriter, frame: UnfollowFrame): void {
  writer.uint(frame.serial).uint(frame.documents.length);
  let before = '';
  for (const document of frame.documents) {
    writeName(writer, before, document);
    before = document;
  }
}

export function readUnfollow(reader: BoundedReader): UnfollowFrame {
  const serial = readSerial(reader);
  let before = '';
  const documents = reader.list(frameDocumentsMax, () => {
    before = readName(reader, before);
    return before as DocumentId;
  });
  return { type: 'unfollow', serial, documents };
}

function readSerial(reader: BoundedReader): number {
  const serial = reader.uint();
  if (serial === 0) throw frameInvalid('serials begin at 1');
  return serial;
}

function writeName(writer: ByteWriter, before: string, name: string): void {
  const shared = sharedLength(before, name);
  writer.uint(shared).text(name.slice(shared));
}

function readName(reader: BoundedReader, before: string): DocumentId {
  const shared = reader.uint(before.length);
  const name = before.slice(0, shared) + reader.text(documentIdLengthMax);
  if (sharedLength(before, name) !== shared) throw frameInvalid('a name shares more of the one before than it says');
  try {
    return parseDocumentId(name);
  } catch {
    throw frameInvalid('a document id is malformed');
  }
}

function sharedLength(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a.charCodeAt(length) === b.charCodeAt(length)) length += 1;
  return length;
}
