// Bounds what an Automerge chunk would expand to, before the library expands it. A chunk is small columns of run-length
// encoded values: a few bytes can claim 2^50 operations, and deflated parts can inflate a thousandfold. Nothing here
// decides whether a change is sensible; only whether it is safe to let the library look.
//
//   change body    deps, actor, seq, startOp, time, message, other actors, columns, extra bytes
//   document body  actors, heads, change columns, operation columns, data of both, head indexes

import { toHex } from '@anabranch/base';
import { inspectionLimits as limits } from '../inspection-limits.ts';
import { invalid, tooLarge } from '../update-refusal.ts';
import { type Chunk, chunkTypes, LebReader } from './chunks.ts';

/** Inflates a raw deflate stream; undefined when it is malformed or would give more than `outputBytesMax` bytes. */
export type InflateRaw = (bytes: Uint8Array, outputBytesMax: number) => Uint8Array | undefined;

const hashBytes = 32;
const columnTypeMask = 7;
const deflateBit = 8;
const columnsMax = 64;
/** Dependencies of a change, heads of a document: replicas that wrote at once. */
const hashesMax = 1_000;
/** Actors that one change, or a document, refers to. */
const actorsMax = 10_000;
/** The actor that creates a text is named after the path of its field. */
const actorBytesMax = 4_096;
const messageBytesMax = 16_384;
/** What later versions of the library may add to a change. */
const extraBytesMax = 1_024;
/** Rows of all columns of one update. */
const rowsMax = 4 * limits.structsMax;

/** What may still be inflated and counted for one update. */
export class Budget {
  readonly #inflateRaw: InflateRaw;
  #inflatedBytesLeft: number = limits.inflatedBytesMax;
  #rowsLeft: number = rowsMax;

  constructor(inflateRaw: InflateRaw) {
    this.#inflateRaw = inflateRaw;
  }

  inflate(bytes: Uint8Array): Uint8Array {
    const inflated = this.#inflateRaw(bytes, this.#inflatedBytesLeft);
    if (inflated === undefined) throw tooLarge('a deflated part is malformed or inflates beyond the limit');
    this.#inflatedBytesLeft -= inflated.length;
    return inflated;
  }

  /** Changes counted so far. */
  changes = 0;

  /** Rows of all columns counted so far: what decoding them costs. */
  get rows(): number {
    return rowsMax - this.#rowsLeft;
  }

  takeRows(count: number): void {
    if (count > limits.structsMax) throw tooLarge('a column has too many rows');
    this.#rowsLeft -= count;
    if (this.#rowsLeft < 0) throw tooLarge('the update has too many rows');
  }
}

/** @throws AnabranchError `update_invalid`, `request_too_large` */
export function scanChunk(chunk: Chunk, budget: Budget): void {
  if (chunk.type !== chunkTypes.document) budget.changes += 1;
  if (chunk.type === chunkTypes.document) scanDocument(new LebReader(chunk.body), budget);
  else scanChange(new LebReader(chunk.type === chunkTypes.change ? chunk.body : budget.inflate(chunk.body)), budget);
}

function scanChange(reader: LebReader, budget: Budget): void {
  scanHashes(reader);
  scanActor(reader);
  reader.unsigned();
  reader.unsigned();
  reader.signed();
  if (reader.take(reader.unsigned()).length > messageBytesMax) throw tooLarge('a change has too long a message');
  scanActors(reader, budget);
  const ops = scanColumns(reader, readColumns(reader, false), budget);
  if (ops > limits.changeOpsMax) throw tooLarge('a change has too many operations');
  if (reader.left > extraBytesMax) throw tooLarge('a change has too many extra bytes');
}

function scanDocument(reader: LebReader, budget: Budget): void {
  scanActors(reader, budget);
  scanHashes(reader);
  const changeColumns = readColumns(reader, true);
  const opColumns = readColumns(reader, true);
  budget.changes += scanColumns(reader, changeColumns, budget);
  scanColumns(reader, opColumns, budget);
}

/** Dependencies or heads, each once. */
function scanHashes(reader: LebReader): void {
  const count = reader.unsigned();
  if (count > hashesMax) throw tooLarge('a chunk names too many changes');
  const hashes = reader.take(count * hashBytes);
  const distinct = new Set(Array.from({ length: count }, (_, at) => toHex(hashes.subarray(at * hashBytes, (at + 1) * hashBytes))));
  if (distinct.size < count) throw invalid('a chunk names a change twice');
}

function scanActors(reader: LebReader, budget: Budget): void {
  const count = reader.unsigned();
  if (count > actorsMax) throw tooLarge('a chunk has too many actors');
  budget.takeRows(count);
  for (let i = 0; i < count; i++) scanActor(reader);
}

function scanActor(reader: LebReader): void {
  if (reader.take(reader.unsigned()).length > actorBytesMax) throw tooLarge('the name of an actor is too long');
}

interface Column {
  readonly type: number;
  readonly isDeflated: boolean;
  readonly length: number;
}

function readColumns(reader: LebReader, mayDeflate: boolean): Column[] {
  const count = reader.unsigned();
  if (count > columnsMax) throw invalid('a chunk has too many columns');
  return Array.from({ length: count }, () => {
    const spec = reader.unsigned();
    const isDeflated = (spec & deflateBit) !== 0;
    if (isDeflated && !mayDeflate) throw invalid('a column of a change is deflated');
    return { type: spec & columnTypeMask, isDeflated, length: reader.unsigned() };
  });
}

/** @returns the rows of the longest column. */
function scanColumns(reader: LebReader, columns: readonly Column[], budget: Budget): number {
  let rowsMost = 0;
  for (const { type, isDeflated, length } of columns) {
    const data = reader.take(length);
    const rows = countRows(type, new LebReader(isDeflated ? budget.inflate(data) : data));
    budget.takeRows(rows);
    rowsMost = Math.max(rowsMost, rows);
  }
  return rowsMost;
}

const columnTypes = { delta: 3, boolean: 4, string: 5, rawValue: 7 } as const;

function countRows(type: number, reader: LebReader): number {
  if (type === columnTypes.rawValue) return 0;
  let rows = 0;
  while (!reader.isAtEnd) {
    if (type === columnTypes.boolean) rows += reader.unsigned();
    else rows += scanRun(type, reader);
    if (rows > limits.structsMax) break;
  }
  return rows;
}

/** One run: `n > 0` one value n times, `n < 0` that many values, `0` a number of nulls. */
function scanRun(type: number, reader: LebReader): number {
  const count = reader.signed();
  if (count === 0) return reader.unsigned();
  for (let values = count < 0 ? -count : 1; values > 0; values--) {
    if (type === columnTypes.string) reader.take(reader.unsigned());
    else if (type === columnTypes.delta) reader.signed();
    else reader.unsigned();
  }
  return Math.abs(count);
}
