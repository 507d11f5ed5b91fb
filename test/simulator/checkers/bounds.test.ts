import type { DocumentOp } from '@anabranch/crdt';
import { describe, expect, test } from 'vitest';
import type { CounterDump, HistoryEvent, LoggedOpDump, RegionDump, RunRecord } from '../history.ts';
import { simulatedCollections } from '../world/collections.ts';
import { checkAtomicity } from './atomicity.ts';
import { checkBounds } from './bounds.ts';

const document = 'depots/d0';
const [berlin, lagos] = ['berlin.00000000000a', 'lagos.00000000000b'] as const;

interface Told {
  readonly origin: string;
  readonly seq: number;
  readonly op: DocumentOp;
  readonly dependencies?: LoggedOpDump['dependencies'];
}

const add = (by: number): DocumentOp => ({ op: 'increment', path: '/stock', by });
const take = (by: number): DocumentOp => ({ op: 'decrement', path: '/stock', by });

/** A run of these changes, in which every region shows `stock` at the end. */
function recordOf(told: readonly Told[], stock: number, more: Partial<RunRecord> = {}, rights: readonly CounterDump[] = []): RunRecord {
  const logs = new Map<string, LoggedOpDump[]>();
  const history: HistoryEvent[] = [];
  for (const { origin, seq, op, dependencies = [] } of told) {
    const key = `${origin} ${seq}`;
    const writes = [{ document, library: 'yjs', update: new Uint8Array() }];
    const logged = {
      origin,
      seq,
      opHash: '',
      chainHash: '',
      hlc: { ms: seq, counter: 0 },
      dependencies,
      writes,
      key,
      bytes: new Uint8Array(),
    };
    logs.set(origin, [...(logs.get(origin) ?? []), logged]);
    const who = { process: key, session: 'c', region: 'berlin', incarnation: 1, f: 'edit' as const, document, key, ops: [op] };
    history.push({ index: history.length, timeMs: seq, type: 'invoke', ...who });
  }
  const documents = new Map([[document, { digest: '', json: { stock, level: 0, moved: 0, items: {} }, rights }]]);
  const dump: RegionDump = { region: 'berlin', timeMs: 9, origin: berlin, version: {}, logs, documents, quarantinedOrigins: [] };
  return { seed: 1, history, regionEvents: [], dumps: [], finalDumps: [dump], collections: simulatedCollections, ...more };
}

const messages = (record: RunRecord): string[] => checkBounds(record).map(({ message }) => message);
const stocked: Told = { origin: berlin, seq: 1, op: add(5) };
const seen = [[berlin, 1]] as const;

describe('[SIM32] bounded counters', () => {
  test('of a run that kept to its bounds nothing is found', () => {
    const told = [stocked, { origin: berlin, seq: 2, op: take(3) }, { origin: lagos, seq: 1, op: take(2), dependencies: seen }];
    const rights = [{ path: '/stock', value: 0, min: 0, max: undefined, holders: [] }];
    expect(checkBounds(recordOf(told, 0, {}, rights))).toEqual([]);
  });

  test('a value beyond its bounds is found, in a dump and in an answer', () => {
    expect(messages(recordOf([stocked], -1))).toContain('a region showed a value beyond its bounds');
    const sound = recordOf([stocked], 5);
    const [event] = sound.history;
    if (event === undefined) throw new Error('the record has a history');
    const answer = { json: { items: { a: { left: -2 } } }, version: {} };
    expect(messages({ ...sound, history: [{ ...event, answer }] })).toContain('a region showed a value beyond its bounds');
  });

  test('units that two regions took at the same time, and nobody had, are found though every view is clean', () => {
    const told = [stocked, { origin: berlin, seq: 2, op: take(4) }, { origin: lagos, seq: 1, op: take(4), dependencies: seen }];
    expect(messages(recordOf([...told, { origin: berlin, seq: 3, op: add(9), dependencies: [[lagos, 1]] }], 6))).toEqual([
      'a causal cut of the logs crosses a bound',
    ]);
  });

  test('also when a later sale saw a later delivery', () => {
    const told = [stocked, { origin: berlin, seq: 2, op: take(4) }, { origin: lagos, seq: 1, op: take(4), dependencies: seen }];
    const later = [
      { origin: berlin, seq: 3, op: add(9), dependencies: [[lagos, 1]] as const },
      { origin: berlin, seq: 4, op: take(1) },
    ];
    expect(messages(recordOf([...told, ...later], 5))).toEqual(['a causal cut of the logs crosses a bound']);
  });

  test('a unit that was taken without having seen where it came from is found', () => {
    expect(messages(recordOf([stocked, { origin: lagos, seq: 1, op: take(1) }], 4))).toEqual(['a causal cut of the logs crosses a bound']);
  });

  test('rights that do not add up are found, and a holder with less than none', () => {
    const counter = { path: '/stock', value: 5, min: 0, max: undefined };
    const short = [{ ...counter, holders: [{ holder: berlin, down: 4, up: 0 }] }];
    expect(messages(recordOf([stocked], 5, {}, short))).toEqual(['rights to decrement do not add up']);
    const poor = [
      {
        ...counter,
        holders: [
          { holder: berlin, down: 7, up: 0 },
          { holder: lagos, down: -2, up: 0 },
        ],
      },
    ];
    expect(messages(recordOf([stocked], 5, {}, poor))).toEqual(['somebody holds less than no rights']);
    const wide = [{ path: '/level', value: 1, min: -40, max: 40, holders: [{ holder: 'berlin', down: 41, up: 40 }] }];
    expect(messages(recordOf([stocked], 5, {}, wide))).toEqual(['rights to increment do not add up']);
  });
});

test('[SIM33] a part of a transaction is found, on the way and at the end', () => {
  const sound = recordOf([stocked], 5, { movedSamples: [{ timeMs: 3, region: 'berlin', moved: [2, -2, 0, 0] }] });
  expect(checkAtomicity(sound)).toEqual([]);
  const half = { ...sound, movedSamples: [{ timeMs: 3, region: 'berlin', moved: [2, 0, 0, 0] }] };
  expect(checkAtomicity(half).map(({ message }) => message)).toEqual(['a region showed a part of a transaction']);
  const [dump] = sound.finalDumps;
  if (dump === undefined) throw new Error('the record has a final dump');
  const documents = new Map([[document, { digest: '', json: { moved: 3 } }]]);
  const kept = { ...sound, finalDumps: [{ ...dump, documents }] };
  expect(checkAtomicity(kept).map(({ message }) => message)).toEqual(['a transaction was kept in part']);
});
