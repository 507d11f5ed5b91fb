// Random batches, handed over singly and in bursts, between reopenings and crashes, against the model.

import { VersionVector } from '@anabranch/causality';
import type { ReplicaStore, StoreBatch } from '@anabranch/engine';
import { parseDocumentId } from '@anabranch/protocol';
import fc from 'fast-check';
import { expect } from 'vitest';
import type { ContractCheck } from './contract-check.ts';
import { berlin, berlinRegion, loggedOp, OpSource, originOf, tokyo, tokyoRegion } from './op-source.ts';
import type { MediumSetup, StoreMedium } from './store-medium.ts';
import { comparableOpening, StoreModel } from './store-model.ts';

const histories = 25;
const origins = [berlin, tokyo, originOf('berlin.ffffffffffff')];
const documents = ['carts/a', 'carts/ab', 'carts/b', 'notes/a', 'notes/~'].map(parseDocumentId);
const idempotencyKeys = ['k1', 'k2', 'k3'];

const opPlan = fc.record({
  origin: fc.constantFrom(...origins),
  documents: fc.uniqueArray(fc.constantFrom(...documents), { minLength: 1, maxLength: 3 }),
  bytes: fc.uint8Array({ maxLength: 300 }),
  idempotencyKey: fc.option(fc.constantFrom(...idempotencyKeys), { nil: undefined, freq: 3 }),
});

const batchPlan = fc.record({
  ops: fc.array(opPlan, { maxLength: 5 }),
  snapshots: fc.array(
    fc.record({
      document: fc.constantFrom(...documents),
      library: fc.constantFrom('yjs' as const, 'automerge' as const),
      state: fc.uint8Array({ maxLength: 50 }),
      /** How far behind the newest op the snapshot was taken. */
      behind: fc.nat(8),
    }),
    { maxLength: 2 },
  ),
  acknowledged: fc.option(fc.tuple(fc.constantFrom(berlinRegion, tokyoRegion), fc.integer({ min: 1, max: 2 ** 50 })), { freq: 4 }),
});

const stepPlan = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('commit' as const), batches: fc.array(batchPlan, { minLength: 1, maxLength: 4 }) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('reopen' as const, 'crash' as const) }) },
);

type BatchPlan = typeof batchPlan extends fc.Arbitrary<infer Plan> ? Plan : never;
type StepPlan = typeof stepPlan extends fc.Arbitrary<infer Plan> ? Plan : never;

/** As a check it runs over media of its own: one history may not see the next one's records. */
export function randomCheck(setup: MediumSetup): ContractCheck {
  return {
    name: '[STORE1] random batches, reopenings and crashes agree with the model',
    run: () =>
      fc.assert(
        fc.asyncProperty(fc.array(stepPlan, { minLength: 1, maxLength: 10 }), async (steps) => {
          const medium = await setup();
          try {
            await runHistory(medium, steps);
          } finally {
            await medium.dispose();
          }
        }),
        { numRuns: histories },
      ),
  };
}

async function runHistory(medium: StoreMedium, steps: readonly StepPlan[]): Promise<void> {
  const source = new OpSource();
  const model = new StoreModel();
  let store = await medium.open();
  for (const step of steps) {
    if (step.kind === 'commit') {
      const batches = step.batches.map((plan) => batchOf(plan, source));
      await Promise.all(batches.map((batch) => store.commit(batch)));
      for (const batch of batches) model.apply(batch);
    } else {
      if (step.kind === 'crash') medium.crash();
      else await store.close();
      store = await medium.open();
    }
    compare(store, model);
  }
  await store.close();
}

function batchOf(plan: BatchPlan, source: OpSource): StoreBatch {
  const ops = plan.ops.map(({ origin, idempotencyKey, ...rest }) =>
    source.next(origin, { ...rest, ...(idempotencyKey !== undefined && { idempotencyKey }) }),
  );
  const snapshots = plan.snapshots.map(({ behind, ...snapshot }) => ({ ...snapshot, position: Math.max(0, source.lastPosition - behind) }));
  const peerVectors = plan.acknowledged ? [[plan.acknowledged[0], VersionVector.of([[berlin, plan.acknowledged[1]]])] as const] : [];
  return { ops, snapshots: snapshots.filter(({ position }) => position > 0), peerVectors };
}

function compare(store: ReplicaStore, model: StoreModel): void {
  expect(comparableOpening(store.opening())).toEqual(model.opening());
  for (const origin of origins) {
    const expected = model.ops.filter((op) => op.origin === origin).map(loggedOp);
    expect(store.readOps(origin, 0, Number.MAX_SAFE_INTEGER)).toEqual(expected);
  }
  for (const document of documents) {
    expect(store.readDocument(document)).toEqual(model.readDocument(document));
    expect(store.readHistory(document, 0, Number.MAX_SAFE_INTEGER)).toEqual(model.readHistory(document));
  }
  for (const collection of ['carts', 'notes'])
    expect(store.listDocuments(collection, undefined, 99)).toEqual(model.listDocuments(collection));
  for (const key of idempotencyKeys) expect(store.readIdempotency(key)).toEqual(model.readIdempotency(key));
}
