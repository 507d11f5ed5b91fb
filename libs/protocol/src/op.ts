// An op is one entry of an origin's log, the unit of durability, atomicity and causality. Its bytes are made once, by the
// origin, and stored, shipped and hashed as they are.
//
//   format 1 | flags | hlc ms | hlc counter
//   dependencies: vector                              what changed in the origin's version vector since its previous op
//   writes: count { document text, library, update }  more than one = a transaction; each document once; none = a key's op
//   [flags & 1] idempotency key text, request digest (16 bytes)
//   [flags & 2] trace context text, printable ASCII
//   [flags & 4] extension: sized bytes, carried untouched by replicas that do not know them
//
// The (origin, seq) of an op is not inside: it is the op's place in the log, bound by the hash chain (hash-chain.ts).
//
// Invariant 1: one op has one form: what decodes, encodes to the same bytes.
// Invariant 2: what is encoded, every replica decodes: an op that peers refuse would end every link it crosses.

import { AnabranchError, assert } from '@anabranch/base';
import { type Hlc, hlcCounterMax, hlcMsMax } from '@anabranch/causality';
import { BoundedReader, frameInvalid } from './bounded-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type DocumentId, readDocumentId } from './document-id.ts';
import { idempotencyKeyLengthMax, opBytesMax, opWritesMax, traceLengthMax, updateBytesMax, vectorOriginsMax } from './limits.ts';
import { readVector, type VectorEntries, writeVector } from './vector-field.ts';

export interface DocumentWrite {
  readonly document: DocumentId;
  readonly library: 'yjs' | 'automerge';
  readonly update: Uint8Array;
}

export interface Idempotency {
  /** The client's key, 1 to 255 visible ASCII characters. */
  readonly key: string;
  /** The first 16 bytes of the digest of the request it came with. */
  readonly requestDigest: Uint8Array;
}

export interface Op {
  readonly hlc: Hlc;
  /** Ordered by origin. */
  readonly dependencies: VectorEntries;
  readonly writes: readonly DocumentWrite[];
  readonly idempotency?: Idempotency;
  /** 1 to 255 printable ASCII characters. */
  readonly trace?: string;
  readonly extension?: Uint8Array;
}

const formatVersion = 1;
const flag = { idempotency: 1, trace: 2, extension: 4 } as const;
const libraries = ['yjs', 'automerge'] as const;
export const requestDigestLength = 16;
const idempotencyKeyPattern = /^[\x21-\x7e]{1,255}$/;
const tracePattern = /^[\x20-\x7e]{1,255}$/;

export function isIdempotencyKey(text: string): boolean {
  return idempotencyKeyPattern.test(text);
}

/** @throws AnabranchError `request_too_large` when an update, or the whole op, has more bytes than replicas take. */
export function encodeOp(op: Op): Uint8Array<ArrayBuffer> {
  assertEncodable(op);
  const { hlc, idempotency, trace, extension } = op;
  const flags = (idempotency ? flag.idempotency : 0) | (trace !== undefined ? flag.trace : 0) | (extension ? flag.extension : 0);
  const writer = new ByteWriter().byte(formatVersion).byte(flags).uint(hlc.ms).uint(hlc.counter);
  writeVector(writer, op.dependencies);
  writer.uint(op.writes.length);
  for (const { document, library, update } of op.writes) {
    if (update.length > updateBytesMax) throw tooLarge(`an update of ${update.length}`, updateBytesMax);
    writer.text(document).byte(libraries.indexOf(library)).sizedBytes(update);
  }
  if (idempotency) writer.text(idempotency.key).bytes(idempotency.requestDigest, requestDigestLength);
  if (trace !== undefined) writer.text(trace);
  if (extension) writer.sizedBytes(extension);
  const bytes = writer.finish();
  if (bytes.length > opBytesMax) throw tooLarge(`an op of ${bytes.length}`, opBytesMax);
  return bytes;
}

/** @throws AnabranchError `frame_invalid` for bytes that are no op within the limits. */
export function decodeOp(bytes: Uint8Array): Op {
  if (bytes.length > opBytesMax) throw frameInvalid('an op is too large');
  const reader = new BoundedReader(bytes);
  if (reader.byte() !== formatVersion) throw frameInvalid('the format of an op is unknown');
  const flags = reader.byte();
  if (flags > 7) throw frameInvalid('an op has unknown flags');
  const hlc = { ms: reader.uint(hlcMsMax), counter: reader.uint(hlcCounterMax) };
  const dependencies = readVector(reader, vectorOriginsMax);
  const writes = readWrites(reader);
  const idempotency = flags & flag.idempotency ? readIdempotency(reader) : undefined;
  const trace = flags & flag.trace ? readTrace(reader) : undefined;
  const extension = flags & flag.extension ? reader.sizedBytes(opBytesMax) : undefined;
  if (writes.length === 0 && idempotency === undefined) throw frameInvalid('an op writes nothing');
  reader.end();
  return {
    hlc,
    dependencies,
    writes,
    ...(idempotency && { idempotency }),
    ...(trace !== undefined && { trace }),
    ...(extension && { extension }),
  };
}

function assertEncodable({ hlc, dependencies, writes, idempotency, trace }: Op): void {
  assert(hlc.ms <= hlcMsMax && hlc.counter <= hlcCounterMax, 'the stamp of an op is one that a clock gives');
  assert(dependencies.length <= vectorOriginsMax, 'an op depends on no more origins than a vector has');
  assert(writes.length <= opWritesMax, () => `an op writes at most ${opWritesMax} documents`);
  assert(writes.length > 0 || idempotency !== undefined, 'an op that writes nothing is logged for its key');
  assert(areDistinct(writes), 'an op writes a document once');
  assert(idempotency === undefined || isIdempotencyKey(idempotency.key), 'an idempotency key was checked at its door');
  assert(trace === undefined || tracePattern.test(trace), 'a trace context was checked at its door');
}

function readWrites(reader: BoundedReader): DocumentWrite[] {
  const writes = reader.list(opWritesMax, () => {
    const document = readDocumentId(reader);
    const library = libraries[reader.byte()];
    if (library === undefined) throw frameInvalid('the merge library of a write is unknown');
    return { document, library, update: reader.sizedBytes(updateBytesMax) };
  });
  if (!areDistinct(writes)) throw frameInvalid('an op writes a document twice');
  return writes;
}

function areDistinct(writes: readonly DocumentWrite[]): boolean {
  return writes.length < 2 || new Set(writes.map((write) => write.document)).size === writes.length;
}

function readIdempotency(reader: BoundedReader): Idempotency {
  const key = reader.text(idempotencyKeyLengthMax);
  if (!isIdempotencyKey(key)) throw frameInvalid('an idempotency key is malformed');
  return { key, requestDigest: reader.bytes(requestDigestLength) };
}

function readTrace(reader: BoundedReader): string {
  const trace = reader.text(traceLengthMax);
  if (!tracePattern.test(trace)) throw frameInvalid('a trace context is malformed');
  return trace;
}

function tooLarge(what: string, bytesMax: number): AnabranchError {
  return new AnabranchError('request_too_large', `${what} bytes cannot be replicated: at most ${bytesMax} can`);
}
