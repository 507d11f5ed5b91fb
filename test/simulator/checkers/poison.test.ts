import { expect, test } from 'vitest';
import type { HostileAttempt, LoggedOpDump, RegionDump, RunRecord } from '../history.ts';
import { checkPoison } from './poison.ts';

const noise = Uint8Array.from({ length: 12 }, (_, at) => at);

function record(attempt: Partial<HostileAttempt>, logged: readonly Uint8Array[] = []): RunRecord {
  const origin = 'berlin.00000000000a';
  const ops = logged.map((update, at): LoggedOpDump => {
    const hashes = { opHash: '', chainHash: '', hlc: { ms: 0, counter: 0 }, bytes: new Uint8Array() };
    return { origin, seq: at + 1, dependencies: [], writes: [{ document: 'notes/n', library: 'yjs', update }], ...hashes };
  });
  const held = { version: {}, logs: new Map([[origin, ops]]), documents: new Map(), quarantinedOrigins: [] };
  const dump: RegionDump = { region: 'berlin', timeMs: 9, origin, ...held };
  const sent = { timeMs: 1, region: 'berlin', kind: 'noise', document: 'notes/n', update: noise, code: 'update_invalid' };
  return { seed: 1, history: [], regionEvents: [], dumps: [], finalDumps: [dump], hostileAttempts: [{ ...sent, ...attempt }] };
}

const messages = (run: RunRecord): string[] => checkPoison(run).map(({ message }) => message);

test('[SIM36] what a stranger sent and a region took, let pass in silence or called its own defect is found', () => {
  expect(messages(record({}))).toEqual([]);
  expect(messages(record({ code: undefined }))).toEqual([]);
  for (const code of ['taken', 'silence', 'internal_error', '']) {
    expect(messages(record({ code })), code).toEqual(['what a stranger sent was not refused with a code of its own']);
  }
});

test('[SIM36] a log that holds what a stranger sent, or a part of it, is found', () => {
  expect(messages(record({}, [Uint8Array.of(1, 2, 3)]))).toEqual([]);
  for (const held of [noise, Buffer.from('some poison in it')]) {
    expect(messages(record({}, [held]))).toEqual(['a log holds what a stranger sent']);
  }
});
