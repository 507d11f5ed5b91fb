// How records lie in the journal's file, and reading them back after whatever happened to it.
//
//   head     "anabranch client 2\n" | salt (4) | CRC-32 of these (4)
//   batch    length of the body (4) | CRC-32 of the body (4) | CRC-32 of these two (4) | body
//   body     { length (4) | record } ...
//
// Invariant 1: a batch is written as one, and the next one after it was synchronised. So a batch that is not whole was not
//              acknowledged if nothing whole follows it, and is cut off; if something does, it was, and that is told.
// Invariant 2: the checksums of a batch begin with the salt and its place: neither the bytes of a journal that are found
//              elsewhere nor an update that somebody chose pass for a batch. Zeros do not either: a length of 0 is none.
// Invariant 3: the first batch was there before the file had its name; without it the journal is damaged.

import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { AnabranchError, bytesEqual, concatBytes, encodeUtf8 } from '@anabranch/base';
import { decodeRecord, encodeRecord, type JournalRecord } from './journal.ts';

const formatName = encodeUtf8('anabranch client 2\n');
const headBytes = formatName.length + 8;
const batchHeadBytes = 12;
const place = new Uint8Array(8);
const placeView = new DataView(place.buffer);

export interface JournalContent {
  readonly salt: number;
  readonly records: readonly JournalRecord[];
  /** What counts of the file. */
  readonly bytes: number;
}

export function encodeHead(): { readonly head: Uint8Array; readonly salt: number } {
  const salt = randomBytes(4).readUInt32BE();
  const head = concatBytes([formatName, new Uint8Array(8)]);
  const view = new DataView(head.buffer, head.byteOffset);
  view.setUint32(formatName.length, salt);
  view.setUint32(formatName.length + 4, crc32(head.subarray(0, formatName.length + 4)));
  return { head, salt };
}

/** The bytes of a batch that stands at a place of the file. */
export function encodeBatch(records: Iterable<JournalRecord>, { salt, at }: { readonly salt: number; readonly at: number }): Uint8Array {
  const parts: Uint8Array[] = [new Uint8Array(batchHeadBytes)];
  for (const record of records) {
    const bytes = encodeRecord(record);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, bytes.length);
    parts.push(length, bytes);
  }
  const batch = concatBytes(parts);
  const view = new DataView(batch.buffer, batch.byteOffset);
  const body = batch.subarray(batchHeadBytes);
  const seed = seedAt(at, salt);
  view.setUint32(0, body.length);
  view.setUint32(4, crc32(body, seed));
  view.setUint32(8, crc32(batch.subarray(0, 8), seed));
  return batch;
}

/** What the checksums of the batch at a place begin with. */
function seedAt(at: number, salt: number): number {
  placeView.setFloat64(0, at);
  return crc32(place, salt);
}

/**
 * What is whole of a journal; undefined when there is none.
 * @throws AnabranchError `store_format_unknown`, `record_damaged`, `store_failed`.
 */
export async function readJournal(path: string): Promise<JournalContent | undefined> {
  const file = await readFile(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw new AnabranchError('store_failed', `the journal cannot be read: ${error.message}`);
  });
  return file === undefined || file.length === 0 ? undefined : new JournalReader(file).read();
}

class JournalReader {
  readonly #file: Uint8Array;
  readonly #view: DataView;
  #salt = 0;

  constructor(file: Uint8Array) {
    this.#file = file;
    this.#view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  }

  read(): JournalContent {
    this.#readHead();
    const records: JournalRecord[] = [];
    let at = headBytes;
    for (let body = this.#bodyAt(at); body !== undefined; body = this.#bodyAt(at)) {
      for (const record of recordsIn(body, at)) records.push(record);
      at += batchHeadBytes + body.length;
    }
    if (records[0]?.kind !== 'counters' || this.#isFollowed(at)) throw damaged(at);
    return { salt: this.#salt, records, bytes: at };
  }

  #readHead(): void {
    if (!bytesEqual(this.#file.subarray(0, formatName.length), formatName)) {
      throw new AnabranchError('store_format_unknown', 'the folder holds a journal of another form');
    }
    const checked = formatName.length + 4;
    if (this.#file.length < headBytes || crc32(this.#file.subarray(0, checked)) !== this.#view.getUint32(checked)) throw damaged(0);
    this.#salt = this.#view.getUint32(formatName.length);
  }

  /** The body of the batch at a place, when it is whole. */
  #bodyAt(at: number): Uint8Array | undefined {
    const end = this.#endOf(at);
    if (end === undefined || end > this.#file.length) return undefined;
    const body = this.#file.subarray(at + batchHeadBytes, end);
    return crc32(body, seedAt(at, this.#salt)) === this.#view.getUint32(at + 4) ? body : undefined;
  }

  /** Where the batch at a place ends, or would, when its head is whole. */
  #endOf(at: number): number | undefined {
    if (at + batchHeadBytes > this.#file.length) return undefined;
    const length = this.#view.getUint32(at);
    if (length === 0) return undefined;
    const sum = crc32(this.#file.subarray(at, at + 8), seedAt(at, this.#salt));
    if (sum !== this.#view.getUint32(at + 8)) return undefined;
    return at + batchHeadBytes + length;
  }

  /** Whether there is a whole batch anywhere behind the one at a place, which is not. */
  #isFollowed(at: number): boolean {
    for (let next = this.#endOf(at) ?? at + 1; next < this.#file.length; next++) if (this.#bodyAt(next) !== undefined) return true;
    return false;
  }
}

function* recordsIn(body: Uint8Array, at: number): Generator<JournalRecord> {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  for (let from = 0; from < body.length; ) {
    const end = from + 4 + (from + 4 <= body.length ? view.getUint32(from) : 0);
    const record = end > body.length ? undefined : decodeRecord(body.subarray(from + 4, end));
    if (record === undefined) throw damaged(at);
    yield record;
    from = end;
  }
}

function damaged(at: number): AnabranchError {
  return new AnabranchError('record_damaged', `the journal is damaged at byte ${at}`, { at });
}
