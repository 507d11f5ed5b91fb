// Local writes of a replica, at a given rate or as fast as it takes them: each puts an article more into a cart.

import type { OriginId } from '@anabranch/causality';
import type { Replica } from '@anabranch/engine';
import { documentIdOf } from '@anabranch/protocol';

export interface WritePlan {
  readonly collection: string;
  /** How many carts are written, as `documentsOf` names them. */
  readonly documents: number;
}

export interface Written {
  readonly origin: OriginId;
  /** The seq of the last op. */
  readonly seq: number;
}

const articles = 20;
const writersAtOnce = 128;

/** Issues writes evenly over time, whether or not earlier ones have been answered. */
export async function writePaced(
  replica: Replica,
  plan: WritePlan & { readonly opsPerSecond: number; readonly ms: number },
): Promise<Written> {
  const total = Math.floor((plan.opsPerSecond * plan.ms) / 1000);
  const startMs = performance.now();
  const writes: Array<Promise<number>> = [];
  while (writes.length < total) {
    const due = Math.min(total, Math.floor(((performance.now() - startMs) * plan.opsPerSecond) / 1000));
    while (writes.length < due) writes.push(write(replica, plan, writes.length));
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  return { origin: replica.origin, seq: Math.max(0, ...(await Promise.all(writes))) };
}

/** Writes with many writers, each waiting for its own write. */
export async function writeFast(replica: Replica, plan: WritePlan & { readonly ops: number }): Promise<Written> {
  let [turn, seq] = [0, 0];
  const writer = async (): Promise<void> => {
    while (turn < plan.ops) seq = Math.max(seq, await write(replica, plan, turn++));
  };
  await Promise.all(Array.from({ length: writersAtOnce }, writer));
  return { origin: replica.origin, seq };
}

async function write(replica: Replica, { collection, documents }: WritePlan, turn: number): Promise<number> {
  const choice = scramble(turn);
  const document = documentIdOf(collection, `cart-${choice % documents}`);
  const path = `/items/sku-${(choice >>> 20) % articles}/qty`;
  const { opId } = await replica.edit({ document, plan: () => [{ op: 'increment', path, by: 1 }] });
  if (opId === undefined) throw new Error('an increment always makes an op');
  return opId.seq;
}

/** Spreads turns over carts and articles without a pattern that compression would learn, and alike in every run. */
function scramble(turn: number): number {
  const mixed = Math.imul(turn ^ (turn >>> 15), 0x2c1b3c6d);
  return (Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39) ^ (mixed >>> 15)) >>> 0;
}
