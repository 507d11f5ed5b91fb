// A replica's store over an ordered map: turns batches into records and records into what the replica reads. The place
// between the port of the engine (ReplicaStore) and the medium (OrderedKv); store-key.ts and record-codec.ts have the
// formats.
//
// Invariant 1: positions and each origin's seqs are handed over without gaps; a batch that breaks this is refused whole.
// Invariant 2: the last record of each origin's log is its head, so opening reads O(origins) records, whatever the
//              number of ops and documents.
// Invariant 3: a document is its snapshot, which covers everything up to its mark, and the index entries after the mark.
//              The mark of a document never goes back: an older snapshot that is committed later is left out.
// Invariant 4: the index keeps what snapshots cover: a document's history is read from it. An index record lies under the
//              position of its last entry, so reads of the tail begin above the mark and pass over none of it. Earlier
//              releases deleted what a snapshot covered; the mark says after which position the index is complete.
// Invariant 5: a damaged snapshot of a document whose index is complete is as good as none: the ops are all there. The next
//              snapshot replaces it.

import { AnabranchError, assert, isAnabranchError, type Logger } from '@anabranch/base';
import { isOriginId, isRegionId, type OriginId, type RegionId, type VersionVector } from '@anabranch/causality';
import type {
  DamagedOp,
  DocumentSnapshot,
  IdempotencyRecord,
  LoggedOp,
  OpAppend,
  OriginHead,
  ReplicaStore,
  RestoredOp,
  StoreBatch,
  StoredDocument,
  StoredHistory,
  StoreOpening,
} from '@anabranch/engine';
import { chainHashLength, collectionOf, type DocumentId, parseDocumentId } from '@anabranch/protocol';
import { CommitQueue } from './commit-queue.ts';
import { freePosition } from './free-position.ts';
import type { Mutation, OrderedKv } from './ordered-kv.ts';
import { sealRecord } from './record.ts';
import * as codec from './record-codec.ts';
import { RecordReader } from './record-reader.ts';
import * as keys from './store-key.ts';

const storeFormat = 1;

export class KvReplicaStore implements ReplicaStore {
  readonly #kv: OrderedKv;
  readonly #records: RecordReader;
  readonly #queue: CommitQueue;
  /** What has been handed over, durable or not. */
  readonly #headSeqs = new Map<OriginId, number>();
  #lastPosition: number;
  /** The marks of the snapshots whose commits are under way. */
  readonly #marksUnderWay = new Map<DocumentId, number>();
  #isClosed = false;

  private constructor(kv: OrderedKv, records: RecordReader) {
    this.#kv = kv;
    this.#records = records;
    this.#queue = new CommitQueue(kv);
    this.#lastPosition = 0;
    const { heads, lastPosition } = this.opening();
    for (const { origin, seq } of heads) this.#headSeqs.set(origin, seq);
    this.#lastPosition = lastPosition;
  }

  /**
   * Opens the store that `kv` holds, or makes a new one in an empty map. The store owns `kv` from here on.
   * @throws AnabranchError `store_format_unknown`, `record_damaged`, `store_full` or `store_failed`; `kv` is closed then.
   */
  static async open(kv: OrderedKv, logger: Logger): Promise<KvReplicaStore> {
    try {
      const records = new RecordReader(kv, logger);
      await ensureFormat(kv, records);
      return new KvReplicaStore(kv, records);
    } catch (error) {
      await kv.close();
      throw error;
    }
  }

