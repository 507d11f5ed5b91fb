// probe: asks what the receiver holds durably now. probed: the answer, made after the question was read, so it covers
// everything that the region had acknowledged to anyone before the question was asked.
//
//   probe    id
//   probed   id | vector

import type { BoundedReader } from '../bounded-reader.ts';
import type { ByteWriter } from '../byte-writer.ts';
import { vectorOriginsMax } from '../limits.ts';
import { readVector, type VectorEntries, writeVector } from '../vector-field.ts';

export interface ProbeFrame {
  readonly type: 'probe';
  /** Comes back in the answer. */
  readonly id: number;
}

export interface ProbedFrame {
  readonly type: 'probed';
  readonly id: number;
  readonly durable: VectorEntries;
}

export function writeProbe(writer: ByteWriter, frame: ProbeFrame): void {
  writer.uint(frame.id);
}

export function readProbe(reader: BoundedReader): ProbeFrame {
  return { type: 'probe', id: reader.uint() };
}

export function writeProbed(writer: ByteWriter, frame: ProbedFrame): void {
  writer.uint(frame.id);
  writeVector(writer, frame.durable);
}

export function readProbed(reader: BoundedReader): ProbedFrame {
  return { type: 'probed', id: reader.uint(), durable: readVector(reader, vectorOriginsMax) };
}
