// The part of CBOR (RFC 8949) that automerge-repo messages are made of: null, booleans, numbers, texts, bytes, arrays, and
// maps with text keys, all of definite length. A general decoder would build what a stranger describes (tags, records,
// dates, references); this one knows nothing else than it needs.
//
// Invariant 1: nothing is allocated for more items than there are bytes left; nesting and the number of items are bounded.
// Invariant 2: every failure is `frame_invalid`.
// Invariant 3: a decoded map is a Map: no key can be taken for a property; forbidden and repeated keys are refused.

import { concatBytes, decodeUtf8, encodeUtf8, forbiddenKeys } from '@anabranch/base';
import { frameInvalid } from '@anabranch/protocol';

export type CborValue = null | boolean | number | string | Uint8Array | readonly CborValue[] | CborMap;
export type CborMap = ReadonlyMap<string, CborValue>;

/** Nesting of arrays and maps. */
const depthMax = 8;
/** Values in one message, each array, map, key and scalar counted. */
const itemsMax = 20_000;

const major = { unsigned: 0, negative: 1, bytes: 2, text: 3, array: 4, map: 5, tag: 6, simple: 7 } as const;
const simple = { false: 20, true: 21, null: 22, undefined: 23, float16: 25, float32: 26, float64: 27 } as const;

/** Reads one value that fills `bytes`. Byte strings are views. @throws AnabranchError `frame_invalid`. */
export function decodeCbor(bytes: Uint8Array): CborValue {
  const reader = new CborReader(bytes);
  const value = reader.value(0);
  if (!reader.isAtEnd) throw frameInvalid('it has trailing bytes');
  return value;
}

class CborReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at = 0;
  #items = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  value(depth: number): CborValue {
    if (depth > depthMax) throw frameInvalid('it nests too deep');
    if (++this.#items > itemsMax) throw frameInvalid('it has too many parts');
    const head = this.#view.getUint8(this.#skip(1));
    const additional = head & 31;
    switch (head >> 5) {
      case major.unsigned:
        return this.#argument(additional);
      case major.negative:
        return -1 - this.#argument(additional);
      case major.bytes:
        return this.#take(this.#argument(additional));
      case major.text:
        return this.#text(additional);
      case major.array:
        return this.#array(this.#argument(additional), depth);
      case major.map:
        return this.#map(this.#argument(additional), depth);
      case major.tag:
        throw frameInvalid('it has a tag');
      default:
        return this.#simple(additional);
    }
  }

  /** The number in the head: a value, a length or a count. */
  #argument(additional: number): number {
    if (additional < 24) return additional;
    switch (additional) {
      case 24:
        return this.#view.getUint8(this.#skip(1));
      case 25:
        return this.#view.getUint16(this.#skip(2));
      case 26:
        return this.#view.getUint32(this.#skip(4));
      case 27:
        return this.#uint64();
      default:
        throw frameInvalid('its length is indefinite');
    }
  }

  #uint64(): number {
    const value = this.#view.getBigUint64(this.#skip(8));
    if (value > Number.MAX_SAFE_INTEGER) throw frameInvalid('a number is too large');
    return Number(value);
  }

  #text(additional: number): string {
    const bytes = this.#take(this.#argument(additional));
    try {
      return decodeUtf8(bytes);
    } catch {
      throw frameInvalid('a text is not UTF-8');
    }
  }

  #array(count: number, depth: number): readonly CborValue[] {
    this.#expect(count);
    const items: CborValue[] = [];
    for (let i = 0; i < count; i++) items.push(this.value(depth + 1));
    return items;
  }

  #map(count: number, depth: number): CborMap {
    this.#expect(2 * count);
    const map = new Map<string, CborValue>();
    for (let i = 0; i < count; i++) {
      const key = this.value(depth + 1);
      if (typeof key !== 'string' || forbiddenKeys.has(key) || map.has(key)) throw frameInvalid('a key is not allowed');
      map.set(key, this.value(depth + 1));
    }
    return map;
  }

  #simple(additional: number): CborValue {
    switch (additional) {
      case simple.false:
        return false;
      case simple.true:
        return true;
      // What JavaScript clients leave undefined is as good as absent.
      case simple.null:
      case simple.undefined:
        return null;
      case simple.float32:
        return this.#view.getFloat32(this.#skip(4));
      case simple.float64:
        return this.#view.getFloat64(this.#skip(8));
      default:
        throw frameInvalid('a value is of no known type');
    }
  }

  #take(length: number): Uint8Array {
    const start = this.#skip(length);
    return this.#bytes.subarray(start, start + length);
  }

  /** Moves on by `length` bytes. @returns where they begin. */
  #skip(length: number): number {
    this.#expect(length);
    const start = this.#at;
    this.#at += length;
    return start;
  }

  #expect(bytesLeft: number): void {
    if (bytesLeft > this.#bytes.length - this.#at) throw frameInvalid('it is cut off');
  }
}

