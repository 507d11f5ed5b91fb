import { expect, test } from 'vitest';
import type { LoggedOpDump, RegionDump, RunRecord } from '../history.ts';
import { checkSessionAcks } from './session-acks.ts';

const ack = { timeMs: 5, region: 'berlin', document: 'notes/n', origin: 'berlin.00000000000a', seq: 1 };

function op(document: string): LoggedOpDump {
  const writes = [{ document, library: 'yjs', update: new Uint8Array() }];
  const hashes = { opHash: '', chainHash: '', hlc: { ms: 0, counter: 0 }, bytes: new Uint8Array() };
  return { origin: ack.origin, seq: 1, dependencies: [], writes, ...hashes };
}

function dump(region: string, ops: readonly LoggedOpDump[]): RegionDump {
  const logs = new Map([[ack.origin, ops]]);
  return { region, timeMs: 9, origin: ack.origin, version: {}, logs, documents: new Map(), quarantinedOrigins: [] };
}

function record(dumps: readonly RegionDump[], more: Partial<RunRecord> = {}): RunRecord {
  return { seed: 1, history: [], regionEvents: [], dumps: [], finalDumps: dumps, sessionAcks: [ack], ...more };
}

test('[SIM10] an acknowledged update of a session that a region lacks is found, also when another op has its name', () => {
  const kept = dump('berlin', [op('notes/n')]);
  expect(checkSessionAcks(record([kept, dump('tokyo', [op('notes/n')])]))).toEqual([]);
  for (const lacking of [dump('tokyo', []), dump('tokyo', [op('notes/other')])]) {
    const [violation] = checkSessionAcks(record([kept, lacking]));
    expect(violation?.message).toBe('an acknowledged update of a session is missing');
    expect(violation?.details['lacking']).toEqual(['tokyo']);
  }
});

test('[SIM10] one that is gone everywhere is found, unless the disk that held it went back below it afterwards', () => {
  const gone = [dump('berlin', []), dump('tokyo', [])];
  const setback = (timeMs: number) => ({ timeMs, region: 'berlin', kind: 'rollback' as const, held: { [ack.origin]: 1 }, left: {} });
  expect(checkSessionAcks(record(gone)).length).toBe(1);
  expect(checkSessionAcks(record(gone, { regionEvents: [setback(1)] })).length).toBe(1);
  expect(checkSessionAcks(record(gone, { regionEvents: [setback(7)] }))).toEqual([]);
});
