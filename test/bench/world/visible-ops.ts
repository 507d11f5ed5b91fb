// When ops become visible in a region: the moment a session of their document is told of them, which is after they are
// durable there. The times of processes on one machine compare: they come from one monotonic clock.

import type { DocumentSession, Replica } from '@anabranch/engine';
import { type DocumentId, documentIdOf } from '@anabranch/protocol';

export interface VisibleOp {
  readonly seq: number;
  readonly atMs: number;
  readonly updateBytes: number;
}

export class VisibleOps {
  readonly #sessions: readonly DocumentSession[];
  #ops: VisibleOp[] = [];

  constructor(replica: Replica, documents: readonly DocumentId[]) {
    const listener = {
      deliver: ({ opId, update }: { opId: { seq: number }; update: Uint8Array }) => {
        this.#ops.push({ seq: opId.seq, atMs: machineMs(), updateBytes: update.length });
      },
      awareness: () => {},
      ended: () => {},
    };
    this.#sessions = documents.map((document) => replica.openSession(document, listener));
  }

  take(): VisibleOp[] {
    const ops = this.#ops;
    this.#ops = [];
    return ops;
  }

  close(): void {
    for (const session of this.#sessions) session.close();
  }
}

export function documentsOf(collection: string, count: number): DocumentId[] {
  return Array.from({ length: count }, (_, n) => documentIdOf(collection, `cart-${n}`));
}

function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
