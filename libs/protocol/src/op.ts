// An op is one entry of an origin's log, the unit of durability, atomicity and causality. Its bytes are made once, by the
// origin, and stored, shipped and hashed as they are.
//
//   format 1 | flags | hlc ms | hlc counter
//   dependencies: count { origin text, seq }          what changed in the origin's version vector since its previous op
//   writes: count { document text, library, update }  more than one = a transaction
//   [flags & 1] idempotency key text, request digest (16 bytes)
//   [flags & 2] trace context text
//   [flags & 4] extension: sized bytes, carried untouched by replicas that do not know them
//
// The (origin, seq) of an op is not inside: it is the op's place in the log, bound by the hash chain (hash-chain.ts).

import { type Hlc, type OriginId, hlcCounterMax, hlcMsMax, isOriginId, originLengthMax } from '@anabranch/causality';
import { BoundedReader, frameInvalid } from './bounded-reader.ts';
import { ByteWriter } from './byte-writer.ts';
import { type DocumentId, documentIdLengthMax, parseDocumentId } from './document-id.ts';
import {
  idempotencyKeyLengthMax,
  opBytesMax,
  opDependenciesMax,
  opWritesMax,
  traceLengthMax,
  updateBytesMax,
} from './limits.ts';

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
  readonly dependencies: ReadonlyArray<readonly [OriginId, number]>;
  readonly writes: readonly DocumentWrite[];
  readonly idempotency?: Idempotency;
  readonly trace?: string;
  readonly extension?: Uint8Array;
}

const formatVersion = 1;
const flag = { idempotency: 1, trace: 2, extension: 4 } as const;
const libraries = ['yjs', 'automerge'] as const;
export const requestDigestLength = 16;
const idempotencyKeyPattern = /^[\x21-\x7e]{1,255}$/;

export function isIdempotencyKey(text: string): boolean {
  return idempotencyKeyPattern.test(text);
}

export function encodeOp(op: Op): Uint8Array<ArrayBuffer> {
  const flags =
    (op.idempotency ? flag.idempotency : 0) | (op.trace ? flag.trace : 0) | (op.extension ? flag.extension : 0);
  const writer = new ByteWriter().byte(formatVersion).byte(flags).uint(op.hlc.ms).uint(op.hlc.counter);
  writer.uint(op.dependencies.length);
  for (const [origin, seq] of op.dependencies) writer.text(origin).uint(seq);
  writer.uint(op.writes.length);
  for (const write of op.writes) {
    writer.text(write.document).byte(libraries.indexOf(write.library)).sizedBytes(write.update);
  }
  if (op.idempotency) writer.text(op.idempotency.key).bytes(op.idempotency.requestDigest);
  if (op.trace) writer.text(op.trace);
  if (op.extension) writer.sizedBytes(op.extension);
  return writer.finish();
}

/** @throws AnabranchError `frame_invalid` for bytes that are no op within the limits. */
export function decodeOp(bytes: Uint8Array): Op {
  if (bytes.length > opBytesMax) throw frameInvalid('an op is too large');
  const reader = new BoundedReader(bytes);
  if (reader.byte() !== formatVersion) throw frameInvalid('the format of an op is unknown');
  const flags = reader.byte();
  if (flags > 7) throw frameInvalid('an op has unknown flags');
  const hlc = { ms: reader.uint(hlcMsMax), counter: reader.uint(hlcCounterMax) };
  const dependencies = readDependencies(reader);
  const writes = readWrites(reader);
  const idempotency = flags & flag.idempotency ? readIdempotency(reader) : undefined;
  const trace = flags & flag.trace ? reader.text(traceLengthMax) : undefined;
  const extension = flags & flag.extension ? reader.sizedBytes(opBytesMax) : undefined;
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

function readDependencies(reader: BoundedReader): Array<readonly [OriginId, number]> {
  const count = reader.uint(opDependenciesMax);
  const dependencies: Array<readonly [OriginId, number]> = [];
  for (let i = 0; i < count; i++) dependencies.push([readOrigin(reader), reader.uint()]);
  return dependencies;
}

function readWrites(reader: BoundedReader): DocumentWrite[] {
  const count = reader.uint(opWritesMax);
  if (count === 0) throw frameInvalid('an op writes nothing');
  const writes: DocumentWrite[] = [];
  for (let i = 0; i < count; i++) {
    const document = parseDocumentId(reader.text(documentIdLengthMax));
    const library = libraries[reader.byte()];
    if (library === undefined) throw frameInvalid('the merge library of a write is unknown');
    writes.push({ document, library, update: reader.sizedBytes(updateBytesMax) });
  }
  return writes;
}

function readIdempotency(reader: BoundedReader): Idempotency {
  const key = reader.text(idempotencyKeyLengthMax);
  if (!isIdempotencyKey(key)) throw frameInvalid('an idempotency key is malformed');
  return { key, requestDigest: reader.bytes(requestDigestLength) };
}

export function readOrigin(reader: BoundedReader): OriginId {
  const text = reader.text(originLengthMax);
  if (!isOriginId(text)) throw frameInvalid('an origin is malformed');
  return text;
}
