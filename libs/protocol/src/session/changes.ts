// What a region tells of the documents that a client follows.
//
//   changes       ops: count { origin text, seq, writes: count { document text, update, sized } } | told: vector
//   state         document text | resync: 0 or 1 | state, sized
//   unavailable   document text | code text | message text
//   replicated    majority: vector | all: vector
//
// `changes` come in causal order, each op whole as far as its documents are followed. `told` holds the components of the
// region's vector that rose since the frame before: with it the client has, of all it follows, everything up to there, and
// that is its `seen`. A frame without ops moves it on.
//
// `state` is a whole document as it is after all changes told so far. States with `resync` belong together: the client was
// away for so long that the log would be longer; it shows none of them before the next `changes`.
//
// `replicated` tells what most regions of the mesh, and what all of them, hold durably: a write that was pushed is there when
// the vector covers its `pushed`.

import type { OriginId } from '@anabranch/causality';
import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { type DocumentId, readDocumentId } from '../document-id.ts';
import { frameOpsMax, refusalBytesMax, stateBytesMax, vectorOriginsMax } from '../limits.ts';
import { readOrigin, readVector, type VectorEntries, writeVector } from '../vector-field.ts';
import { readFlag } from './fields.ts';
import { type DocumentUpdate, readUpdates, writeUpdates } from './push.ts';

export interface FollowedOp {
  readonly origin: OriginId;
  readonly seq: number;
  /** Of the documents that are followed. */
  readonly writes: readonly DocumentUpdate[];
}

export interface ChangesFrame {
  readonly type: 'changes';
  readonly ops: readonly FollowedOp[];
  readonly told: VectorEntries;
}

export interface StateFrame {
  readonly type: 'state';
  readonly document: DocumentId;
  readonly isResync: boolean;
  readonly state: Uint8Array;
}

export interface UnavailableFrame {
  readonly type: 'unavailable';
  readonly document: DocumentId;
  readonly code: string;
  readonly message: string;
}

export interface ReplicatedFrame {
  readonly type: 'replicated';
  readonly majority: VectorEntries;
  readonly all: VectorEntries;
}

export function writeChanges(writer: ByteWriter, frame: ChangesFrame): void {
  writer.uint(frame.ops.length);
  for (const { origin, seq, writes } of frame.ops) {
    writer.text(origin).uint(seq);
    writeUpdates(writer, writes);
  }
  writeVector(writer, frame.told);
}

export function readChanges(reader: BoundedReader): ChangesFrame {
  const ops = reader.list(frameOpsMax, () => {
    const [origin, seq] = [readOrigin(reader), reader.uint()];
    if (seq === 0) throw frameInvalid('seqs begin at 1');
    return { origin, seq, writes: readUpdates(reader) };
  });
  return { type: 'changes', ops, told: readVector(reader, vectorOriginsMax) };
}

export function writeState(writer: ByteWriter, frame: StateFrame): void {
  writer.text(frame.document).byte(Number(frame.isResync)).sizedBytes(frame.state);
}

export function readState(reader: BoundedReader): StateFrame {
  const document = readDocumentId(reader);
  const isResync = readFlag(reader);
  return { type: 'state', document, isResync, state: reader.sizedBytes(stateBytesMax) };
}

export function writeUnavailable(writer: ByteWriter, frame: UnavailableFrame): void {
  writer.text(frame.document).text(frame.code).text(frame.message);
}

export function readUnavailable(reader: BoundedReader): UnavailableFrame {
  const [document, code] = [readDocumentId(reader), reader.text(64)];
  return { type: 'unavailable', document, code, message: reader.text(refusalBytesMax) };
}

export function writeReplicated(writer: ByteWriter, frame: ReplicatedFrame): void {
  writeVector(writer, frame.majority);
  writeVector(writer, frame.all);
}

export function readReplicated(reader: BoundedReader): ReplicatedFrame {
  return { type: 'replicated', majority: readVector(reader, vectorOriginsMax), all: readVector(reader, vectorOriginsMax) };
}
