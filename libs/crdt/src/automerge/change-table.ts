// Which change holds an operation, which is an actor's last, and how many there are: questions the library answers only by
// listing its whole history. The table follows the document before it is asked.

import { assert } from '@anabranch/base';
import { type DecodedChange, decodeChange } from '@automerge/automerge';
import type { AutomergeHandle } from './automerge-handle.ts';
import { chunkTypeAt, chunkTypes } from './chunks.ts';

interface HeldChange {
  readonly hash: string;
  readonly seq: number;
  readonly startOp: number;
  readonly maxOp: number;
}

type Op = DecodedChange['ops'][number] & { readonly insert?: boolean };

/** Operations of a change that is decoded to look at one of them; a larger one is not looked into. */
const decodedOpsMax = 64;
/** Its bytes; a larger one, or a deflated one, is not looked into. */
const decodedBytesMax = 4_096;

export class ChangeTable {
  /** By actor, in the order of their numbers. */
  readonly #changes = new Map<string, HeldChange[]>();
  #heads: string[] = [];
  #opCount = 0;

  /** Takes in the changes that the document got since the last time. */
  follow(handle: AutomergeHandle): void {
    const heads = handle.getHeads();
    if (heads.length === this.#heads.length && heads.every((head) => this.#heads.includes(head))) return;
    for (const { actor, hash, seq, startOp, maxOp } of handle.getChangesMeta(this.#heads)) {
      const known = this.#changes.get(actor) ?? [];
      if ((known.at(-1)?.seq ?? 0) >= seq) continue;
      known.push({ hash, seq, startOp, maxOp });
      this.#changes.set(actor, known);
      this.#opCount += maxOp - startOp + 1;
    }
    this.#heads = heads;
  }

  /** The operations of the document's whole history. */
  get opCount(): number {
    return this.#opCount;
  }

  /** The last change held of an actor. */
  lastOf(actor: string): HeldChange | undefined {
    return this.#changes.get(actor)?.at(-1);
  }

  /** The change that an operation is part of. */
  holding(operationId: string): HeldChange | undefined {
    const [counter = '', actor = ''] = operationId.split('@');
    return changeWith(this.#changes.get(actor) ?? [], Number(counter));
  }

  /** True when the operation is known to have inserted an element into the object. */
  isInsertion(handle: AutomergeHandle, operationId: string, object: string): boolean {
    const change = this.holding(operationId);
    if (change === undefined || change.maxOp - change.startOp >= decodedOpsMax) return false;
    const bytes = handle.getChangeByHash(change.hash);
    assert(bytes !== null, 'a change of the table is held');
    if (bytes.length > decodedBytesMax || bytes[chunkTypeAt] !== chunkTypes.change) return false;
    const op = decodeChange(bytes).ops[Number.parseInt(operationId, 10) - change.startOp] as Op | undefined;
    return op?.insert === true && op.obj === object;
  }
}

/** Of the changes of one actor, in their order, the one that holds the operation of this number. */
export function changeWith<Change extends { startOp: number; maxOp: number }>(
  changes: readonly Change[],
  counter: number,
): Change | undefined {
  let low = 0;
  let high = changes.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((changes[middle]?.startOp ?? 0) <= counter) low = middle;
    else high = middle - 1;
  }
  const change = changes[low];
  return change !== undefined && change.startOp <= counter && counter <= change.maxOp ? change : undefined;
}