/** What {@link encodeCbor} writes; members that are undefined are left out. */
export type CborInput =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly CborInput[]
  | { readonly [key: string]: CborInput | undefined };

/** Writes one value, lengths in their shortest form. */
export function encodeCbor(value: CborInput): Uint8Array {
  const parts: Uint8Array[] = [];
  writeValue(parts, value);
  return concatBytes(parts);
}

function writeValue(parts: Uint8Array[], value: CborInput): void {
  if (value === null) parts.push(Uint8Array.of((major.simple << 5) | simple.null));
  else if (typeof value === 'boolean') parts.push(Uint8Array.of((major.simple << 5) | (value ? simple.true : simple.false)));
  else if (typeof value === 'number') writeNumber(parts, value);
  else if (typeof value === 'string') writeSized(parts, major.text, encodeUtf8(value));
  else if (value instanceof Uint8Array) writeSized(parts, major.bytes, value);
  else if (isArray(value)) {
    parts.push(headOf(major.array, value.length));
    for (const item of value) writeValue(parts, item);
  } else {
    const members = Object.entries(value);
    const present = members.flatMap(([key, member]) => (member === undefined ? [] : [[key, member] as const]));
    parts.push(headOf(major.map, present.length));
    for (const [key, member] of present) {
      writeSized(parts, major.text, encodeUtf8(key));
      writeValue(parts, member);
    }
  }
}

function isArray(value: CborInput): value is readonly CborInput[] {
  return Array.isArray(value);
}

/** Integers beyond 32 bits are floats: JavaScript clients would read 64-bit integers as BigInts. */
function writeNumber(parts: Uint8Array[], value: number): void {
  if (Number.isInteger(value) && Math.abs(value) < 2 ** 32 && !Object.is(value, -0)) {
    parts.push(value >= 0 ? headOf(major.unsigned, value) : headOf(major.negative, -1 - value));
    return;
  }
  const float = new Uint8Array(9);
  float[0] = (major.simple << 5) | simple.float64;
  new DataView(float.buffer).setFloat64(1, value);
  parts.push(float);
}

function writeSized(parts: Uint8Array[], type: number, bytes: Uint8Array): void {
  parts.push(headOf(type, bytes.length), bytes);
}

function headOf(type: number, argument: number): Uint8Array {
  if (argument < 24) return Uint8Array.of((type << 5) | argument);
  const lengthLog2 = argument < 2 ** 8 ? 0 : argument < 2 ** 16 ? 1 : 2;
  const head = new Uint8Array(1 + 2 ** lengthLog2);
  head[0] = (type << 5) | (24 + lengthLog2);
  const view = new DataView(head.buffer);
  if (lengthLog2 === 0) view.setUint8(1, argument);
  else if (lengthLog2 === 1) view.setUint16(1, argument);
  else view.setUint32(1, argument);
  return head;
}
