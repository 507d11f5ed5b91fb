// Reads the project's binary records and frames. Bytes come from peers and disks: every length is checked against the
// bytes that are there before anything is allocated (lib0's decoder alone would read past a view into the buffer it
// shares), and each failure is an AnabranchError `frame_invalid`, never a RangeError from the depth of a codec.

import { AnabranchError, decodeUtf8 } from '@anabranch/base';
import * as decoding from 'lib0/decoding';

export class BoundedReader {
  readonly #decoder: decoding.Decoder;
  readonly #end: number;

  constructor(bytes: Uint8Array) {
    this.#decoder = decoding.createDecoder(bytes);
    this.#end = bytes.length;
  }

  get position(): number {
    return this.#decoder.pos;
  }

  get remaining(): number {
    return this.#end - this.#decoder.pos;
  }

  byte(): number {
    if (this.remaining < 1) throw frameInvalid('it is cut off');
    return decoding.readUint8(this.#decoder);
  }

  /** An unsigned LEB128 integer of at most 53 bits, and at most `max`. */
  uint(max: number = Number.MAX_SAFE_INTEGER): number {
    let value: number;
    try {
      value = decoding.readVarUint(this.#decoder);
    } catch {
      throw frameInvalid('a number is cut off or too large');
    }
    if (value > max || this.remaining < 0) throw frameInvalid('a number is out of range');
    return value;
  }

  /** Exactly `length` bytes, as a view. */
  bytes(length: number): Uint8Array {
    if (length > this.remaining) throw frameInvalid('bytes are cut off');
    return decoding.readUint8Array(this.#decoder, length);
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

  /** Ends reading. @throws AnabranchError `frame_invalid` when bytes are left over. */
  end(): void {
    if (this.remaining !== 0) throw frameInvalid('it has trailing bytes');
  }
}

export function frameInvalid(why: string): AnabranchError {
  return new AnabranchError('frame_invalid', `the frame is not valid: ${why}`);
}