  opening(): StoreOpening {
    this.#assertOpen();
    const heads: OriginHead[] = [];
    let lastPosition = 0;
    for (const { head, position } of this.#heads()) {
      heads.push(head);
      lastPosition = Math.max(lastPosition, position);
    }
    return {
      identity: this.#records.read(keys.metaKey('identity'), codec.decodeIdentityRecord),
      heads: heads.reverse(),
      peerVectors: [...this.#peerVectors()],
      lastPosition,
    };
  }

  async commit(batch: StoreBatch): Promise<void> {
    this.#assertOpen();
    const { identity, ops = [], snapshots = [], peerVectors = [] } = batch;
    this.#assertContinues(ops);
    const mutations: Mutation[] = [];
    if (identity) put(mutations, keys.metaKey('identity'), codec.newIdentityRecord(identity));
    this.#append(mutations, ops);
    for (const [region, vector] of peerVectors) put(mutations, keys.peerVectorKey(region), codec.newVectorRecord(vector));
    for (const snapshot of snapshots) this.#replaceSnapshot(mutations, snapshot);
    try {
      await this.#queue.commit(mutations);
    } finally {
      for (const { document, position } of snapshots) {
        if (this.#marksUnderWay.get(document) === position) this.#marksUnderWay.delete(document);
      }
    }
  }

  /** Ends before a damaged record; throws when that is the first. */
  readOps(origin: OriginId, afterSeq: number, bytesMax: number): readonly LoggedOp[] {
    this.#assertOpen();
    const ops: LoggedOp[] = [];
    let bytes = 0;
    for (const { key, value } of this.#kv.entries(keys.logKey(origin, afterSeq + 1), keys.afterLog(origin))) {
      const { number: seq } = keys.parseNumberedKey(key);
      const expected = (ops.at(-1)?.seq ?? afterSeq) + 1;
      try {
        if (seq !== expected && !this.#isPruned(origin, expected)) {
          throw this.#records.damaged(keys.logKey(origin, expected), 'missing');
        }
        const { op } = this.#records.open(key, value, (payload) => codec.decodeLogRecord(payload, origin, seq));
        bytes += op.bytes.length;
        if (ops.length > 0 && bytes > bytesMax) return ops;
        ops.push(op);
      } catch (error) {
        if (ops.length > 0 && isAnabranchError(error)) return ops;
        throw error;
      }
    }
    return ops;
  }

  readDocument(document: DocumentId): StoredDocument {
    this.#assertOpen();
    const mark = this.#readMark(document);
    const snapshot = mark && this.#readSnapshot(document, mark);
    const covered = snapshot?.position ?? 0;
    const records = [...this.#kv.entries(keys.documentKey(document, covered + 1), keys.afterDocument(document))];
    const entries = records.flatMap(({ key, value }) => this.#records.open(key, value, codec.decodeIndexRecord));
    return { snapshot, ops: entries.filter(({ position }) => position > covered).map((entry) => this.#readIndexed(entry)) };
  }

  readHistory(document: DocumentId, afterPosition: number, bytesMax: number): StoredHistory {
    this.#assertOpen();
    const beginsAfter = this.#readMark(document)?.indexedAfter ?? 0;
    const start = Math.max(afterPosition, beginsAfter);
    const ops: LoggedOp[] = [];
    let bytes = 0;
    for (const { key, value } of this.#kv.entries(keys.documentKey(document, start + 1), keys.afterDocument(document))) {
      for (const entry of this.#records.open(key, value, codec.decodeIndexRecord)) {
        if (entry.position <= start) continue;
        const op = this.#readIndexed(entry);
        bytes += op.bytes.length;
        if (ops.length > 0 && bytes > bytesMax) return { ops, beginsAfter };
        ops.push(op);
      }
    }
    return { ops, beginsAfter };
  }

  listDocuments(collection: string, after: DocumentId | undefined, limit: number): readonly DocumentId[] {
    this.#assertOpen();
    assert(after === undefined || collectionOf(after) === collection, 'a list continues in its own collection');
    const documents: DocumentId[] = [];
    let [start, end] = keys.collectionRange(collection);
    if (after !== undefined) start = keys.afterDocument(after);
    while (documents.length < limit) {
      const [entry] = this.#kv.entries(start, end, { limit: 1 });
      if (entry === undefined) break;
      const document = this.#records.open(entry.key, entry.value, () => documentOf(entry.key));
      documents.push(document);
      start = keys.afterDocument(document);
    }
    return documents;
  }

  readIdempotency(key: string): IdempotencyRecord | undefined {
    this.#assertOpen();
    return this.#records.read(keys.idempotencyKey(key), (payload) => codec.decodeIdempotencyRecord(payload, key));
  }

  onDamaged(listener: (op: DamagedOp) => void): void {
    this.#records.onDamaged = (key) => {
      const op = keys.parseLogKey(key);
      if (op !== undefined) listener(op);
    };
  }

  async restore(op: RestoredOp): Promise<boolean> {
    this.#assertOpen();
    const position = this.#positionOf(op) ?? this.#freePosition(op);
    if (position === undefined) return false;
    const key = keys.logKey(op.origin, op.seq);
    await this.#queue.commit([{ key, value: sealRecord(key, codec.newLogRecord({ ...op, position })) }]);
    this.#records.restored(key);
    return true;
  }

  scrub(after: Uint8Array | undefined, bytesMax: number): Uint8Array | undefined {
    this.#assertOpen();
    let last = after;
    let bytes = 0;
    for (const { key, value } of this.#kv.entries(...keys.allAfter(after))) {
      if (bytes > 0 && bytes + value.length > bytesMax) return last;
      const lost = last && keys.opBetween(last, key);
      if (lost !== undefined) this.#records.damaged(keys.logKey(lost.origin, lost.seq), 'missing');
      this.#records.check(key, value);
      bytes += value.length;
      last = key;
    }
    return undefined;
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#queue.whenIdle();
    await this.#kv.close();
  }

  /** From the last origin to the first, skipping from log to log. */
  *#heads(): Iterable<{ readonly head: OriginHead; readonly position: number }> {
    let [start, end] = keys.spaceRange('log');
    for (;;) {
      const [last] = this.#kv.entries(start, end, { reverse: true, limit: 1 });
      if (last === undefined) return;
      const { text: origin, number: seq } = keys.parseNumberedKey(last.key);
      if (!isOriginId(origin)) throw this.#records.damaged(last.key, 'content');
      const { op, hlc } = this.#records.open(last.key, last.value, (payload) => codec.decodeLogRecord(payload, origin, seq));
      const oldestSeq = this.#oldestSeq(origin) ?? seq;
      const { chainHash, logBytes, position } = op;
      yield { head: { origin, seq, chainHash, hlc, logBytes, oldestSeq }, position };
      end = keys.logKey(origin, 0);
    }
  }

  #oldestSeq(origin: OriginId): number | undefined {
    const [first] = this.#kv.keys(keys.logKey(origin, 0), keys.afterLog(origin), { limit: 1 });
    return first && keys.parseNumberedKey(first).number;
  }

  /** True when the log of `origin` begins after `seq`; a gap further up is damage. */
  #isPruned(origin: OriginId, seq: number): boolean {
    return (this.#oldestSeq(origin) ?? 0) > seq;
  }

  *#peerVectors(): Iterable<readonly [RegionId, VersionVector]> {
    for (const { key, value } of this.#kv.entries(...keys.spaceRange('peerVector'))) {
      const region = keys.parseTextKey(key);
      if (!isRegionId(region)) throw this.#records.damaged(key, 'content');
      yield [region, this.#records.open(key, value, codec.decodeVectorRecord)];
    }
  }

  /** Undefined for a damaged one that the index makes up for (Invariant 5). */
  #readSnapshot(document: DocumentId, mark: codec.SnapshotMark): DocumentSnapshot | undefined {
    const key = keys.snapshotKey(document);
    try {
      const stored = this.#records.read(key, codec.decodeSnapshotRecord);
      if (stored === undefined) throw this.#records.damaged(key, 'missing');
      if (stored.position !== mark.position) throw this.#records.damaged(key, 'content');
      return { document, library: mark.library, state: stored.state, position: mark.position };
    } catch (error) {
      if (isAnabranchError(error, 'record_damaged') && mark.indexedAfter === 0) return undefined;
      throw error;
    }
  }

  #readMark(document: DocumentId): codec.SnapshotMark | undefined {
    return this.#records.read(keys.documentKey(document, 0), codec.decodeMarkRecord);
  }

  #readIndexed({ origin, seq, position }: codec.IndexEntry): LoggedOp {
    const key = keys.logKey(origin, seq);
    const record = this.#records.read(key, (payload) => codec.decodeLogRecord(payload, origin, seq));
    if (record === undefined) throw this.#records.damaged(key, 'missing');
    if (record.op.position !== position) throw this.#records.damaged(key, 'content');
    return record.op;
  }

