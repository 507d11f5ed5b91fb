import type { Random } from '@anabranch/base';

/** Reproducible randomness: sfc32 (Chris Doty-Humphrey, PractRand), seeded by four words. */
export class SeededRandom implements Random {
  readonly #words: [number, number, number, number];

  constructor(seed: number) {
    this.#words = [seed | 0, (seed ^ 0x9e3779b9) | 0, 0x243f6a88, 1];
    for (let i = 0; i < 12; i++) this.u32();
  }

  u32(): number {
    const [a, b, c, counter] = this.#words;
    const sum = (((a + b) | 0) + counter) | 0;
    this.#words[0] = b ^ (b >>> 9);
    this.#words[1] = (c + (c << 3)) | 0;
    this.#words[2] = ((c << 21) | (c >>> 11)) + sum;
    this.#words[3] = (counter + 1) | 0;
    return sum >>> 0;
  }

  bytes(length: number): Uint8Array {
    return Uint8Array.from({ length }, () => this.u32() & 0xff);
  }

  /** A uniform integer in [0, bound). */
  below(bound: number): number {
    return Math.floor((this.u32() / 2 ** 32) * bound);
  }

  chance(probability: number): boolean {
    return this.u32() / 2 ** 32 < probability;
  }

  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  }

  /** An independent stream, so that more draws for one concern do not shift another's. */
  fork(label: string): SeededRandom {
    let seed = this.#words[0];
    for (const char of label) seed = Math.imul(seed ^ char.charCodeAt(0), 0x01000193);
    return new SeededRandom(seed);
  }
}
