// Reads the framing of a Yjs update, format v1, without building anything of it. The library's own decoder trusts its
// input: it recurses into nested values, sets `__proto__` as a prototype, and allocates what a length says. This reader
// is iterative, checks every length against the bytes there are, and accepts less than the library does:
//
//   update  = count, { structCount, client, clock, struct... }...  then  count, { client, count, {clock, length}... }...
//   struct  = info: bits 1-5 content, bit 6 parentSub, bit 7 right origin, bit 8 left origin; then ids, parent, content
//
// Everything malformed is `update_invalid`; what is merely too much is `request_too_large`.

import { forbiddenKeys } from '@anabranch/base';
import { decodeUtf8 } from 'lib0/string';
import { readStoredJson } from '../bounded-json.ts';
import { inspectionLimits as limits } from '../inspection-limits.ts';
import { invalid, tooLarge } from '../update-refusal.ts';

export interface StructId {
  readonly client: number;
  readonly clock: number;
}

export interface ScannedStruct extends StructId {
  readonly length: number;
  readonly kind: 'item' | 'collected' | 'skip';
  /** True when the content is a shared type, which other structs may lie in. */
  readonly isType: boolean;
  readonly origins: readonly StructId[];
  /** The item whose type holds this one; undefined for a root type or when the origins tell. */
  readonly parent: StructId | undefined;
  /** The name of the root type that holds it, and its key there if that is a map; undefined when the origins tell. */
  readonly root: string | undefined;
  readonly key: string | undefined;
}

export interface ScannedUpdate {
  /** Structs by client, in clock order. */
  readonly structs: ReadonlyMap<number, readonly ScannedStruct[]>;
  readonly deletions: readonly (StructId & { readonly length: number })[];
}

/** What one update may hold, beyond what its bytes bound. */
export interface UpdateBounds {
  readonly structsMax: number;
  readonly emptyPositionsMax: number;
}

/** @throws AnabranchError `update_invalid`, `request_too_large` */
export function readYjsUpdate(update: Uint8Array, bounds: UpdateBounds = limits): ScannedUpdate {
  const reader = new Reader(update, bounds);
  const structs = new Map<number, ScannedStruct[]>();
  let structCount = 0;
  for (let clients = reader.count(); clients > 0; clients--) {
    const count = reader.count();
    const client = reader.number();
    structCount += count;
    if (structCount > bounds.structsMax) throw tooLarge('the update has too many structs');
    // The library would keep the last of two sections of one client and lose the other.
    if (count === 0 || structs.has(client)) throw invalid('a client has no structs, or two sections');
    structs.set(client, readSection(reader, client, count));
  }
  const deletions = readDeletions(reader, bounds);
  if (!reader.isAtEnd) throw invalid('bytes follow the update');
  return { structs, deletions };
}

function readSection(reader: Reader, client: number, count: number): ScannedStruct[] {
  const section: ScannedStruct[] = [];
  let clock = reader.number();
  for (let i = 0; i < count; i++) {
    const struct = readStruct(reader, client, clock);
    if (struct.length < 1) throw invalid('a struct is empty');
    clock += struct.length;
    if (!Number.isSafeInteger(clock)) throw invalid('a clock is too large');
    section.push(struct);
  }
  return section;
}

function readDeletions(reader: Reader, bounds: UpdateBounds): ScannedUpdate['deletions'] {
  const deletions: (StructId & { length: number })[] = [];
  for (let clients = reader.count(); clients > 0; clients--) {
    const client = reader.number();
    for (let ranges = reader.count(); ranges > 0; ranges--) {
      const deletion = { client, clock: reader.number(), length: reader.number() };
      if (deletion.length < 1 || !Number.isSafeInteger(deletion.clock + deletion.length)) throw invalid('a deletion has no valid length');
      deletions.push(deletion);
      if (deletions.length > bounds.structsMax) throw tooLarge('the update has too many deletions');
    }
  }
  return deletions;
}

const contentBits = 0x1f;
const hasParentSub = 0x20;
const hasRightOrigin = 0x40;
const hasLeftOrigin = 0x80;
const collectedRef = 0;
const skipRef = 10;

function readStruct(reader: Reader, client: number, clock: number): ScannedStruct {
  const info = reader.byte();
  const ref = info & contentBits;
  if (ref === collectedRef || ref === skipRef) {
    const length = reader.emptyPositions(ref === collectedRef);
    const kind = ref === skipRef ? 'skip' : 'collected';
    return { client, clock, length, kind, isType: false, origins: [], parent: undefined, root: undefined, key: undefined };
  }
  const origins: StructId[] = [];
  if ((info & hasLeftOrigin) !== 0) origins.push(reader.id());
  if ((info & hasRightOrigin) !== 0) origins.push(reader.id());
  let parent: StructId | undefined;
  let root: string | undefined;
  let key: string | undefined;
  if (origins.length === 0) {
    if (reader.number() === 1) root = reader.key();
    else parent = reader.id();
    if ((info & hasParentSub) !== 0) key = reader.key();
  }
  const length = readContent(reader, ref);
  return { client, clock, length, kind: 'item', isType: ref === typeRef, origins, parent, root, key };
}

