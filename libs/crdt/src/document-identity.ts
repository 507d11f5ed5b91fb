// The identity a replica edits under, one per origin epoch: the libraries number a replica's edits under it, so two
// replicas, or one replica before and after a restore, must never share it.

import { assert, encodeUtf8, type Hash, toHex } from '@anabranch/base';
import type { OriginId } from '@anabranch/causality';

export interface DocumentIdentity {
  /** In [2^32, 2^53): ordinary Yjs clients draw random 32-bit ids, so they can never take a region's id. */
  readonly yjsClientId: number;
  /** 16 bytes as lower-case hex. */
  readonly automergeActor: string;
}

/** The first Yjs clientID reserved for regions: what a session brings under one that is not known is not taken. */
export const reservedClientIdMin: number = 2 ** 32;
const clientIdEnd = 2 ** 53;

/** The identity of an origin: the same on every machine, different for different origins. */
export function identityOf(origin: OriginId, hash: Hash): DocumentIdentity {
  const digest = hash.sha256(encodeUtf8(`anabranch identity ${origin}`));
  const view = new DataView(digest.buffer, digest.byteOffset, digest.byteLength);
  const drawn = (view.getUint32(16) & 0x1fffff) * 2 ** 32 + view.getUint32(20);
  const yjsClientId = reservedClientIdMin + (drawn % (clientIdEnd - reservedClientIdMin));
  assert(Number.isSafeInteger(yjsClientId), 'a clientID is a safe integer');
  return { yjsClientId, automergeActor: toHex(digest.subarray(0, 16)) };
}
