import type { Random } from '@anabranch/base';

/** A repeatable sequence for a story (Vigna, "splitmix", 2015, in its 32-bit form); not for secrets. */
export class SeededRandom implements Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  u32(): number {
    this.#state = (this.#state + 0x9e3779b9) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x21f0aaad);
    mixed = Math.imul(mixed ^ (mixed >>> 15), 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() & 0xff);
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + (this.u32() % (max - min + 1));
  }
}
