// Checks of writing: durable when resolved and not before, whole, in order, and never again after a failure.

import type { ReplicaStore } from '@anabranch/engine';
import { expect } from 'vitest';
import type { ContractCheck } from './contract-check.ts';
import { berlin, cartA, cartB, loggedOp, OpSource, tokyo } from './op-source.ts';
import type { StoreMedium } from './store-medium.ts';

const allBytes = Number.MAX_SAFE_INTEGER;
/** Enough turns of the microtask queue for a commit in memory to pass through all its stages. */
const crashTurnsMax = 16;

export const commitChecks: readonly ContractCheck[] = [
  {
    name: '[STORE2] what a resolved commit wrote is there after a crash at that instant',
    async run(medium) {
      const source = new OpSource();
      for (let round = 0; round < 3; round++) {
        const store = await medium.open();
        expect(store.opening().lastPosition).toBe(2 * round);
        await store.commit({ ops: [source.next(berlin), source.next(tokyo)] });
        medium.crash();
      }
      const reopened = await medium.open();
      expect(reopened.opening().lastPosition).toBe(6);
      expect(reopened.readOps(tokyo, 0, allBytes).map(({ seq }) => seq)).toEqual([1, 2, 3]);
      await reopened.close();
    },
  },
  {
    name: '[STORE2] a crash at any instant leaves a prefix of the commits, each whole',
    async run(medium) {
      const source = new OpSource();
      for (let turns = 0; turns < crashTurnsMax; turns++) await crashAfter(medium, turns, source.lastPosition);
    },
  },
  {
    name: '[STORE2] what a read shows survives a crash at that instant',
    async run(medium) {
      for (let turns = 0; turns < crashTurnsMax; turns++) await readThenCrash(medium, turns);
    },
  },
  {
    name: 'a commit shows whole, once it has resolved',
    async run(medium) {
      const store = await medium.open();
      const op = new OpSource().next(berlin, { documents: [cartA, cartB], idempotencyKey: 'k' });
      const snapshot = { document: cartA, library: 'yjs', state: Uint8Array.of(1), position: 1 } as const;
      const committed = store.commit({ ops: [op], snapshots: [snapshot] });
      expect(seenOf(store)).toEqual({ ops: 0, lastPosition: 0, tail: 0, snapshot: false, listed: 0, used: false });
      await committed;
      expect(seenOf(store)).toEqual({ ops: 1, lastPosition: 1, tail: 0, snapshot: true, listed: 2, used: true });
      await store.close();
    },
  },
  {
    name: 'commits resolve in the order they were handed over, and close waits for them',
    async run(medium) {
      const source = new OpSource();
      const store = await medium.open();
      const resolved: number[] = [];
      const commits = Array.from({ length: 50 }, (_, at) => store.commit({ ops: [source.next(berlin)] }).then(() => resolved.push(at)));
      await store.close();
      expect(resolved).toEqual(Array.from({ length: 50 }, (_, at) => at));
      await Promise.all(commits);
      const reopened = await medium.open();
      expect(reopened.opening().lastPosition).toBe(50);
      await reopened.close();
    },
  },
  {
    name: 'what the caller changes after handing a batch over is not written',
    async run(medium) {
      const store = await medium.open();
      const bytes = Uint8Array.of(1, 2, 3);
      const committed = store.commit({ ops: [new OpSource().next(berlin, { bytes })] });
      bytes.fill(9);
      await committed;
      expect(store.readOps(berlin, 0, allBytes)[0]?.bytes).toEqual(Uint8Array.of(1, 2, 3));
      await store.close();
    },
  },
  ...(['store_full', 'store_failed'] as const).map((code) => ({
    name: `after a commit failed with ${code} every later one fails, reads go on, and a reopened store writes again`,
    run: (medium: StoreMedium) => checkFailStop(medium, code),
  })),
  {
    name: 'a batch with a gap is refused whole',
    async run(medium) {
      const source = new OpSource();
      const store = await medium.open();
      const [first, skipped, third] = [source.next(berlin), source.next(berlin), source.next(berlin)];
      await expect(store.commit({ ops: [first, third] })).rejects.toThrow('does not follow');
      await store.commit({ ops: [first] });
      await store.commit({ ops: [skipped, third] });
      expect(store.readOps(berlin, 0, allBytes)).toEqual([first, skipped, third].map(loggedOp));
      await store.close();
    },
  },
];

