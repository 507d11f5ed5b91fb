// The table against y-protocols' own Awareness: after the same updates both know the same clients.

import { encodeUtf8 } from '@anabranch/base';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Awareness, applyAwarenessUpdate } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { type AwarenessEntry, AwarenessTable, decodeAwareness, encodeAwareness } from './awareness-table.ts';
import { defaultSyncLimits as limits } from './sync-limits.ts';

const entry = (clientId: number, clock: number, state: object | undefined): AwarenessEntry => ({
  clientId,
  clock,
  state: state && encodeUtf8(JSON.stringify(state)),
});

const anyEntry = fc
  .record({ clientId: fc.nat(4), clock: fc.nat(6), state: fc.option(fc.record({ x: fc.nat(3) }), { nil: undefined }) })
  .map(({ clientId, clock, state }) => entry(clientId + 1, clock, state));

function statesOf(table: AwarenessTable): Array<[number, unknown]> {
  const present = table.present.map(({ clientId, state }) => [clientId, JSON.parse(new TextDecoder().decode(state))] as [number, unknown]);
  return present.sort(([a], [b]) => a - b);
}

describe('the awareness table', () => {
  test('knows after any updates the clients that y-protocols knows', () => {
    fc.assert(
      fc.property(fc.array(fc.array(anyEntry, { maxLength: 4 }), { maxLength: 20 }), (updates) => {
        const doc = new Y.Doc();
        doc.clientID = 1_000;
        const oracle = new Awareness(doc);
        const table = new AwarenessTable(limits);
        for (const entries of updates) {
          // The first clock of a client is 0, and y-protocols takes what it does not know for clock 0: it would ignore that.
          const later = entries.map((each) => ({ ...each, clock: each.clock + 1 }));
          for (const update of encodeAwareness(later, 10_000)) {
            applyAwarenessUpdate(oracle, update, 'test');
            table.merge(decodeAwareness(update, limits), undefined, 0);
          }
        }
        const expected = [...oracle.getStates()].filter(([clientId]) => clientId !== 1_000).sort(([a], [b]) => a - b);
        expect(statesOf(table)).toEqual(expected);
        oracle.destroy();
      }),
    );
  });

  test('passes on what is news, and nothing else', () => {
    const table = new AwarenessTable(limits);
    const [here, there] = [{}, {}];
    const a = entry(1, 5, { name: 'ada' });
    expect(table.merge([a], here, 0)).toEqual([a]);
    expect(table.merge([a], there, 0)).toEqual([]);
    expect(table.merge([entry(1, 4, { name: 'old' })], there, 0)).toEqual([]);
    expect(table.merge([entry(2, 0, undefined)], there, 0)).toEqual([]);
    expect(table.merge([entry(1, 5, undefined)], there, 0)).toEqual([entry(1, 5, undefined)]);
    expect(table.merge([entry(1, 5, undefined)], here, 0)).toEqual([]);
  });

  test('[SYNC4] a session that ends takes its clients with it, not those that others brought anew', () => {
    const table = new AwarenessTable(limits);
    const [old, reconnected] = [{}, {}];
    table.merge([entry(1, 5, { name: 'ada' }), entry(2, 1, { name: 'bob' })], old, 0);
    table.merge([entry(1, 6, { name: 'ada again' })], reconnected, 0);
    expect(table.removeOwned(old, 0)).toEqual([entry(2, 1, undefined)]);
    expect(statesOf(table)).toEqual([[1, { name: 'ada again' }]]);
    // A late echo of somebody else does not bring bob back.
    expect(table.merge([entry(2, 1, { name: 'bob' })], reconnected, 0)).toEqual([]);
  });

  test('forgets clients that were not renewed', () => {
    const table = new AwarenessTable(limits);
    table.merge([entry(1, 1, { a: 1 })], undefined, 0);
    table.merge([entry(2, 1, { b: 1 })], undefined, 20_000);
    table.expire(limits.awarenessExpiryMs);
    expect(table.present.map(({ clientId }) => clientId)).toEqual([2]);
  });

  test('shows a bounded number of clients, and renews those it shows', () => {
    const table = new AwarenessTable({ ...limits, awarenessStatesMax: 2 });
    expect(table.merge([entry(1, 1, {}), entry(2, 1, {}), entry(3, 1, {})], undefined, 0).length).toBe(2);
    expect(table.merge([entry(1, 2, { x: 1 })], undefined, 0).length).toBe(1);
  });

  test('many entries are encoded as several updates, each below the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(500), { maxLength: 60 }), (sizes) => {
        const entries = sizes.map((size, i) => entry(i, 1, { a: 'x'.repeat(size) }));
        const updates = encodeAwareness(entries, 600);
        expect(updates.every((update) => update.length <= 600)).toBe(true);
        expect(updates.flatMap((update) => decodeAwareness(update, limits)).map(({ clientId }) => clientId)).toEqual(
          entries.map(({ clientId }) => clientId),
        );
      }),
    );
  });
});
