// What clients write to the entries of bounded counters themselves: malformed, or well-formed and not theirs to write.

import { describe, expect, test } from 'vitest';
import type * as Y from 'yjs';
import { createDocument } from './create-document.ts';
import type { DocumentOp } from './document-op.ts';
import { inspectUpdate } from './inspect-update.ts';
import { DepotReplica, refusalOf } from './testing/bounded-replica.ts';
import { forge, itemBetween, type Put, writeAll } from './testing/forged-entries.ts';
import { YjsDocument } from './yjs/yjs-document.ts';

const berlinOrigin = 'berlin.000000000001';
const tokyoOrigin = 'tokyo.000000000001';
const increment = (path: string, by: number): DocumentOp => ({ op: 'increment', path, by });
let identities = 0;

describe.each(['yjs', 'automerge'] as const)('entries of bounded counters on %s', (library) => {
  const replica = (origin: string): DepotReplica => new DepotReplica(library, origin, identities++);
  const pair = (): [berlin: DepotReplica, tokyo: DepotReplica] => [replica(berlinOrigin), replica(tokyoOrigin)];

  test('[BOUND11] malformed entries are none, and the rights of the others still add up', () => {
    const [berlin] = pair();
    berlin.do(increment('/stock', 5));
    const entries = [
      ['stock/tokyo', '9 0'],
      ['stock/tokyo.000000000001', '9'],
      ['stock/tokyo.000000000001/>', '1 0'],
      ['stock/tokyo.000000000001/>/berlin', '1 0'],
      ['stock/tokyo.000000000001/>/tokyo.000000000001', '1 0'],
      ['stock/tokyo.000000000001/</Berlin', '1 0'],
      ['stock/tokyo.000000000001/=/berlin.000000000001', '1 0'],
      ['stock/tokyo.000000000001/>/berlin.000000000001/x', '1 0'],
      ['stock/tokyo.000000000002', '-1 0'],
      ['stock/tokyo.000000000003', '1 9007199254740992'],
      ['stock/tokyo.000000000004', '01 0'],
    ] as const;
    const before = berlin.document.boundedWrites;
    berlin.document.apply([forge(library, berlin, writeAll(entries))]);
    expect(berlin.document.rights('/stock')).toMatchObject({ value: 5, holders: new Map([[berlinOrigin, { down: 5, up: 0 }]]) });
    expect(berlin.document.boundedWrites).toBe(before + entries.length);
  });

  test('[BOUND9] every write to an entry is counted, also one that repeats it, loses to it or is not understood', () => {
    const [berlin, tokyo] = pair();
    berlin.do(increment('/stock', 5));
    const stale = replica('lima.000000000002').receive(berlin);
    berlin.do(increment('/stock', 1));
    const own = `stock/${berlinOrigin}`;
    const forgeries: [string, (put: Put) => void][] = [
      ['a repeated text', (put) => put(own, '6 0')],
      ['another text', (put) => put(own, '0 0')],
      ['a deletion', (put) => put(own, undefined)],
      ['a grant', (put) => put(`stock/${berlinOrigin}/>/${tokyoOrigin}`, '3 0')],
      ['a foreign form', (put) => put('stock/x/y/z', '1')],
    ];
    for (const [name, write] of forgeries) {
      const victim = replica('lima.000000000001').receive(berlin).receive(tokyo);
      const before = victim.document.boundedWrites;
      const forged = forge(library, victim, write);
      expect([name, refusalOf(() => inspectUpdate(victim.document, forged, () => undefined)).code]).toEqual([name, 'update_invalid']);
      victim.document.apply([forged]);
      expect([name, victim.document.boundedWrites]).toEqual([name, before + 1]);
    }
    // By clients that knew nothing, or not the newest: concurrent to the entry, and not the winner.
    for (const known of [undefined, stale]) {
      const victim = replica('lima.000000000001').receive(berlin);
      const before = victim.document.boundedWrites;
      const forged = forge(library, known, (put) => put(own, '6 0'));
      expect(refusalOf(() => inspectUpdate(victim.document, forged, () => undefined)).code).toBe('update_invalid');
      victim.document.apply([forged]);
      expect([victim.field('stock'), victim.document.boundedWrites]).toEqual([6, before + 1]);
    }
  });

  test('[BOUND9] what is no entry of a bounded counter, is held already or is written by the document itself, is not counted', () => {
    const [berlin, tokyo] = pair();
    berlin.do(increment('/stock', 5), increment('/sold', 1));
    tokyo.receive(berlin);
    const counted = tokyo.document.boundedWrites;
    expect(counted).toBe(1);
    const sold = forge(library, tokyo, (put) => put(`sold/${tokyoOrigin}/1`, '1 4'));
    expect(inspectUpdate(tokyo.document, sold, () => undefined)).toEqual({ update: sold });
    tokyo.document.apply([berlin.document.encodeState(), sold]);
    // A client that sends everything it has brings nothing new.
    inspectUpdate(tokyo.document, tokyo.document.encodeState(), () => undefined);
    tokyo.do(increment('/stock', 3));
    expect([tokyo.field('sold'), tokyo.field('stock'), tokyo.document.boundedWrites]).toEqual([5, 8, counted]);
  });

  test('[BOUND9] a freeform document has no bounded counters', () => {
    const notes = createDocument({ library, schema: 'freeform' }, { yjsClientId: 2 ** 32 + 9, automergeActor: '09'.repeat(16) });
    const author = { writer: berlinOrigin, dot: 1, hlc: { ms: 1, counter: 0 } };
    expect(refusalOf(() => notes.escrow(author, [{ op: 'takeOver', path: '/stock', from: 'tokyo' }])).code).toBe('type_mismatch');
    expect(refusalOf(() => notes.edit(author, [{ op: 'decrement', path: '/stock', by: 1 }])).code).toBe('type_mismatch');
    expect([notes.rights('/stock'), notes.boundedCounters(), notes.boundedWrites]).toEqual([undefined, [], 0]);
  });
});

test('[BOUND9] a Yjs client does not reach an entry by naming it as a neighbour of another', () => {
  const berlin = new DepotReplica('yjs', berlinOrigin, identities++);
  berlin.do(increment('/stock', 5)).do(increment('/sold', 1)).do(increment('/stock', 1));
  const { document } = berlin;
  if (!(document instanceof YjsDocument)) throw new Error('not Yjs');
  const idOf = (key: string): Y.ID => {
    const item = document.doc.getMap('f')._map.get(key);
    if (item === undefined) throw new Error(`no ${key}`);
    return item.id;
  };
  const [stock, sold] = [idOf(`stock/${berlinOrigin}`), idOf(`sold/${berlinOrigin}/2`)];
  const neighbours: [Y.ID | undefined, Y.ID | undefined][] = [
    [stock, undefined],
    [undefined, stock],
    [stock, sold],
    [sold, stock],
  ];
  for (const [left, right] of neighbours) {
    expect(refusalOf(() => inspectUpdate(document, itemBetween(left, right), () => undefined)).code).toBe('update_invalid');
  }
  expect(inspectUpdate(document, itemBetween(sold, undefined), () => undefined)).toBeDefined();
  const before = document.boundedWrites;
  document.apply([itemBetween(stock, undefined)]);
  expect(document.boundedWrites).toBe(before + 1);
});
