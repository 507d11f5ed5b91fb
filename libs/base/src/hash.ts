/** Cryptographic digests, as a port: synchronous, 32 bytes each. */
export interface Hash {
  sha256(bytes: Uint8Array): Uint8Array;
  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array;
}
