// Randomness of the operating system. Single numbers are cut from a pool: one system call serves 256 of them.

import { randomBytes } from 'node:crypto';
import type { Random } from '@anabranch/base';

const poolBytes = 1024;

export class NodeRandom implements Random {
  #pool: Buffer = Buffer.alloc(0);
  #at = 0;

  u32(): number {
    if (this.#at + 4 > this.#pool.length) {
      this.#pool = randomBytes(poolBytes);
      this.#at = 0;
    }
    const value = this.#pool.readUInt32LE(this.#at);
    this.#at += 4;
    return value;
  }

  /** A plain copy: bytes that become keys or epochs never share memory with a pool. */
  bytes(length: number): Uint8Array {
    return Uint8Array.from(randomBytes(length));
  }
}
