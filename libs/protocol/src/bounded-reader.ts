// Reads what ByteWriter writes. Bytes come from peers and disks, so nothing in them is taken on trust:
//
// Invariant 1: every length is checked against the bytes that are there before anything is allocated; a view into a larger
//              buffer is never read past its end.
// Invariant 2: a number has one form, the shortest, and is a safe integer within the limit of its field.
// Invariant 3: each failure is an AnabranchError `frame_invalid`, never a RangeError from the depth of a codec.

import { AnabranchError, decodeUtf8 } from '@anabranch/base';

/** Bytes of the greatest number, 2^53 - 1. */
const uintBytesMax = 8;

export class BoundedReader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get remaining(): number {
    return this.#bytes.length - this.#at;
  }

  byte(): number {
    const byte = this.#bytes[this.#at];
    if (byte === undefined) throw frameInvalid('it is cut off');
    this.#at += 1;
    return byte;
  }

  /** An unsigned LEB128 integer of at most 53 bits, and at most `max`. */
  uint(max: number = Number.MAX_SAFE_INTEGER): number {
    let value = 0;
    let scale = 1;
    for (let size = 1; size <= uintBytesMax; size++) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte >= 0x80) continue;
      if (byte === 0 && size > 1) throw frameInvalid('a number is not in shortest form');
      if (value > max) throw frameInvalid('a number is out of range');
      return value;
    }
    throw frameInvalid('a number is too large');
  }

  /** Exactly `length` bytes, as a view. */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) throw frameInvalid('bytes are cut off');
    // Not subarray(): that of a Node Buffer is a Buffer, whose slice() shares memory.
    const view = new Uint8Array(this.#bytes.buffer, this.#bytes.byteOffset + this.#at, length);
    this.#at += length;
    return view;
  }

  /** A length and that many bytes, at most `lengthMax`. */
  sizedBytes(lengthMax: number): Uint8Array {
    return this.bytes(this.uint(lengthMax));
  }

  /** A length in bytes and strict UTF-8, at most `bytesMax`. */
  text(bytesMax: number): string {
    const bytes = this.sizedBytes(bytesMax);
    try {
      return decodeUtf8(bytes);
    } catch {
      throw frameInvalid('a text is not UTF-8');
    }
  }

  /** A count, at most `countMax`, and that many items, each of at least a byte: no room is made for what is not there. */
  list<T>(countMax: number, readItem: () => T): T[] {
    const items: T[] = [];
    for (let left = this.uint(countMax); left > 0; left--) items.push(readItem());
    return items;
  }

  /** Ends reading. @throws AnabranchError `frame_invalid` when bytes are left over. */
  end(): void {
    if (this.remaining !== 0) throw frameInvalid('it has trailing bytes');
  }
}

export function frameInvalid(why: string): AnabranchError {
  return new AnabranchError('frame_invalid', `the frame is not valid: ${why}`);
}