  /** Where an op was in the order of arrival, by the index of the documents that it writes: after the op before it in its log. */
  #positionOf({ origin, seq, documents }: RestoredOp): number | undefined {
    const start = (this.#positionAt(origin, seq - 1) ?? 0) + 1;
    for (const document of documents) {
      for (const { key, value } of this.#kv.entries(keys.documentKey(document, start), keys.afterDocument(document))) {
        const entry = this.#entriesOf(key, value).find((each) => each.origin === origin && each.seq === seq);
        if (entry !== undefined) return entry.position;
      }
    }
    return undefined;
  }

  #freePosition({ origin, seq }: RestoredOp): number | undefined {
    const logs = [...this.#headSeqs].map(([each, newest]) => [each, this.#oldestSeq(each) ?? 1, newest] as const);
    const positionAt = (each: OriginId, at: number): number | undefined => this.#positionAt(each, at);
    return freePosition({ logs, lastPosition: this.#lastPosition, positionAt }, origin, seq);
  }

  /** Undefined when there is no such record, or a damaged one. */
  #positionAt(origin: OriginId, seq: number): number | undefined {
    const key = keys.logKey(origin, seq);
    const record = this.#kv.get(key);
    return record && this.#records.intact(key, record, (payload) => codec.decodeLogRecord(payload, origin, seq))?.op.position;
  }

  /** None for a damaged record of the index: another document may know. */
  #entriesOf(key: Uint8Array, value: Uint8Array): readonly codec.IndexEntry[] {
    return this.#records.intact(key, value, codec.decodeIndexRecord) ?? [];
  }