/** Commits batches of two ops without waiting, crashes after some turns, and looks at what is left. */
async function crashAfter(medium: StoreMedium, turns: number, startPosition: number): Promise<void> {
  const first = await medium.open();
  const { lastPosition, heads } = first.opening();
  await first.close();
  const source = new OpSource();
  for (let position = 0; position < lastPosition; position++) source.next(position % 2 === 0 ? berlin : tokyo);
  expect(lastPosition).toBeGreaterThanOrEqual(startPosition);
  expect(heads.length).toBe(lastPosition === 0 ? 0 : 2);

  const store = await medium.open();
  let acknowledged = lastPosition;
  for (let batch = 0; batch < 4; batch++) {
    const ops = [source.next(berlin, { documents: [cartA] }), source.next(tokyo, { documents: [cartA, cartB] })];
    const end = source.lastPosition;
    store.commit({ ops }).then(
      () => {
        acknowledged = end;
      },
      () => {},
    );
    if (batch === 1) for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  }
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  medium.crash();
  const acknowledgedAtCrash = acknowledged;

  const reopened = await medium.open();
  const left = reopened.opening().lastPosition;
  expect(left).toBeGreaterThanOrEqual(acknowledgedAtCrash);
  expect(left % 2).toBe(0);
  for (const origin of [berlin, tokyo]) {
    expect(reopened.readOps(origin, 0, allBytes).map(({ seq }) => seq)).toEqual(Array.from({ length: left / 2 }, (_, at) => at + 1));
  }
  const positions = Array.from({ length: left }, (_, at) => at + 1);
  expect(reopened.readDocument(cartA).ops.map(({ position }) => position)).toEqual(positions);
  await reopened.close();
}

async function readThenCrash(medium: StoreMedium, turns: number): Promise<void> {
  const store = await medium.open();
  const source = new OpSource();
  for (let held = store.opening().lastPosition; held > 0; held--) source.next(berlin);
  store.commit({ ops: [source.next(berlin)] }).catch(() => {});
  for (let turn = 0; turn < turns; turn++) await Promise.resolve();
  const seen = seenOf(store);
  medium.crash();
  const reopened = await medium.open();
  const left = seenOf(reopened);
  expect(left.lastPosition).toBeGreaterThanOrEqual(seen.lastPosition);
  expect(left.ops).toBeGreaterThanOrEqual(seen.ops);
  expect(left.tail).toBeGreaterThanOrEqual(seen.tail);
  await reopened.close();
}

function seenOf(store: ReplicaStore) {
  const { snapshot, ops } = store.readDocument(cartA);
  return {
    ops: store.readOps(berlin, 0, allBytes).length,
    lastPosition: store.opening().lastPosition,
    tail: ops.length,
    snapshot: snapshot !== undefined,
    listed: store.listDocuments('carts', undefined, 10).length,
    used: store.readIdempotency('k') !== undefined,
  };
}

async function checkFailStop(medium: StoreMedium, code: 'store_full' | 'store_failed'): Promise<void> {
  const source = new OpSource();
  const store = await medium.open();
  const kept = source.next(berlin);
  await store.commit({ ops: [kept] });
  medium.failNextCommit(code);
  const failed = store.commit({ ops: [source.next(berlin)] });
  const behind = store.commit({ ops: [source.next(berlin)] });
  await expect(failed).rejects.toMatchObject({ code });
  await expect(behind).rejects.toMatchObject({ code });
  await expect(store.commit({ ops: [source.next(tokyo)] })).rejects.toMatchObject({ code });
  await expect(store.commit({})).rejects.toMatchObject({ code });
  expect(store.readOps(berlin, 0, allBytes)).toEqual([loggedOp(kept)]);
  await store.close();

  const reopened = await medium.open();
  expect(reopened.opening().lastPosition).toBe(1);
  const again = new OpSource();
  again.next(berlin);
  await reopened.commit({ ops: [again.next(berlin)] });
  expect(reopened.readOps(berlin, 0, allBytes).length).toBe(2);
  await reopened.close();
}
