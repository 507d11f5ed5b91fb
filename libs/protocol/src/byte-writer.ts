import { assert, encodeUtf8 } from '@anabranch/base';
import * as encoding from 'lib0/encoding';

/**
 * Writes what {@link BoundedReader} reads: LEB128 integers, sized bytes, UTF-8 texts. What the reader would refuse or read
 * as something else is an assertion here: lib0 writes -1 as 127 and 2.5 as 2.
 */
export class ByteWriter {
  readonly #encoder = encoding.createEncoder();

  byte(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xff, () => `${value} is not a byte`);
    encoding.writeUint8(this.#encoder, value);
    return this;
  }

  uint(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, () => `${value} is not a whole number from 0 to 2^53 - 1`);
    encoding.writeVarUint(this.#encoder, value);
    return this;
  }

  /** Bytes without their length: the reader must know it, and may be named here. */
  bytes(value: Uint8Array, length: number = value.length): this {
    assert(value.length === length, () => `${value.length} bytes stand where ${length} belong`);
    encoding.writeUint8Array(this.#encoder, value);
    return this;
  }

  sizedBytes(value: Uint8Array): this {
    return this.uint(value.length).bytes(value);
  }

  text(value: string): this {
    return this.sizedBytes(encodeUtf8(value));
  }

  finish(): Uint8Array<ArrayBuffer> {
    return encoding.toUint8Array(this.#encoder);
  }
}
