// The framing of Automerge bytes: chunks, one after the other.
//
//   magic 85 6f 4a 83 | checksum 4 bytes | type 1 byte | length LEB128 | body
//
// Types: 0 document (a whole history, compressed), 1 change, 2 change with deflated body.

import { invalid } from '../update-refusal.ts';

export const chunkTypes = { document: 0, change: 1, deflatedChange: 2 } as const;

export interface Chunk {
  readonly type: number;
  /** The whole chunk. */
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
}

const magic = [0x85, 0x6f, 0x4a, 0x83];
/** Where a chunk says its type. */
export const chunkTypeAt = 8;

/** Splits bytes into chunks without looking inside. @throws AnabranchError `update_invalid` when they are not chunks. */
export function splitChunks(bytes: Uint8Array): Chunk[] {
  const chunks: Chunk[] = [];
  let at = 0;
  while (at < bytes.length) {
    const start = at;
    const type = bytes[start + chunkTypeAt];
    if (!magic.every((byte, i) => bytes[start + i] === byte) || type === undefined || type > chunkTypes.deflatedChange) {
      throw invalid('not an Automerge chunk');
    }
    const reader = new LebReader(bytes, start + chunkTypeAt + 1);
    const length = reader.unsigned();
    const end = reader.at + length;
    if (end > bytes.length) throw invalid('a chunk is truncated');
    chunks.push({ type, bytes: bytes.subarray(start, end), body: bytes.subarray(reader.at, end) });
    at = end;
  }
  return chunks;
}

/** Reads LEB128 numbers and byte runs. Every read past the end, or of a number beyond 2^53 - 1, is `update_invalid`. */
export class LebReader {
  at: number;
  readonly #bytes: Uint8Array;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#bytes.length;
  }

  get left(): number {
    return Math.max(0, this.#bytes.length - this.at);
  }

  unsigned(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER) throw invalid('a number is too large');
      if (byte < 0x80) return value;
      scale *= 128;
      if (scale > 2 ** 56) throw invalid('a number is too long');
    }
  }

  signed(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#byte();
      value += (byte & 0x7f) * scale;
      scale *= 128;
      if (byte < 0x80) {
        const signed = (byte & 0x40) !== 0 ? value - scale : value;
        if (!Number.isSafeInteger(signed)) throw invalid('a number is too large');
        return signed;
      }
      if (scale > 2 ** 63) throw invalid('a number is too long');
    }
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.at) throw invalid('bytes end early');
    const taken = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return taken;
  }

  #byte(): number {
    const byte = this.#bytes[this.at++];
    if (byte === undefined) throw invalid('bytes end early');
    return byte;
  }
}
