import type { StoreBatch } from '@anabranch/engine';
import { berlin, cartA, cartB, OpSource, tokyo } from './op-source.ts';

/** Ops in each batch of {@link continueBatches}. */
export const opsPerBatch = 3;

/** The same endless sequence of batches for everybody, from the one after `lastPosition`. */
export function continueBatches(lastPosition: number): () => StoreBatch {
  const source = new OpSource();
  const next = (): StoreBatch => ({
    ops: [
      source.next(berlin, { documents: [cartA], idempotencyKey: `batch-${source.lastPosition}` }),
      source.next(tokyo, { documents: [cartA, cartB] }),
      source.next(berlin, { documents: [cartB], bytes: new Uint8Array(source.lastPosition % 5000).fill(source.lastPosition % 251) }),
    ],
  });
  while (source.lastPosition < lastPosition) next();
  return next;
}
