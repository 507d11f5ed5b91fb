import type { OriginId } from '@anabranch/causality';
import type {
  DocumentSnapshot,
  IdempotencyRecord,
  LoggedOp,
  OpAppend,
  OriginHead,
  ReplicaIdentity,
  ReplicaStore,
  StoreBatch,
  StoredDocument,
  StoredHistory,
  StoreOpening,
} from '@anabranch/engine';
import type { DocumentId } from '@anabranch/protocol';

/** A replica's store in plain maps, for tests of the doors: durable as soon as the gate lets a commit through. */
export class MemoryReplicaStore implements ReplicaStore {
  /** What every commit waits for: a test holds it to see what leaves the process before durability. */
  gate: Promise<void> = Promise.resolve();
  readonly #ops: OpAppend[] = [];
  readonly #snapshots = new Map<DocumentId, DocumentSnapshot>();
  #identity: ReplicaIdentity | undefined;
  #tail: Promise<void> = Promise.resolve();

  /** Ops in the log, of all origins. */
  get opCount(): number {
    return this.#ops.length;
  }

  opening(): StoreOpening {
    const heads = new Map<OriginId, OriginHead>();
    for (const { origin, seq, chainHash, hlc, bytes } of this.#ops) {
      const logBytes = (heads.get(origin)?.logBytes ?? 0) + bytes.length;
      heads.set(origin, { origin, seq, chainHash, hlc, logBytes, oldestSeq: 1 });
    }
    return { identity: this.#identity, heads: [...heads.values()], peerVectors: [], lastPosition: this.#ops.length };
  }

  commit(batch: StoreBatch): Promise<void> {
    const gate = this.gate;
    this.#tail = this.#tail.then(async () => {
      await gate;
      this.#identity = batch.identity ?? this.#identity;
      this.#ops.push(...(batch.ops ?? []));
      for (const snapshot of batch.snapshots ?? []) this.#snapshots.set(snapshot.document, snapshot);
    });
    return this.#tail;
  }

  readOps(origin: OriginId, afterSeq: number): readonly LoggedOp[] {
    return this.#ops.filter((op) => op.origin === origin && op.seq > afterSeq);
  }

  readDocument(document: DocumentId): StoredDocument {
    const snapshot = this.#snapshots.get(document);
    const after = snapshot?.position ?? 0;
    return { snapshot, ops: this.#ops.filter((op) => op.documents.includes(document) && op.position > after) };
  }

  readHistory(document: DocumentId, afterPosition: number): StoredHistory {
    return { ops: this.#ops.filter((op) => op.documents.includes(document) && op.position > afterPosition), beginsAfter: 0 };
  }

  listDocuments(collection: string, after: DocumentId | undefined, limit: number): readonly DocumentId[] {
    const all = new Set(this.#ops.flatMap((op) => op.documents));
    const listed = [...all].filter((id) => id.startsWith(`${collection}/`) && (after === undefined || id > after));
    return listed.sort().slice(0, limit);
  }

  readIdempotency(key: string): IdempotencyRecord | undefined {
    return this.#ops.find((op) => op.idempotency?.key === key)?.idempotency;
  }

  /** Nothing in it is ever damaged. */
  onDamaged(): void {}

  scrub(): undefined {}

  async restore(): Promise<boolean> {
    return false;
  }

  async close(): Promise<void> {
    // A commit that failed was reported where it was made.
    await this.#tail.catch(() => {});
  }
}
