// Named cases of the bounded counter, the same on both libraries.

import { describe, expect, test } from 'vitest';
import { createDocument } from './create-document.ts';
import type { DocumentOp } from './document-op.ts';
import type { BoundedCounterSchema } from './schema.ts';
import { DepotReplica, meet, refusalOf } from './testing/bounded-replica.ts';
import { boundsFault } from './typed/bounds.ts';

const berlinOrigin = 'berlin.000000000001';
const tokyoOrigin = 'tokyo.000000000001';
const increment = (path: string, by: number): DocumentOp => ({ op: 'increment', path, by });
const decrement = (path: string, by: number): DocumentOp => ({ op: 'decrement', path, by });

describe.each(['yjs', 'automerge'] as const)('a bounded counter on %s', (library) => {
  let identities = 0;
  const replica = (origin: string): DepotReplica => new DepotReplica(library, origin, identities++);
  const pair = (): [berlin: DepotReplica, tokyo: DepotReplica] => [replica(berlinOrigin), replica(tokyoOrigin)];

  test('[BOUND3] a change that own rights do not cover is refused, naming what is needed, held here and held elsewhere', () => {
    const [berlin, tokyo] = pair();
    berlin.do(increment('/stock', 5));
    tokyo.receive(berlin).do(increment('/stock', 2));
    const before = JSON.stringify([tokyo.document.json(), tokyo.document.boundedCounters()]);
    const refusal = refusalOf(() => tokyo.do(increment('/sold', 1), decrement('/stock', 3)));
    expect(refusal.code).toBe('insufficient_rights');
    expect(refusal.entry).toMatchObject({ status: 409, retryable: true });
    expect(refusal.details).toEqual({
      ...{ path: '/stock', opIndex: 1, kind: 'down', needed: 3, held: 2, total: 7 },
      holders: [{ origin: berlinOrigin, rights: 5 }],
    });
    expect(JSON.stringify([tokyo.document.json(), tokyo.document.boundedCounters()])).toBe(before);
    tokyo.do(decrement('/stock', 2));
    berlin.receive(tokyo).do(increment('/stock', -5));
    expect(berlin.field('stock')).toBe(0);
    expect(refusalOf(() => berlin.do(decrement('/stock', 1))).details).toMatchObject({ needed: 1, held: 0, holders: [], total: 0 });
  });

  test('[BOUND3] of many holders the 64 richest are named', () => {
    const donor = replica(berlinOrigin);
    donor.do(increment('/stock', 10_000));
    for (let nth = 1; nth <= 70; nth++) {
      donor.escrow({ op: 'transfer', path: '/stock', to: `r${nth}.00000000000a`, down: nth });
    }
    const refusal = refusalOf(() => replica(tokyoOrigin).receive(donor).do(decrement('/stock', 1)));
    const holders = refusal.details['holders'] as { origin: string; rights: number }[];
    expect(holders).toHaveLength(64);
    expect(holders.slice(0, 2).map(({ origin }) => origin)).toEqual([berlinOrigin, 'r70.00000000000a']);
    expect(holders.at(-1)?.rights).toBe(8);
  });

  test('[BOUND4] an increment makes rights to decrement, a decrement rights to increment, at once', () => {
    const [berlin] = pair();
    berlin.do(increment('/stock', 5), decrement('/stock', 3));
    expect([berlin.field('stock'), berlin.rights('/stock')]).toEqual([2, { down: 2, up: 0 }]);
    berlin.escrow({ op: 'takeOver', path: '/seats', from: 'berlin' });
    berlin.do(increment('/seats', 3));
    expect(refusalOf(() => berlin.do(increment('/seats', 1))).details).toMatchObject({ kind: 'up', needed: 1, held: 0 });
    berlin.do(decrement('/seats', 2), increment('/seats', 2));
    expect([berlin.field('seats'), berlin.rights('/seats')]).toEqual([3, { down: 0, up: 0 }]);
    berlin.do(decrement('/sold', 4), decrement('/seats', 50));
    expect([berlin.field('sold'), berlin.field('seats')]).toEqual([-4, -47]);
  });

  test('[BOUND5] the rights to leave 0 are shared by the regions of the schema, and used when the region vouches for it', () => {
    const [berlin, tokyo] = pair();
    expect(berlin.document.rights('/balance')).toEqual({
      ...{ value: 0, min: -10, max: 7 },
      holders: new Map([
        ['berlin', { down: 4, up: 3 }],
        ['tokyo', { down: 3, up: 2 }],
        ['lima', { down: 3, up: 2 }],
      ]),
    });
    expect(refusalOf(() => berlin.do(decrement('/balance', 1))).details).toMatchObject({
      held: 0,
      holders: [{ origin: 'berlin', rights: 4 }, { rights: 3 }, { rights: 3 }],
    });
    expect(refusalOf(() => berlin.doVouching(decrement('/balance', 5))).details).toMatchObject({
      ...{ needed: 5, held: 4, total: 10 },
      holders: [
        { origin: 'lima', rights: 3 },
        { origin: 'tokyo', rights: 3 },
      ],
    });
    berlin.doVouching(decrement('/balance', 4));
    tokyo.doVouching(increment('/balance', 2));
    meet(berlin, tokyo);
    for (const { document } of [berlin, tokyo]) {
      expect(document.rights('/balance')).toEqual({
        ...{ value: -2, min: -10, max: 7 },
        holders: new Map([
          [berlinOrigin, { down: 0, up: 7 }],
          [tokyoOrigin, { down: 5, up: 0 }],
          ['lima', { down: 3, up: 2 }],
        ]),
      });
    }
  });

  test('[BOUND6] a transfer takes from the giver what it gives, and never more than the giver holds', () => {
    const [berlin, tokyo] = pair();
    berlin.do(increment('/stock', 5));
    berlin.escrow({ op: 'transfer', path: '/stock', to: tokyoOrigin, down: 2 });
    berlin.escrow({ op: 'transfer', path: '/stock', to: tokyoOrigin, down: 1 });
    expect([berlin.rights('/stock').down, berlin.field('stock')]).toEqual([2, 5]);
    expect(refusalOf(() => berlin.do(decrement('/stock', 3))).code).toBe('insufficient_rights');
    const refusal = refusalOf(() => berlin.escrow({ op: 'transfer', path: '/stock', to: tokyoOrigin, down: 3 }));
    expect([refusal.code, refusal.details]).toMatchObject(['insufficient_rights', { path: '/stock', opIndex: 0, needed: 3, held: 2 }]);
    tokyo.receive(berlin).do(decrement('/stock', 3));
    meet(berlin, tokyo);
    expect([berlin.field('stock'), berlin.rights('/stock').down, tokyo.rights('/stock').down]).toEqual([2, 2, 0]);
  });

  test('[BOUND6] a transfer that names no right of this counter, or no other origin, is refused, whole', () => {
    const [berlin] = pair();
    berlin.do(increment('/stock', 5));
    const give = { op: 'transfer', path: '/stock', to: tokyoOrigin } as const;
    for (const [act, code] of [
      [{ ...give, to: 'tokyo', down: 1 }, 'op_invalid'],
      [{ ...give, to: berlinOrigin, down: 1 }, 'op_invalid'],
      [{ ...give, up: 1 }, 'type_mismatch'],
      [give, 'value_invalid'],
      [{ ...give, down: -1 }, 'value_invalid'],
      [{ ...give, down: 0.5 }, 'value_invalid'],
      [{ ...give, path: '/sold', down: 1 }, 'type_mismatch'],
      [{ ...give, path: '/nowhere', down: 1 }, 'path_unknown'],
      [{ op: 'takeOver', path: '/stock', from: berlinOrigin }, 'op_invalid'],
      [{ op: 'takeOver', path: '/stock', from: 'No Region' }, 'op_invalid'],
    ] as const) {
      expect(refusalOf(() => berlin.escrow({ ...give, down: 1 }, act)).code).toBe(code);
      expect(berlin.rights('/stock').down).toBe(5);
    }
    expect(berlin.updateCount).toBe(1);
  });

  test('[BOUND7] what an earlier epoch left is used when it is vouched for, once, and what reaches it later, too', () => {
    const [first, tokyo] = pair();
    first.do(increment('/stock', 5));
    tokyo.receive(first).do(increment('/stock', 4));
    const second = replica('berlin.000000000002').receive(tokyo);
    expect(refusalOf(() => second.do(decrement('/stock', 1))).details).toMatchObject({ held: 0, total: 9 });
    second.doVouching(decrement('/stock', 2));
    expect([second.rights('/stock').down, second.rights('/stock', berlinOrigin).down]).toEqual([3, 0]);
    // Tokyo grants to the epoch it knows.
    tokyo.escrow({ op: 'transfer', path: '/stock', to: berlinOrigin, down: 3 });
    second.receive(tokyo).doVouching(decrement('/stock', 6));
    meet(second, tokyo, first);
    for (const { document } of [first, second, tokyo]) {
      expect(document.rights('/stock')).toMatchObject({ value: 1, holders: new Map([[tokyoOrigin, { down: 1, up: 0 }]]) });
    }
  });

  test('[BOUND7] what a region that was removed for good left is taken over by an explicit act', () => {
    const [berlin, tokyo] = pair();
    berlin.doVouching(decrement('/balance', 1));
    tokyo.receive(berlin);
    // Nobody takes the rights of another region by the way.
    expect(refusalOf(() => tokyo.doVouching(decrement('/balance', 4))).details).toMatchObject({ held: 3 });
    tokyo.escrow(
      { op: 'takeOver', path: '/balance', from: berlinOrigin },
      { op: 'takeOver', path: '/balance', from: 'tokyo' },
      { op: 'takeOver', path: '/balance', from: 'berlin' },
    );
    tokyo.do(decrement('/balance', 6));
    expect([tokyo.field('balance'), tokyo.rights('/balance')]).toEqual([-7, { down: 0, up: 3 + 1 + 2 + 6 }]);
    const updates = tokyo.updateCount;
    tokyo.escrow({ op: 'takeOver', path: '/balance', from: berlinOrigin });
    expect(tokyo.updateCount).toBe(updates);
  });

  test('[BOUND8] a bounded counter that was written cannot be removed, nor anything above it', () => {
    const [berlin, tokyo] = pair();
    berlin.do(
      { op: 'set', path: '/items/a/name', value: 1 },
      { op: 'set', path: '/items/b/name', value: 1 },
      increment('/items/a/left', 1),
    );
    tokyo.receive(berlin);
    for (const op of [
      { op: 'clear', path: '/items/a/left' },
      { op: 'remove', path: '/items/a' },
      { op: 'clear', path: '/items' },
      { op: 'remove', path: '' },
      { op: 'clear', path: '' },
    ] as const) {
      const refusal = refusalOf(() => tokyo.do({ op: 'remove', path: '/items/b' }, op));
      expect([refusal.code, refusal.details['opIndex'], refusal.message]).toEqual([
        ...['type_mismatch', 1],
        'a bounded counter cannot be removed: other regions hold rights to it',
      ]);
    }
    tokyo.do({ op: 'remove', path: '/items/b' }, { op: 'clear', path: '/stock' });
    meet(berlin, tokyo);
    expect(berlin.field('items')).toEqual({ a: { left: 1, name: 1 } });
    const empty = replica('lima.000000000001').do(increment('/sold', 1), { op: 'remove', path: '' });
    expect(empty.document.exists()).toBe(false);
  });

  test('[BOUND8] a counter below a map shows its key from the first entry, and stays at 0', () => {
    const [berlin, tokyo] = pair();
    berlin.do(increment('/items/a~1b/left', 2));
    tokyo.receive(berlin);
    berlin.do(decrement('/items/a~1b/left', 2));
    meet(berlin, tokyo);
    expect(tokyo.field('items')).toEqual({ 'a/b': { left: 0, name: null } });
    expect(tokyo.document.boundedCounters()).toEqual(['/items/a~1b/left']);
    tokyo.do(increment('/stock', 0), increment('/items/c/left', 0));
    expect([tokyo.document.boundedCounters().length, Object.keys(tokyo.field('items') as object)]).toEqual([1, ['a/b']]);
  });

  test('[BOUND10] amounts that are no whole numbers, or would leave the safe integers, are refused', () => {
    const [berlin, tokyo] = pair();
    berlin.do(increment('/stock', 5));
    for (const by of [1.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '1'] as number[]) {
      expect(refusalOf(() => berlin.do(increment('/stock', by))).code).toBe('op_invalid');
      expect(refusalOf(() => berlin.do(decrement('/stock', by))).code).toBe('op_invalid');
    }
    for (const by of [0, -1]) {
      expect(refusalOf(() => berlin.do(decrement('/stock', by))).code).toBe('value_invalid');
      expect(refusalOf(() => berlin.do(decrement('/sold', by))).code).toBe('value_invalid');
    }
    expect(refusalOf(() => berlin.do(increment('/stock', Number.MAX_SAFE_INTEGER))).code).toBe('value_invalid');
    expect(refusalOf(() => berlin.do(increment('/note', 1))).code).toBe('type_mismatch');
    berlin.do(increment('/stock', Number.MAX_SAFE_INTEGER - 5));
    tokyo.do(increment('/stock', 7));
    meet(berlin, tokyo);
    // Beyond what can be shown, the nearest that can; the rights are exact all the same.
    expect([berlin.field('stock'), berlin.rights('/stock').down]).toEqual([Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER]);
    berlin.do(decrement('/stock', Number.MAX_SAFE_INTEGER));
    expect([berlin.field('stock'), berlin.rights('/stock').down]).toEqual([7, 0]);
    expect(refusalOf(() => berlin.do(increment('/stock', 1))).message).toMatch(/totals/);
  });

  test('[BOUND2] rights are read of bounded counters only, written or not', () => {
    const [berlin] = pair();
    for (const path of ['/sold', '/items', '/items/a', '/items/a/name', '/nowhere', '', 'stock', '/stock/x', '/items/__proto__/left']) {
      expect(berlin.document.rights(path)).toBeUndefined();
    }
    expect(berlin.document.rights('/items/a/left')).toEqual({ value: 0, min: 0, max: undefined, holders: new Map() });
    expect(berlin.document.rights('/items/a/left')).toEqual({ value: 0, min: 0, max: undefined, holders: new Map() });
    expect([berlin.document.json()['items'], berlin.document.boundedCounters()]).toEqual([{}, []]);
  });
});

