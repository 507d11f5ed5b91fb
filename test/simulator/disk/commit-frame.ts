// How one commit lies in the log of a SectorKv. A frame begins at a sector and fills whole ones, so that writing the next
// frame never touches the sector of an earlier one.
//
//   magic | generation | sequence | mutations | key bytes | value bytes | CRC of the values | CRC of all of this and the table
//   table: per mutation key length (2), value length (4; 2^32 - 1 = a delete)
//   keys, one after the other; values, one after the other
//
// Two checksums tell a frame that was not written whole from one in which a value has changed since: the records above
// have checksums of their own, which must see what rots.

import { crc32 } from 'node:zlib';
import type { Mutation } from '@anabranch/storage';
import { sectorBytes } from './simulated-disk.ts';

const magic = 0x616e6162;
const headBytes = 32;
const entryBytes = 6;
const deleted = 0xffffffff;
/** Larger than any frame is written; a head that claims more is not one. */
const frameBytesMax = 64 << 20;

export interface FrameHead {
  readonly generation: number;
  readonly sequence: number;
}

export interface FrameEntry {
  readonly key: Uint8Array;
  /** Where the value lies from the start of the frame; undefined for a delete. */
  readonly value: { readonly at: number; readonly length: number } | undefined;
}

export interface Frame extends FrameHead {
  readonly entries: readonly FrameEntry[];
  readonly bytes: Uint8Array;
  /** With the padding: where the next frame begins. */
  readonly length: number;
  readonly areValuesIntact: boolean;
}

export function encodeFrame(head: FrameHead, mutations: readonly Mutation[]): Frame {
  let keyBytes = 0;
  let valueBytes = 0;
  for (const { key, value } of mutations) {
    keyBytes += key.length;
    valueBytes += value?.length ?? 0;
  }
  const valuesAt = headBytes + entryBytes * mutations.length + keyBytes;
  const frame = Buffer.alloc(paddedLength(valuesAt + valueBytes));
  let tableAt = headBytes;
  let keyAt = headBytes + entryBytes * mutations.length;
  let valueAt = valuesAt;
  for (const { key, value } of mutations) {
    frame.writeUInt16BE(key.length, tableAt);
    frame.writeUInt32BE(value?.length ?? deleted, tableAt + 2);
    frame.set(key, keyAt);
    if (value !== undefined) frame.set(value, valueAt);
    tableAt += entryBytes;
    keyAt += key.length;
    valueAt += value?.length ?? 0;
  }
  const words = [magic, head.generation, head.sequence, mutations.length, keyBytes, valueBytes];
  for (const [at, word] of words.entries()) frame.writeUInt32BE(word, 4 * at);
  frame.writeUInt32BE(crc32(frame.subarray(valuesAt, valuesAt + valueBytes)), 24);
  frame.writeUInt32BE(structureChecksum(frame, valuesAt), 28);
  return { ...head, entries: entriesOf(frame, mutations.length), bytes: frame, length: frame.length, areValuesIntact: true };
}

/** The frame at `offset`, or undefined when none lies there whole; `read` reads the disk. */
export function readFrame(read: (offset: number, length: number) => Uint8Array, offset: number): Frame | undefined {
  const head = Buffer.from(read(offset, headBytes).buffer);
  if (head.readUInt32BE(0) !== magic) return undefined;
  const [count, keyBytes, valueBytes] = [head.readUInt32BE(12), head.readUInt32BE(16), head.readUInt32BE(20)];
  const valuesAt = headBytes + entryBytes * count + keyBytes;
  if (valuesAt + valueBytes > frameBytesMax) return undefined;
  const frame = Buffer.from(read(offset, valuesAt + valueBytes).buffer);
  if (structureChecksum(frame, valuesAt) !== frame.readUInt32BE(28)) return undefined;
  return {
    generation: frame.readUInt32BE(4),
    sequence: frame.readUInt32BE(8),
    entries: entriesOf(frame, count),
    bytes: frame,
    length: paddedLength(frame.length),
    areValuesIntact: crc32(frame.subarray(valuesAt)) === frame.readUInt32BE(24),
  };
}

function entriesOf(frame: Buffer, count: number): FrameEntry[] {
  const entries: FrameEntry[] = [];
  let keyAt = headBytes + entryBytes * count;
  let valueAt = keyAt + frame.readUInt32BE(16);
  for (let tableAt = headBytes; entries.length < count; tableAt += entryBytes) {
    const keyEnd = keyAt + frame.readUInt16BE(tableAt);
    const length = frame.readUInt32BE(tableAt + 2);
    const value = length === deleted ? undefined : { at: valueAt, length };
    entries.push({ key: frame.subarray(keyAt, keyEnd), value });
    keyAt = keyEnd;
    valueAt += value?.length ?? 0;
  }
  return entries;
}

/** Covers the head, its own field left out, the table and the keys. */
function structureChecksum(frame: Buffer, valuesAt: number): number {
  return crc32(frame.subarray(headBytes, valuesAt), crc32(frame.subarray(0, headBytes - 4)));
}

function paddedLength(bytes: number): number {
  return Math.ceil(bytes / sectorBytes) * sectorBytes;
}
