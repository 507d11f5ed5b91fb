import { inflateRawSync } from 'node:zlib';

/** Inflates raw deflate data (RFC 1951); undefined when it is damaged or would pass `bytesMax`. */
export function nodeInflateRaw(bytes: Uint8Array, bytesMax: number): Uint8Array | undefined {
  try {
    return inflateRawSync(bytes, { maxOutputLength: bytesMax });
  } catch {
    return undefined;
  }
}
