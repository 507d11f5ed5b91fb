import { expect, test } from 'vitest';
import type { LoggedOpDump, RegionEvent, RunRecord } from '../history.ts';
import { checkLogIntegrity } from './log-integrity.ts';
import { regionOf } from './losses.ts';
import { allOps, expectFound, logOf, rewritten, some, steadyRecord, withFinal, withHistory, withLog } from './testing/altered-record.ts';

const op = some(allOps(steadyRecord), ({ seq }) => seq === 3);
const log = logOf(steadyRecord, op.origin);

function withOp(change: Partial<LoggedOpDump>, region: number | undefined): RunRecord {
  const altered = log.map((other) => (other.seq === op.seq ? { ...other, ...change } : other));
  return withFinal(steadyRecord, (dump, nth) => (nth === (region ?? nth) ? withLog(dump, op.origin, altered) : dump));
}

test('[SIM26] bytes that were altered are found, in all regions or in one', () => {
  const bytes = op.bytes.map((byte, at) => (at === 2 ? byte ^ 1 : byte));
  for (const region of [undefined, 0, 2]) {
    expectFound(checkLogIntegrity, 'the bytes of an op do not have its hash', { after: withOp({ bytes }, region) });
  }
});

test('[SIM26] a chain that does not follow from the ops is found', () => {
  for (const region of [undefined, 1]) {
    const after = withOp({ chainHash: some(allOps(steadyRecord), (other) => other !== op).chainHash }, region);
    expectFound(checkLogIntegrity, 'the hash chain of a log is broken', { after });
  }
});

test('[SIM26] a missing seq is found', () => {
  const gap = log.filter((other) => other !== op);
  const after = withFinal(steadyRecord, (dump) => withLog(dump, op.origin, gap));
  expectFound(checkLogIntegrity, 'the seqs of a log have a gap', { after });
});

test('[SIM26] a log shorter than its vector says is found, and one that was not dumped', () => {
  const after = withFinal(steadyRecord, (dump) => ({ ...withLog(dump, op.origin, log.slice(0, -1)), version: dump.version }));
  expectFound(checkLogIntegrity, 'a log is not as long as the vector says', { after });
  const undumped = withFinal(steadyRecord, ({ logs: _, ...dump }) => dump);
  expectFound(checkLogIntegrity, 'a final dump has no logs', { after: undumped });
});

test('[SIM27] another op under a name that another region knows is found, unless it was planted', () => {
  const second = rewritten(log, op.seq, { hlc: { ms: 1, counter: 1 } });
  const after = withFinal(steadyRecord, (dump, nth) => (nth === 1 ? withLog(dump, op.origin, second) : dump));
  expectFound(checkLogIntegrity, 'an (origin, seq) has two hashes', { after });
  expect(checkLogIntegrity({ ...after, plantedEquivocations: [op.origin] })).toEqual([]);
});

test('[SIM27] a seq that names two acknowledged edits is found, unless its first op was lost before it left', () => {
  const ack = some(steadyRecord.history, ({ type, answer }) => type === 'ok' && answer?.opId !== undefined);
  const opId = ack.answer?.opId ?? { origin: '', seq: 0 };
  const first = { ...ack, timeMs: ack.timeMs - 2, key: 'first', process: 'client-8' };
  const invoke = { ...first, type: 'invoke' as const };
  const reused = { ...steadyRecord, history: [invoke, first, ...steadyRecord.history] };
  expectFound(checkLogIntegrity, 'an (origin, seq) names two edits', { after: reused });
  const region = regionOf(opId.origin);
  const setback: RegionEvent = { timeMs: first.timeMs + 1, region, kind: 'rollback', held: {}, left: { [opId.origin]: opId.seq - 1 } };
  const excused = { ...reused, regionEvents: [...reused.regionEvents, setback] };
  expect(checkLogIntegrity(excused)).toEqual([]);
  const peer = some(steadyRecord.finalDumps, (dump) => dump.region !== region);
  const { logs: _, ...small } = { ...peer, timeMs: first.timeMs + 0.5, version: { [opId.origin]: opId.seq } };
  const known = { ...excused, dumps: [small, ...excused.dumps] };
  expectFound(checkLogIntegrity, 'an (origin, seq) names two edits', { after: known });
});

test('[SIM26] a region that holds less than before, though its disk did not go back, is found', () => {
  const [dump] = steadyRecord.finalDumps;
  if (dump === undefined) throw new Error('the record has dumps');
  const { logs: _, ...small } = dump;
  const earlier = { ...small, timeMs: dump.timeMs - 1, version: { ...dump.version, [op.origin]: log.length + 1 } };
  const after = { ...steadyRecord, dumps: [...steadyRecord.dumps, earlier] };
  expectFound(checkLogIntegrity, 'a region lost ops that its disk held', { after });
  const setback: RegionEvent = { timeMs: dump.timeMs - 0.5, region: dump.region, kind: 'wipe' };
  expect(checkLogIntegrity({ ...after, regionEvents: [...after.regionEvents, setback] })).toEqual([]);
});

test('[SIM27] the op that the log holds under an acknowledged name is the acknowledged one', () => {
  const ack = some(steadyRecord.history, ({ type, answer }) => type === 'ok' && answer?.opId !== undefined);
  const after = withHistory(steadyRecord, (event) => (event.key === ack.key ? { ...event, key: 'another' } : event));
  expectFound(checkLogIntegrity, 'an (origin, seq) names two edits', { after });
});
