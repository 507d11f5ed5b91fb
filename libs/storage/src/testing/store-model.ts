// What a store is, in the simplest form that can be right: lists that are searched. The random check compares a store
// with it after every step.

import type { VersionVector } from '@anabranch/causality';
import type {
  DocumentSnapshot,
  IdempotencyRecord,
  OpAppend,
  StoreBatch,
  StoredDocument,
  StoredHistory,
  StoreOpening,
} from '@anabranch/engine';
import { collectionOf, type DocumentId } from '@anabranch/protocol';
import { loggedOp } from './op-source.ts';

export class StoreModel {
  readonly ops: OpAppend[] = [];
  readonly #snapshots = new Map<DocumentId, DocumentSnapshot>();
  readonly #idempotency = new Map<string, IdempotencyRecord>();
  readonly #peerVectors = new Map<string, VersionVector>();

  apply({ ops = [], snapshots = [], peerVectors = [] }: StoreBatch): void {
    for (const op of ops) {
      this.ops.push(op);
      if (op.idempotency) this.#idempotency.set(op.idempotency.key, op.idempotency);
    }
    for (const snapshot of snapshots) {
      const held = this.#snapshots.get(snapshot.document);
      if (held === undefined || held.position <= snapshot.position) this.#snapshots.set(snapshot.document, snapshot);
    }
    for (const [region, vector] of peerVectors) this.#peerVectors.set(region, vector);
  }

  /** The opening as comparable values. */
  opening() {
    const origins = [...new Set(this.ops.map(({ origin }) => origin))].sort();
    const heads = origins.map((origin) => {
      const newest = this.ops.findLast((op) => op.origin === origin);
      return newest && [origin, newest.seq, newest.chainHash, newest.hlc, newest.logBytes, 1];
    });
    return { heads, lastPosition: this.ops.length, peerVectors: vectorsOf([...this.#peerVectors].sort(([a], [b]) => (a < b ? -1 : 1))) };
  }

  readDocument(document: DocumentId): StoredDocument {
    const snapshot = this.#snapshots.get(document);
    const tail = this.ops.filter((op) => op.documents.includes(document) && op.position > (snapshot?.position ?? 0));
    return { snapshot, ops: tail.map(loggedOp) };
  }

  readHistory(document: DocumentId): StoredHistory {
    return { ops: this.ops.filter((op) => op.documents.includes(document)).map(loggedOp), beginsAfter: 0 };
  }

  listDocuments(collection: string): readonly DocumentId[] {
    const written = [...this.ops.flatMap(({ documents }) => documents), ...this.#snapshots.keys()];
    return [...new Set(written)].filter((document) => collectionOf(document) === collection).sort();
  }

  readIdempotency(key: string): IdempotencyRecord | undefined {
    return this.#idempotency.get(key);
  }
}

/** A store's opening in the form of the model's. */
export function comparableOpening({ heads, lastPosition, peerVectors }: StoreOpening) {
  return {
    heads: heads.map((head) => [head.origin, head.seq, head.chainHash, head.hlc, head.logBytes, head.oldestSeq]),
    lastPosition,
    peerVectors: vectorsOf(peerVectors),
  };
}

function vectorsOf(vectors: ReadonlyArray<readonly [string, VersionVector]>) {
  return vectors.map(([region, vector]) => [region, vector.toJSON()]);
}
