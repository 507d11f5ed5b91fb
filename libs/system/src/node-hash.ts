import { createHmac, hash } from 'node:crypto';
import type { Hash } from '@anabranch/base';

/** SHA-256 by the one-shot call of Node 20.12 and later, which skips the stream object of createHash. */
export class NodeHash implements Hash {
  sha256(bytes: Uint8Array): Uint8Array {
    return hash('sha256', bytes, 'buffer');
  }

  hmacSha256(key: Uint8Array, bytes: Uint8Array): Uint8Array {
    return createHmac('sha256', key).update(bytes).digest();
  }
}
