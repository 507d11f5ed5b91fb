// The contract suite is worth what it catches. Each store below has one planted bug and must fail the named check; the
// store without a bug passes them all (kv-replica-store.test.ts).

import type { ReplicaStore } from '@anabranch/engine';
import { describe, expect, test } from 'vitest';
import { MemoryKv } from './memory-kv.ts';
import type { Mutation, OrderedKv } from './ordered-kv.ts';
import { sealRecord } from './record.ts';
import { replicaStoreChecks, runCheck } from './testing/describe-replica-store.ts';
import { memoryMedium } from './testing/kv-medium.ts';
import type { MediumSetup, StoreMedium } from './testing/store-medium.ts';

interface PlantedBug {
  readonly setup: MediumSetup;
  /** Part of the name of a check that must fail. */
  readonly caughtBy: string;
}

const bugs: Readonly<Record<string, PlantedBug>> = {
  'acknowledges before it is durable': {
    setup: memoryMedium((inner) => ({
      ...delegateTo(inner),
      async commit(mutations) {
        setImmediate(() => inner.commit(mutations).catch(() => {}));
      },
    })),
    caughtBy: 'what a resolved commit wrote is there after a crash',
  },
  'shows a commit before it is durable': {
    setup: memoryMedium((inner) => {
      const ahead = new MemoryKv(inner.image());
      const commit = async (mutations: readonly Mutation[]) => {
        await ahead.commit(mutations);
        await inner.commit(mutations);
      };
      return { ...delegateTo(ahead), commit };
    }),
    caughtBy: 'what a read shows survives a crash',
  },
  'tears a commit': {
    setup: memoryMedium((inner) => ({
      ...delegateTo(inner),
      async commit(mutations) {
        await inner.commit(mutations.slice(0, 1));
        await inner.commit(mutations.slice(1));
      },
    })),
    caughtBy: 'a crash at any instant leaves a prefix',
  },
  'hides a failed commit': {
    setup: brokenStore((store) => ({ commit: (batch) => store.commit(batch).catch(() => {}) })),
    caughtBy: 'after a commit failed with store_failed',
  },
  'forgets the document index when it is reopened': {
    setup: brokenMedium((medium) => ({
      async open(logger) {
        await medium.tamper((kv) => kv.commit([...kv.keys(Buffer.from('d'), Buffer.from('e'))].map((key) => ({ key }))));
        return medium.open(logger);
      },
    })),
    caughtBy: 'random batches',
  },
  'has no checksum': {
    setup: brokenMedium((medium) => ({ tamper: (change) => medium.tamper((kv) => change(resealing(kv))) })),
    caughtBy: 'a record with a flipped bit',
  },
  'has a checksum that does not cover the key': {
    setup: brokenMedium((medium) => ({ tamper: (change) => medium.tamper((kv) => change(resealing(kv))) })),
    caughtBy: 'a whole record under the key of another',
  },
  'reads more of a log than was asked for': {
    setup: brokenStore((store) => ({ readOps: (origin, afterSeq) => store.readOps(origin, afterSeq, Number.MAX_SAFE_INTEGER) })),
    caughtBy: 'readOps returns ops after a seq',
  },
  'forgets the history that a snapshot covers': {
    setup: brokenStore((store) => ({
      readHistory(document, afterPosition, bytesMax) {
        const covered = store.readDocument(document).snapshot?.position ?? 0;
        return store.readHistory(document, Math.max(afterPosition, covered), bytesMax);
      },
    })),
    caughtBy: 'readHistory returns',
  },
  'repeats the last document of a page': {
    setup: brokenStore((store) => ({
      listDocuments(collection, after, limit) {
        const next = store.listDocuments(collection, after, limit);
        return after === undefined ? next : [after, ...next].slice(0, limit);
      },
    })),
    caughtBy: 'documents are listed',
  },
};

describe('the contract suite catches a store that', () => {
  for (const [name, { setup, caughtBy }] of Object.entries(bugs)) {
    test(name, async () => {
      const check = replicaStoreChecks(setup).find((candidate) => candidate.name.includes(caughtBy));
      expect(check, 'the check exists').toBeDefined();
      if (check) await expect(runCheck(check, setup)).rejects.toThrow(/expected|instead of rejecting|Property failed/);
    });
  }
});

function brokenMedium(change: (medium: StoreMedium) => Partial<StoreMedium>): MediumSetup {
  return async () => {
    const medium = await memoryMedium()();
    return { ...medium, ...change(medium) };
  };
}

function brokenStore(change: (store: ReplicaStore) => Partial<ReplicaStore>): MediumSetup {
  return brokenMedium((medium) => ({
    async open(logger) {
      const store = await medium.open(logger);
      const whole: ReplicaStore = {
        opening: () => store.opening(),
        commit: (batch) => store.commit(batch),
        readOps: (origin, afterSeq, bytesMax) => store.readOps(origin, afterSeq, bytesMax),
        readDocument: (document) => store.readDocument(document),
        readHistory: (document, afterPosition, bytesMax) => store.readHistory(document, afterPosition, bytesMax),
        listDocuments: (collection, after, limit) => store.listDocuments(collection, after, limit),
        readIdempotency: (key) => store.readIdempotency(key),
        onDamaged: (listener) => store.onDamaged(listener),
        restore: (op) => store.restore(op),
        scrub: (after, bytesMax) => store.scrub(after, bytesMax),
        close: () => store.close(),
      };
      return { ...whole, ...change(store) };
    },
  }));
}

function delegateTo(inner: OrderedKv): OrderedKv {
  return {
    get: (key) => inner.get(key),
    entries: (start, end, options) => inner.entries(start, end, options),
    keys: (start, end, options) => inner.keys(start, end, options),
    commit: (mutations) => inner.commit(mutations),
    close: () => inner.close(),
  };
}

/** Seals what is written anew: the reader then behaves as if it checked nothing. */
function resealing(inner: OrderedKv): OrderedKv {
  const reseal = ({ key, value }: Mutation): Mutation =>
    value === undefined || value.length < 5 ? { key, ...(value && { value }) } : { key, value: sealRecord(key, Buffer.from(value)) };
  return { ...delegateTo(inner), commit: (mutations) => inner.commit(mutations.map(reseal)) };
}
