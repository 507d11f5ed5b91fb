/** Keys as Latin-1 text, whose order by code units is the order of their bytes. */
export class SortedKeys {
  readonly #keys: string[] = [];

  add(key: string): void {
    const last = this.#keys.at(-1);
    if (last === undefined || last < key) this.#keys.push(key);
    else this.#keys.splice(this.#lowerBound(key), 0, key);
  }

  delete(key: string): void {
    const at = this.#lowerBound(key);
    if (this.#keys[at] === key) this.#keys.splice(at, 1);
  }

  all(): readonly string[] {
    return this.#keys;
  }

  /** The keys with `start <= key < end`; to be consumed before the next change. */
  *range(start: string, end: string, { reverse, limit }: { reverse: boolean; limit: number }): Iterable<string> {
    const [from, to] = [this.#lowerBound(start), this.#lowerBound(end)];
    const count = Math.min(limit, to - from);
    for (let step = 0; step < count; step++) yield this.#keys[reverse ? to - 1 - step : from + step] ?? '';
  }

  /** The index of the first key at or after `key`. */
  #lowerBound(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#keys[middle] ?? '') < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
