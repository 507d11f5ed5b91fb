// credit: the receiver allows so many more bytes of op frames; a sender with none left waits. acknowledge: what the sender
// has made durable, complete at first and then only the components that changed.
//
//   credit        bytes
//   acknowledge   vector

import type { BoundedReader } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { vectorOriginsMax } from '../limits.ts';
import { readVector, type VectorEntries, writeVector } from '../vector-field.ts';

export interface CreditFrame {
  readonly type: 'credit';
  readonly bytes: number;
}

export interface AcknowledgeFrame {
  readonly type: 'acknowledge';
  readonly durable: VectorEntries;
}

/** More than any receiver grants at once. */
const creditBytesMax = 2 ** 31;

export function writeCredit(writer: ByteWriter, frame: CreditFrame): void {
  writer.uint(frame.bytes);
}

export function readCredit(reader: BoundedReader): CreditFrame {
  return { type: 'credit', bytes: reader.uint(creditBytesMax) };
}

export function writeAcknowledge(writer: ByteWriter, frame: AcknowledgeFrame): void {
  writeVector(writer, frame.durable);
}

export function readAcknowledge(reader: BoundedReader): AcknowledgeFrame {
  return { type: 'acknowledge', durable: readVector(reader, vectorOriginsMax) };
}
