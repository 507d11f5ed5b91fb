// Each origin's log is a hash chain: the hash of an op covers its bytes, its place and everything before it.
//
//   hash(origin, 0)   = sha256("anabranch-log-1" | origin)
//   hash(origin, seq) = sha256(hash(origin, seq - 1) | op bytes)
//
// Two replicas with one hash at one (origin, seq) hold the same log up to there; two hashes at one place are
// equivocation. A frame of many ops carries only the last hash: the receiver recomputes the chain.

import { encodeUtf8, type Hash } from '@anabranch/base';
import type { OriginId } from '@anabranch/causality';

export const chainHashLength = 32;

export function chainStart(hash: Hash, origin: OriginId): Uint8Array {
  return hash.sha256(encodeUtf8(`anabranch-log-1${origin}`));
}

export function chainNext(hash: Hash, previous: Uint8Array, opBytes: Uint8Array): Uint8Array {
  const link = new Uint8Array(chainHashLength + opBytes.length);
  link.set(previous, 0);
  link.set(opBytes, chainHashLength);
  return hash.sha256(link);
}