test('[BOUND10] a schema says what it divides among whom, or is refused', () => {
  const fault = (schema: Omit<BoundedCounterSchema, 'type'>): string => boundsFault({ type: 'boundedCounter', ...schema }) ?? '';
  const split = ['berlin', 'tokyo'];
  for (const sound of [
    { min: 0 },
    { max: 0 },
    { min: 0, max: 0 },
    { min: -1, split },
    { max: 1, split },
    { min: 0, max: 2 ** 53 - 1, split },
  ]) {
    expect(fault(sound)).toBe('');
  }
  expect(fault({})).toMatch(/a min, a max or both/);
  for (const min of [0.5, Number.NaN, -(2 ** 53), Number.NEGATIVE_INFINITY]) expect(fault({ min, split })).toMatch(/integer/);
  for (const bounds of [{ min: 1 }, { max: -1, split }, { min: 1, max: 2, split }]) expect(fault(bounds)).toMatch(/include 0/);
  for (const bounds of [{ min: -1 }, { max: 1 }, { min: 0, max: 1 }]) expect(fault(bounds)).toMatch(/split names the regions/);
  for (const bounds of [{ min: 0 }, { max: 0 }]) expect(fault({ ...bounds, split })).toMatch(/nothing to split/);
  expect(fault({ min: -1, split: [] })).toMatch(/1 to 64/);
  expect(fault({ min: -1, split: Array.from({ length: 65 }, (_, nth) => `r${nth}`) })).toMatch(/1 to 64/);
  expect(fault({ min: -1, split: ['Berlin'] })).toMatch(/regions/);
  expect(fault({ min: -1, split: ['berlin', 'berlin'] })).toMatch(/twice/);
  const schema = { type: 'object', fields: { a: { type: 'map', of: { type: 'boundedCounter', min: 1 } } } } as const;
  const identity = { yjsClientId: 2 ** 32, automergeActor: '00'.repeat(16) };
  expect(() => createDocument({ library: 'yjs', schema }, identity)).toThrow(/include 0/);
});
