// An origin's log as a region would have written it, put into a store through the store port: small ops on many carts.
// Stores that are given the same log can be linked, as if one had received it from the other.

import { join } from 'node:path';
import { silentLogger } from '@anabranch/base';
import { mintOrigin, type OriginId, parseRegionId } from '@anabranch/causality';
import type { OpAppend } from '@anabranch/engine';
import { chainNext, chainStart, documentIdOf, encodeOp, type Op } from '@anabranch/protocol';
import { openLmdbStore } from '@anabranch/storage';
import { benchPorts } from './bench-replica.ts';
import { CartWriter } from './cart-updates.ts';

export interface PreparedLog {
  readonly origin: OriginId;
  readonly ops: number;
}

export interface LogPlan {
  readonly region: string;
  readonly documents: number;
  readonly opsPerDocument: number;
  /** The stores that receive the log: folders, and the region that each belongs to. */
  readonly stores: ReadonlyArray<{ readonly folder: string; readonly region: string }>;
}

const opsPerCommit = 10_000;
const distinctCarts = 1_000;
const preparedAtMs = Date.parse('2026-01-01');

export async function prepareLog(plan: LogPlan): Promise<PreparedLog> {
  const { random } = benchPorts;
  const origin = mintOrigin(parseRegionId(plan.region), random);
  const stores = await Promise.all(
    plan.stores.map(async ({ folder, region: name }) => {
      const region = parseRegionId(name);
      const store = await openLmdbStore({ directory: join(folder, name), logger: silentLogger });
      const own = name === plan.region ? origin : mintOrigin(region, random);
      await store.commit({ identity: { region, storeId: random.bytes(16), origin: own } });
      return store;
    }),
  );
  let batch: OpAppend[] = [];
  const flush = async (): Promise<void> => {
    await Promise.all(stores.map((store) => store.commit({ ops: batch })));
    batch = [];
  };
  for (const op of opsOf(origin, plan)) if (batch.push(op) === opsPerCommit) await flush();
  await flush();
  await Promise.all(stores.map((store) => store.close()));
  return { origin, ops: plan.documents * plan.opsPerDocument };
}

/** One op per document in turn, as shoppers that are there at the same time would make them. */
function* opsOf(origin: OriginId, { documents, opsPerDocument }: LogPlan): Iterable<OpAppend> {
  // Making updates is slow; documents of the same remainder share them.
  const writers = Array.from({ length: Math.min(documents, distinctCarts) }, () => new CartWriter(origin));
  const { hash } = benchPorts;
  let chainHash = chainStart(hash, origin);
  let [seq, logBytes] = [0, 0];
  for (let turn = 0; turn < opsPerDocument; turn++) {
    const updates = writers.map((writer, n) => writer.next(turn * documents + n + 1));
    for (let n = 0; n < documents; n++) {
      seq += 1;
      const document = documentIdOf('carts', `cart-${n}`);
      const hlc = { ms: preparedAtMs + Math.floor(seq / 1000), counter: seq % 1000 };
      const update = updates[n % updates.length] ?? new Uint8Array();
      const op: Op = { hlc, dependencies: [], writes: [{ document, library: 'yjs', update }] };
      const bytes = encodeOp(op);
      chainHash = chainNext(hash, chainHash, bytes);
      logBytes += bytes.length;
      yield { origin, seq, bytes, chainHash, logBytes, position: seq, hlc, documents: [document] };
    }
  }
}
