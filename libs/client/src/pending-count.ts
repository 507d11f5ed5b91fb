// How many writes of the device no region has confirmed: those that the courier has counted, of all tabs, and those of this tab that it
// did not know of when it counted. It counts writes by their places: all up to one.
//
//   made --> saved at a place --counted up to there--> counted by the courier alone
//      \----------\----------> ended: refused, or in a region

export class PendingCount {
  /** Called when a write has ended. */
  changed: () => void = () => {};
  #counted = 0;
  #countedTo = 0;
  /** The places of those of this tab that were not counted, in order; none is a place behind all others. */
  readonly #uncounted = new Map<string, number>();

  get value(): number {
    return this.#counted + this.#uncounted.size;
  }

  made(id: string): void {
    this.#uncounted.set(id, Number.POSITIVE_INFINITY);
  }

  saved(id: string, n: number): void {
    if (n <= this.#countedTo) this.ended(id);
    else if (this.#uncounted.has(id)) this.#uncounted.set(id, n);
  }

  ended(id: string): void {
    if (this.#uncounted.delete(id)) this.changed();
  }

  /** So many are pending of those up to a place. */
  counted(count: number, upTo: number): void {
    this.#counted = count;
    this.#countedTo = upTo;
    for (const [id, n] of this.#uncounted) {
      if (n > upTo) return;
      this.#uncounted.delete(id);
    }
  }
}
