import { expect, test } from 'vitest';
import type { RegionEvent, RunRecord, Vector } from '../history.ts';
import { checkDurableAcks } from './durable-acks.ts';
import { regionOf } from './losses.ts';
import {
  acknowledgedLast,
  allOps,
  expectFound,
  logOf,
  some,
  steadyRecord,
  withFinal,
  withHistory,
  withLog,
} from './testing/altered-record.ts';

const ack = acknowledgedLast(steadyRecord);
const { origin, seq } = ack.answer.opId ?? { origin: '', seq: 0 };
const shortened = logOf(steadyRecord, origin).slice(0, -1);
const lost = withFinal(steadyRecord, (dump) => withLog(dump, origin, shortened));

function withSetback(record: RunRecord, event: Partial<RegionEvent>): RunRecord {
  const held = { [origin]: seq };
  const setback: RegionEvent = {
    timeMs: ack.timeMs + 0.5,
    region: regionOf(origin),
    kind: 'rollback',
    held,
    left: { [origin]: seq - 1 },
    ...event,
  };
  return { ...record, regionEvents: [...record.regionEvents, setback] };
}

/** As if nobody had said after the acknowledgement that the op was held. */
function untold(record: RunRecord): RunRecord {
  const before = (version: Vector): Vector => ({ ...version, [origin]: Math.min(version[origin] ?? 0, seq - 1) });
  return {
    ...withHistory(record, (event) => {
      if (event.index === ack.index || event.answer === undefined) return event;
      return { ...event, answer: { ...event.answer, version: before(event.answer.version) } };
    }),
    dumps: record.dumps.map((dump) => ({ ...dump, version: before(dump.version) })),
  };
}

test('[SIM21] an acknowledged edit that no region holds at the end is found', () => {
  expectFound(checkDurableAcks, 'an acknowledged edit is lost', { after: lost });
});

test('[SIM21] an acknowledged edit that one region lacks is found', () => {
  const after = withFinal(steadyRecord, (dump, nth) => (nth === 1 ? withLog(dump, origin, shortened) : dump));
  expectFound(checkDurableAcks, 'an acknowledged edit is missing in a region', { after });
});

test('[SIM21] an acknowledged edit in whose place another one is logged is found', () => {
  const log = logOf(steadyRecord, origin).map((op) => (op.seq === seq ? { ...op, key: 'another' } : op));
  const after = withFinal(steadyRecord, (dump) => withLog(dump, origin, log));
  expectFound(checkDurableAcks, 'an acknowledged edit is lost', { after });
});

test('[SIM21] only the disk that alone held an op excuses its loss', () => {
  expect(checkDurableAcks(untold(withSetback(lost, {})))).toEqual([]);
  const excuses: Record<string, RunRecord> = {
    'the disk kept the op when it went back': untold(withSetback(lost, { left: { [origin]: seq } })),
    'the disk went back before the op was acknowledged': untold(withSetback(lost, { timeMs: ack.timeMs - 1 })),
    'the disk of another region went back': untold(
      withSetback(lost, { region: some(steadyRecord.finalDumps, (dump) => dump.region !== regionOf(origin)).region }),
    ),
  };
  for (const [excuse, record] of Object.entries(excuses)) expect(checkDurableAcks(record), excuse).toHaveLength(1);
});

test('[SIM21] a peer that held the op before its own region lost it must still have it', () => {
  const peer = some(steadyRecord.finalDumps, (dump) => dump.region !== regionOf(origin));
  const told = { ...peer, timeMs: ack.timeMs + 0.25, version: { [origin]: seq } };
  const after = untold(withSetback(lost, {}));
  expectFound(checkDurableAcks, 'an acknowledged edit is lost', { after: { ...after, dumps: [...after.dumps, told] } });
  const both = withSetback({ ...after, dumps: [...after.dumps, told] }, { region: peer.region, timeMs: ack.timeMs + 9, left: {} });
  expect(checkDurableAcks(both)).toEqual([]);
});

test('[SIM21] a refused edit in the log is found', () => {
  const op = some(allOps(steadyRecord));
  const after = withHistory(steadyRecord, (event) => {
    if (event.key !== op.key || event.type === 'invoke') return event;
    const { answer: _, ...rest } = event;
    return { ...rest, type: 'fail', code: 'overloaded' };
  });
  expectFound(checkDurableAcks, 'a refused edit is in the log', { after });
});

test('[SIM21] a read that shows what is not on the disk of its region is found', () => {
  const sample = { timeMs: 1, region: 'berlin', document: 'carts/a', version: { 'berlin.1': 4, 'tokyo.1': 2 } };
  const sampled = (durable: Vector): RunRecord => ({ ...steadyRecord, readSamples: [{ ...sample, durable }] });
  const held = sampled({ 'berlin.1': 4, 'tokyo.1': 3 });
  expectFound(checkDurableAcks, 'a read shows what its region had not made durable', {
    before: held,
    after: sampled({ 'berlin.1': 3, 'tokyo.1': 3 }),
  });
  expectFound(checkDurableAcks, 'a read shows what its region had not made durable', { before: held, after: sampled({ 'berlin.1': 4 }) });
});