const typeRef = 7;

/** Reads the content of an item; returns how many positions it takes. */
function readContent(reader: Reader, ref: number): number {
  switch (ref) {
    case 1:
      return reader.emptyPositions(true);
    case 2:
      return reader.repeat(() => reader.json(true));
    case 3:
      reader.take(reader.number());
      return 1;
    case 4:
      return reader.text().length;
    case 5:
      reader.json(false);
      return 1;
    case 6:
      reader.key();
      reader.json(false);
      return 1;
    case typeRef:
      readTypeName(reader);
      return 1;
    case 8:
      return reader.repeat(() => reader.any());
    case 9:
      throw invalid('subdocuments are not supported');
    default:
      throw invalid('unknown content');
  }
}

/** Array, map, text, XML element, XML fragment, XML hook, XML text; elements and hooks have names. */
function readTypeName(reader: Reader): void {
  const type = reader.number();
  if (type > 6) throw invalid('unknown shared type');
  if (type === 3 || type === 5) reader.key();
}

class Reader {
  readonly #bytes: Uint8Array;
  readonly #emptyPositionsMax: number;
  #at = 0;
  #emptyPositions = 0;

  constructor(bytes: Uint8Array, { emptyPositionsMax }: UpdateBounds) {
    this.#bytes = bytes;
    this.#emptyPositionsMax = emptyPositionsMax;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw invalid('the update ends early');
    return byte;
  }

  /** A variable-length unsigned integer, at most 2^53 - 1. */
  number(): number {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > 2 ** 49) throw invalid('a number is too large');
      if (byte < 0x80) return value;
    }
  }

  /** How many things follow: each takes a byte at least, so a count beyond the bytes left is a lie. */
  count(): number {
    const count = this.number();
    if (count > this.#bytes.length - this.#at) throw invalid('a count exceeds the bytes there are');
    return count;
  }

  repeat(read: () => void): number {
    const count = this.count();
    for (let i = 0; i < count; i++) read();
    return count;
  }

  id(): StructId {
    return { client: this.number(), clock: this.number() };
  }

  /** A length that brings no content: a few bytes could move a client's clock past anything its user will write. */
  emptyPositions(isCounted: boolean): number {
    const length = this.number();
    if (isCounted) this.#emptyPositions += length;
    if (this.#emptyPositions > this.#emptyPositionsMax) throw invalid('the update claims too many deleted positions');
    return length;
  }

  take(length: number): Uint8Array {
    if (length > this.#bytes.length - this.#at) throw invalid('the update ends early');
    const taken = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return taken;
  }

  text(): string {
    const bytes = this.take(this.number());
    try {
      return decodeUtf8(bytes);
    } catch {
      throw invalid('a text is not UTF-8');
    }
  }

  key(): string {
    const key = this.text();
    if (key.length > limits.keyUnitsMax || forbiddenKeys.has(key)) throw invalid('a key is too long or not allowed');
    return key;
  }

  json(allowsUndefined: boolean): void {
    const text = this.text();
    if (allowsUndefined && text === 'undefined') return;
    if (readStoredJson(text) === undefined) throw invalid('a value is not JSON of the allowed shape, depth and key names');
  }

  /** Any value in lib0's encoding, without recursion. */
  any(): void {
    // One entry for each open array or object: how many members are left, and whether a key precedes each.
    const open: { left: number; hasKeys: boolean }[] = [{ left: 1, hasKeys: false }];
    for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
      if (top.left === 0) {
        open.pop();
        continue;
      }
      top.left--;
      if (top.hasKeys) this.key();
      const nested = this.#value();
      if (nested === undefined) continue;
      if (open.length > limits.depthMax) throw invalid('a value is nested too deep');
      open.push(nested);
    }
  }

  /** One value; returns what is to be read inside it. */
  #value(): { left: number; hasKeys: boolean } | undefined {
    switch (this.byte()) {
      case 127: // undefined
      case 126: // null
      case 121: // false
      case 120: // true
        return undefined;
      case 125:
        this.#signed();
        return undefined;
      case 124:
        this.take(4);
        return undefined;
      case 123: // float64
      case 122: // 64-bit integer
        this.take(8);
        return undefined;
      case 119:
        this.text();
        return undefined;
      case 118:
        return { left: this.count(), hasKeys: true };
      case 117:
        return { left: this.count(), hasKeys: false };
      case 116:
        this.take(this.number());
        return undefined;
      default:
        throw invalid('unknown value');
    }
  }

  /** A signed integer: six bits, then seven by seven. */
  #signed(): void {
    let byte = this.byte();
    let value = byte & 0x3f;
    for (let scale = 64; byte >= 0x80; scale *= 128) {
      byte = this.byte();
      value += (byte & 0x7f) * scale;
      if (value > Number.MAX_SAFE_INTEGER || scale > 2 ** 49) throw invalid('a number is too large');
    }
  }
}
