// An ordered map in memory. A commit becomes visible and "durable" one turn of the microtask queue after it was handed
// over, so that a caller that reads or acknowledges too early is caught here as it would be on a disk. The image is what
// a crash leaves: it holds exactly the resolved commits, and a new map can be opened from it.
//
// Keys are kept as Latin-1 strings, whose order by code units is the order of their bytes, in sorted chunks: an insert
// moves at most `chunkKeysMax` keys.

import { assert } from '@anabranch/base';
import type { KvEntry, Mutation, OrderedKv, RangeOptions } from './ordered-kv.ts';

const chunkKeysMax = 512;

/** The durable content of a {@link MemoryKv}. */
export type MemoryKvImage = ReadonlyArray<readonly [key: string, value: Uint8Array]>;

interface Chunk {
  readonly keys: string[];
  readonly values: Uint8Array[];
}

export class MemoryKv implements OrderedKv {
  #chunks: Chunk[] = [{ keys: [], values: [] }];
  #isClosed = false;

  constructor(image: MemoryKvImage = []) {
    for (const [key, value] of image) this.#put(key, value);
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    const text = toText(key);
    const chunk = this.#chunkOf(text);
    const at = lowerBound(chunk.keys, text);
    return chunk.keys[at] === text ? chunk.values[at]?.slice() : undefined;
  }

  *entries(start: Uint8Array, end: Uint8Array, options: RangeOptions = {}): Iterable<KvEntry> {
    for (const [key, value] of this.#range(start, end, options)) yield { key: toBytes(key), value: value.slice() };
  }

  *keys(start: Uint8Array, end: Uint8Array, options: RangeOptions = {}): Iterable<Uint8Array> {
    for (const [key] of this.#range(start, end, options)) yield toBytes(key);
  }

  async commit(mutations: readonly Mutation[]): Promise<void> {
    this.#assertOpen();
    await Promise.resolve();
    for (const { key, value } of mutations) {
      if (value === undefined) this.#delete(toText(key));
      else this.#put(toText(key), value.slice());
    }
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  /** What a crash at this instant would leave. */
  image(): MemoryKvImage {
    return this.#chunks.flatMap((chunk) => chunk.keys.map((key, at) => [key, chunk.values[at] ?? empty] as const));
  }

  *#range(start: Uint8Array, end: Uint8Array, options: RangeOptions): Iterable<readonly [string, Uint8Array]> {
    this.#assertOpen();
    const { reverse = false, limit = Number.POSITIVE_INFINITY } = options;
    const [first, afterLast] = [toText(start), toText(end)];
    const step = reverse ? -1 : 1;
    let left = limit;
    for (let c = this.#chunkIndexOf(reverse ? afterLast : first); ; c += step) {
      const chunk = this.#chunks[c];
      if (chunk === undefined || left <= 0) return;
      const from = lowerBound(chunk.keys, first);
      const to = lowerBound(chunk.keys, afterLast);
      for (let at = reverse ? to - 1 : from; at >= from && at < to && left > 0; at += step, left--) {
        yield [chunk.keys[at] ?? '', chunk.values[at] ?? empty];
      }
      const isPast = reverse ? from > 0 : to < chunk.keys.length;
      if (isPast) return;
    }
  }

  #put(key: string, value: Uint8Array): void {
    const index = this.#chunkIndexOf(key);
    const chunk = this.#chunks[index];
    assert(chunk !== undefined, 'there is always a chunk');
    const at = lowerBound(chunk.keys, key);
    const isPresent = chunk.keys[at] === key;
    chunk.keys.splice(at, isPresent ? 1 : 0, key);
    chunk.values.splice(at, isPresent ? 1 : 0, value);
    if (chunk.keys.length <= chunkKeysMax) return;
    const half = chunk.keys.length >> 1;
    this.#chunks.splice(index + 1, 0, { keys: chunk.keys.splice(half), values: chunk.values.splice(half) });
  }

  #delete(key: string): void {
    const index = this.#chunkIndexOf(key);
    const chunk = this.#chunks[index];
    assert(chunk !== undefined, 'there is always a chunk');
    const at = lowerBound(chunk.keys, key);
    if (chunk.keys[at] !== key) return;
    chunk.keys.splice(at, 1);
    chunk.values.splice(at, 1);
    if (chunk.keys.length === 0 && this.#chunks.length > 1) this.#chunks.splice(index, 1);
  }

  #chunkOf(key: string): Chunk {
    const chunk = this.#chunks[this.#chunkIndexOf(key)];
    assert(chunk !== undefined, 'there is always a chunk');
    return chunk;
  }

  /** The last chunk that starts at or before `key`, or the first chunk. */
  #chunkIndexOf(key: string): number {
    let low = 0;
    let high = this.#chunks.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#chunks[middle]?.keys[0] ?? '') <= key) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #assertOpen(): void {
    assert(!this.#isClosed, 'the map is closed');
  }
}

const empty = new Uint8Array(0);

/** The index of the first key at or after `key`. */
function lowerBound(keys: readonly string[], key: string): number {
  let low = 0;
  let high = keys.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((keys[middle] ?? '') < key) low = middle + 1;
    else high = middle;
  }
  return low;
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
