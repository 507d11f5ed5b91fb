// Origins and vectors inside records and frames.
//
//   origin   text
//   vector   count { origin, seq } ...        origins in rising order, seqs from 1: one vector, one form

import { assert, compareStrings } from '@anabranch/base';
import { isOriginId, type OriginId, originLengthMax } from '@anabranch/causality';
import { type BoundedReader, frameInvalid } from './bounded-reader.ts';
import type { ByteWriter } from './byte-writer.ts';

/** Entries as {@link VersionVector.entries} gives them, or some of these. */
export type VectorEntries = ReadonlyArray<readonly [OriginId, number]>;

export function readOrigin(reader: BoundedReader): OriginId {
  const text = reader.text(originLengthMax);
  if (!isOriginId(text)) throw frameInvalid('an origin is malformed');
  return text;
}

export function writeVector(writer: ByteWriter, entries: VectorEntries): void {
  assert(isCanonical(entries), 'the entries of a vector have rising origins and seqs above 0');
  writer.uint(entries.length);
  for (const [origin, seq] of entries) writer.text(origin).uint(seq);
}

export function readVector(reader: BoundedReader, originsMax: number): VectorEntries {
  const entries = reader.list(originsMax, () => [readOrigin(reader), reader.uint()] as const);
  if (!isCanonical(entries)) throw frameInvalid('a vector is not in canonical form');
  return entries;
}

function isCanonical(entries: VectorEntries): boolean {
  let previous = '';
  return entries.every(([origin, seq]) => {
    const isNext = seq > 0 && compareStrings(previous, origin) < 0;
    previous = origin;
    return isNext;
  });
}
