// Writes what BoundedReader reads: LEB128 integers, sized bytes, UTF-8 texts. Every op and frame passes here, so one buffer
// is kept from writer to writer; a writer takes it when it begins and leaves it when it finishes.

import { assert, encodeUtf8 } from '@anabranch/base';

const bufferBytesMin = 4096;
/** A larger buffer is not kept. */
const keptBytesMax: number = 1 << 20;

let kept: Uint8Array | undefined;

/** What the reader would refuse or read as something else is an assertion here. */
export class ByteWriter {
  #buffer: Uint8Array;
  #length = 0;

  constructor() {
    this.#buffer = kept ?? new Uint8Array(bufferBytesMin);
    kept = undefined;
  }

  byte(value: number): this {
    assert(Number.isInteger(value) && value >= 0 && value <= 0xff, () => `${value} is not a byte`);
    this.#reserve(1);
    this.#buffer[this.#length++] = value;
    return this;
  }

  uint(value: number): this {
    assert(Number.isSafeInteger(value) && value >= 0, () => `${value} is not a whole number from 0 to 2^53 - 1`);
    this.#reserve(8);
    let rest = value;
    while (rest >= 0x80) {
      this.#buffer[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#buffer[this.#length++] = rest;
    return this;
  }

  /** Bytes without their length: the reader must know it, and may be named here. */
  bytes(value: Uint8Array, length: number = value.length): this {
    assert(value.length === length, () => `${value.length} bytes stand where ${length} belong`);
    this.#reserve(length);
    this.#buffer.set(value, this.#length);
    this.#length += length;
    return this;
  }

  sizedBytes(value: Uint8Array): this {
    return this.uint(value.length).bytes(value);
  }

  text(value: string): this {
    return this.#isShortAscii(value) ? this.#ascii(value) : this.sizedBytes(encodeUtf8(value));
  }

  /** A copy of what was written; the writer is not used afterwards. */
  finish(): Uint8Array<ArrayBuffer> {
    const written = new Uint8Array(this.#length);
    written.set(this.#buffer.subarray(0, this.#length));
    if (this.#buffer.length <= keptBytesMax) kept = this.#buffer;
    return written;
  }

  #isShortAscii(text: string): boolean {
    if (text.length >= 0x80) return false;
    for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= 0x80) return false;
    return true;
  }

  /** Names of origins and documents: one byte of length and one per character. */
  #ascii(text: string): this {
    this.#reserve(1 + text.length);
    this.#buffer[this.#length++] = text.length;
    for (let i = 0; i < text.length; i++) this.#buffer[this.#length++] = text.charCodeAt(i);
    return this;
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#buffer.length) return;
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#length + bytes));
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }
}
