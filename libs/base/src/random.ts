/** Randomness, as a port, so that a simulation can replay it from a seed. */
export interface Random {
  /** A uniform integer in [0, 2^32). */
  u32(): number;
  /** `length` uniform bytes, fit for nonces and epochs. */
  bytes(length: number): Uint8Array;
}