  /** Invariant 1, before anything of the batch is taken over. An origin that is new here may begin at any seq. */
  #assertContinues(ops: readonly OpAppend[]): void {
    const seqs = new Map<OriginId, number>();
    let position = this.#lastPosition;
    for (const op of ops) {
      const seq = seqs.get(op.origin) ?? this.#headSeqs.get(op.origin);
      assert(seq === undefined ? op.seq >= 1 : op.seq === seq + 1, () => `${op.origin} ${op.seq} does not follow ${seq}`);
      assert(op.position === position + 1, () => `position ${op.position} does not follow ${position}`);
      assert(op.chainHash.length === chainHashLength, 'a chain hash has 32 bytes');
      seqs.set(op.origin, op.seq);
      position = op.position;
    }
  }

  #append(mutations: Mutation[], ops: readonly OpAppend[]): void {
    const written = new Map<DocumentId, OpAppend[]>();
    for (const op of ops) {
      put(mutations, keys.logKey(op.origin, op.seq), codec.newLogRecord(op));
      if (op.idempotency) put(mutations, keys.idempotencyKey(op.idempotency.key), codec.newIdempotencyRecord(op.idempotency));
      for (const document of op.documents) {
        const entries = written.get(document);
        if (entries === undefined) written.set(document, [op]);
        else if (entries.at(-1) !== op) entries.push(op);
      }
      this.#headSeqs.set(op.origin, op.seq);
      this.#lastPosition = op.position;
    }
    for (const [document, entries] of written) {
      const last = entries.at(-1)?.position ?? 0;
      put(mutations, keys.documentKey(document, last), codec.newIndexRecord(entries));
    }
  }

  #replaceSnapshot(mutations: Mutation[], snapshot: DocumentSnapshot): void {
    const { document, position } = snapshot;
    assert(position <= this.#lastPosition, 'a snapshot covers only what was handed over');
    const stored = this.#readMark(document);
    if (position < (this.#marksUnderWay.get(document) ?? stored?.position ?? 0)) return;
    this.#marksUnderWay.set(document, position);
    const mark = codec.newMarkRecord({ ...snapshot, indexedAfter: stored?.indexedAfter ?? 0 });
    put(mutations, keys.documentKey(document, 0), mark);
    put(mutations, keys.snapshotKey(document), codec.newSnapshotRecord(snapshot));
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new AnabranchError('not_ready', 'the store is closed', { retryAfterMs: 1000 });
  }
}

function put(mutations: Mutation[], key: Buffer, record: Buffer): void {
  mutations.push({ key, value: sealRecord(key, record) });
}

function documentOf(key: Uint8Array): DocumentId | undefined {
  try {
    return parseDocumentId(keys.parseNumberedKey(key).text);
  } catch (error) {
    if (isAnabranchError(error, 'document_id_invalid')) return undefined;
    throw error;
  }
}

/** Reads the store's format version, or writes it into an empty map. */
async function ensureFormat(kv: OrderedKv, records: RecordReader): Promise<void> {
  const key = keys.metaKey('format');
  const format = records.read(key, codec.decodeFormatRecord);
  if (format === storeFormat) return;
  const [someKey] = kv.keys(...keys.allAfter(undefined), { limit: 1 });
  if (someKey !== undefined) {
    throw new AnabranchError('store_format_unknown', 'the store has an unknown format', { format, storeFormat });
  }
  await kv.commit([{ key, value: sealRecord(key, codec.newFormatRecord(storeFormat)) }]);
}
