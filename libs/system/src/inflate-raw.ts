import { inflateRawSync } from 'node:zlib';

/** Inflates raw deflate data (RFC 1951) to at most so many bytes; undefined when it is damaged or larger. */
export function inflateRaw(bytes: Uint8Array, bytesMax: number): Uint8Array | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: bytesMax });
  } catch {
    return undefined;
  }
}
