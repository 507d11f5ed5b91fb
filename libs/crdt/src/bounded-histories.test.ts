// Random histories of bounded counters (testing/bounded-mesh.ts), and bugs planted in the type and around it, which show that
// the histories notice.

import { isAnabranchError } from '@anabranch/base';
import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type * as Y from 'yjs';
import type { CrdtDocument } from './crdt-document.ts';
import { createDocument } from './create-document.ts';
import type { Library } from './schema.ts';
import { BoundedMesh, type BoundedMeshOptions } from './testing/bounded-mesh.ts';
import { type BoundedStep, boundedSchema, boundedSteps } from './testing/bounded-steps.ts';
import { RightsLedger } from './typed/rights-ledger.ts';
import type { YjsDocument } from './yjs/yjs-document.ts';

const seed = Number(process.env['ANABRANCH_TEST_SEED'] ?? Date.now() % 1_000_000);
/** For a deep run: how many times as many histories as an everyday run tries. */
const depth = Number(process.env['ANABRANCH_TEST_DEPTH'] ?? 1);

function create(library: Library, identity: number): CrdtDocument {
  return createDocument(
    { library, schema: boundedSchema },
    { yjsClientId: 2 ** 32 + identity, automergeActor: identity.toString(16).padStart(32, '0') },
  );
}

function runHistory(library: Library, replicaCount: number, history: readonly BoundedStep[]): BoundedMesh {
  const mesh = new BoundedMesh(replicaCount, { create: (identity) => create(library, identity) });
  mesh.run(history);
  return mesh;
}

function holds(library: Library, runs: number, lengthMax: number): void {
  fc.assert(
    fc.property(fc.integer({ min: 2, max: 5 }), boundedSteps(lengthMax), (replicaCount, history) => {
      runHistory(library, replicaCount, history);
    }),
    { numRuns: runs * depth, seed },
  );
}

describe(`random histories of bounded counters (replay: ANABRANCH_TEST_SEED=${seed})`, () => {
  test('[BOUND1] [BOUND2] [BOUND3] on Yjs every replica, and the mesh, is within the bounds at every moment', () => {
    holds('yjs', 40, 120);
    holds('yjs', 4, 500);
  });

  test('[BOUND1] [BOUND2] [BOUND3] on Automerge every replica, and the mesh, is within the bounds at every moment', () => {
    holds('automerge', 12, 120);
    holds('automerge', 1, 400);
  });

  test('[BOUND1] both libraries show the same values and rights at every step', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 4 }), boundedSteps(100), (replicaCount, history) => {
        const traces = (['yjs', 'automerge'] as const).map((library) => runHistory(library, replicaCount, history).trace);
        expect(traces[0]).toEqual(traces[1]);
      }),
      { numRuns: 8 * depth, seed },
    );
  });

  test('[BOUND3] the histories hold edits of every outcome', () => {
    const outcomes = new Map<string, number>();
    for (const history of fc.sample(boundedSteps(200), { numRuns: 10, seed: plantedSeed })) {
      for (const [code, count] of runHistory('yjs', 3, history).refusals) outcomes.set(code, (outcomes.get(code) ?? 0) + count);
    }
    expect(outcomes.get('insufficient_rights')).toBeGreaterThan(50);
    expect(outcomes.get('type_mismatch')).toBeGreaterThan(10);
    expect([...outcomes.keys()].sort()).toEqual(['insufficient_rights', 'type_mismatch']);
  });
});

/** Fixed: that a planted bug is found in so few histories is certain for the seeds that were tried only. */
const plantedSeed = 20_261_126;

/** Puts a wrong rule for entries in place of the ledger's. */
function planted(wrong: (ledger: RightsLedger, ...args: Parameters<RightsLedger['count']>) => boolean): void {
  const count = RightsLedger.prototype.count;
  vi.spyOn(RightsLedger.prototype, 'count').mockImplementation(function (this: RightsLedger, entry, sign) {
    if (!wrong(this, entry, sign)) count.call(this, entry, sign);
  });
}

/** A document that, when rights are lacking, writes all the same. */
function unchecked(identity: number): CrdtDocument {
  const document = create('yjs', identity) as YjsDocument;
  const edit = document.edit.bind(document);
  document.edit = (author, ops) => {
    try {
      return edit(author, ops);
    } catch (error) {
      const [only] = ops;
      if (!isAnabranchError(error, 'insufficient_rights') || ops.length > 1 || only?.op !== 'decrement') throw error;
      const entries: Y.Map<string> = document.doc.getMap('f');
      const key = `${only.path.slice(1)}/${author.writer}`;
      const [incs, decs] = (entries.get(key) ?? '0 0').split(' ').map(Number);
      let update: Uint8Array | undefined;
      document.doc.once('update', (bytes: Uint8Array) => {
        update = bytes;
      });
      entries.set(key, `${incs} ${(decs ?? 0) + only.by}`);
      return update;
    }
  };
  return document;
}

function losing(identity: number): CrdtDocument {
  const document = create('yjs', identity);
  const apply = document.apply.bind(document);
  let count = 0;
  document.apply = (updates) => apply(updates.filter(() => ++count % 9 !== 0));
  return document;
}

const honest = (identity: number): CrdtDocument => create('yjs', identity);

const bugs: Record<string, { options?: Partial<BoundedMeshOptions>; plant?: () => void }> = {
  'a decrement is not checked': { options: { create: unchecked } },
  'a transfer takes nothing from who gives': {
    plant: () =>
      planted((ledger, { kind, other, first, second }, sign) => {
        if (kind === 'transfer') ledger.move(other, sign * BigInt(first), sign * BigInt(second));
        return kind === 'transfer';
      }),
  },
  'a transfer gives nothing': {
    plant: () =>
      planted((ledger, { kind, writer, first, second }, sign) => {
        if (kind === 'transfer') ledger.move(writer, -sign * BigInt(first), -sign * BigInt(second));
        return kind === 'transfer';
      }),
  },
  'what is taken over counts twice': {
    plant: () =>
      planted((ledger, { kind, writer, first, second }, sign) => {
        if (kind === 'takeover') ledger.move(writer, sign * BigInt(first), sign * BigInt(second));
        return false;
      }),
  },
  'what is taken over stays where it was': {
    plant: () =>
      planted((ledger, { kind, writer, first, second }, sign) => {
        if (kind === 'takeover') ledger.move(writer, sign * BigInt(first), sign * BigInt(second));
        return kind === 'takeover';
      }),
  },
  'an increment makes rights to increment': {
    plant: () =>
      planted((ledger, { kind, writer, first }, sign) => {
        if (kind === 'count') ledger.move(writer, 0n, sign * 2n * BigInt(first));
        return false;
      }),
  },
  'an earlier epoch is taken over before its log is whole': { options: { mayTakeOver: () => true } },
  'two replicas write under one origin': { options: { hasOneOrigin: true } },
  'a replica loses every ninth update': { options: { create: losing } },
};

describe('the histories of bounded counters catch planted bugs', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  const caught = (options: Partial<BoundedMeshOptions>): void =>
    fc.assert(
      fc.property(boundedSteps(150), (history) => new BoundedMesh(3, { create: honest, isTrusting: true, ...options }).run(history)),
      { numRuns: 60, seed: plantedSeed, endOnFailure: true },
    );

  test('[BOUND12] and planting none finds none', () => {
    planted(() => false);
    caught({});
  });

  test.each(Object.entries(bugs))('[BOUND12] %s', (_, { options = {}, plant }) => {
    plant?.();
    expect(() => caught(options)).toThrow(/Property failed/);
  });
});
