import { encodeUtf8 } from '@anabranch/base';
import * as encoding from 'lib0/encoding';

/** Writes what {@link BoundedReader} reads: LEB128 integers, sized bytes, UTF-8 texts. */
export class ByteWriter {
  readonly #encoder = encoding.createEncoder();

  byte(value: number): this {
    encoding.writeUint8(this.#encoder, value);
    return this;
  }

  uint(value: number): this {
    encoding.writeVarUint(this.#encoder, value);
    return this;
  }

  bytes(value: Uint8Array): this {
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
