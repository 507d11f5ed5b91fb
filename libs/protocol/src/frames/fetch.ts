// fetch: asks for one op again whose record is damaged in the store of who asks. fetched: the bytes of that op, as its origin made
// them. Who does not hold it, or has it damaged too, does not answer.
//
//   fetch     origin | seq
//   fetched   origin | seq | sized op

import type { OriginId } from '@anabranch/causality';
import { type BoundedReader, frameInvalid } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { opBytesMax } from '../limits.ts';
import { readOrigin } from '../vector-field.ts';

export interface FetchFrame {
  readonly type: 'fetch';
  readonly origin: OriginId;
  /** 1 and up. */
  readonly seq: number;
}

export interface FetchedFrame {
  readonly type: 'fetched';
  readonly origin: OriginId;
  readonly seq: number;
  readonly op: Uint8Array;
}

export function writeFetch(writer: ByteWriter, frame: FetchFrame): void {
  writer.text(frame.origin).uint(frame.seq);
}

export function readFetch(reader: BoundedReader): FetchFrame {
  return { type: 'fetch', origin: readOrigin(reader), seq: readSeq(reader) };
}

export function writeFetched(writer: ByteWriter, frame: FetchedFrame): void {
  writer.text(frame.origin).uint(frame.seq).sizedBytes(frame.op);
}

export function readFetched(reader: BoundedReader): FetchedFrame {
  return { type: 'fetched', origin: readOrigin(reader), seq: readSeq(reader), op: reader.sizedBytes(opBytesMax) };
}

function readSeq(reader: BoundedReader): number {
  const seq = reader.uint();
  if (seq === 0) throw frameInvalid('there is no op 0');
  return seq;
}
