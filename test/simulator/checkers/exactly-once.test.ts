import { expect, test } from 'vitest';
import type { LoggedOpDump, RegionEvent, RunRecord } from '../history.ts';
import { checkExactlyOnce } from './exactly-once.ts';
import { regionOf } from './losses.ts';
import { allOps, expectFound, logOf, some, steadyRecord, withFinal, withHistory, withLog } from './testing/altered-record.ts';
import { logged } from './testing/generated-region.ts';

const op = some(
  allOps(steadyRecord),
  ({ key, writes }) => writes.length > 0 && steadyRecord.history.filter((event) => event.key === key).length === 2,
);

/** The edit of `op` logged once more by `origin`, which had seen `dependencies`. */
function repeated(origin: string, dependencies: LoggedOpDump['dependencies'], record: RunRecord = steadyRecord): RunRecord {
  const log = logOf(record, origin);
  const again = logged({ ...op, origin, seq: log.length + 1, dependencies }, log.at(-1));
  return withFinal(record, (dump) => withLog(dump, origin, [...log, again]));
}

const elsewhere = some(steadyRecord.finalDumps, (dump) => dump.region !== regionOf(op.origin)).origin;
const freshEpoch = `${regionOf(op.origin)}.${'f'.repeat(12)}`;

/** As if the edit's request had been sent to another region as well, and its answer lost. */
function alsoSent(region: string): RunRecord {
  const invoke = some(steadyRecord.history, (event) => event.key === op.key && event.type === 'invoke');
  const index = steadyRecord.history.length;
  const sent = { ...invoke, region, process: 'client-9', timeMs: invoke.timeMs + 1 };
  return {
    ...steadyRecord,
    history: [...steadyRecord.history, { ...sent, index }, { ...sent, index: index + 1, type: 'info', code: 'timeout' }],
  };
}

test('[SIM24] a key logged twice by one region is found', () => {
  expectFound(checkExactlyOnce, 'an edit was applied again by a region that knew it', { after: repeated(op.origin, []) });
});

test('[SIM24] a key logged in another region that knew it is found', () => {
  const after = repeated(elsewhere, [[op.origin, op.seq]], alsoSent(regionOf(elsewhere)));
  expectFound(checkExactlyOnce, 'an edit was applied again by a region that knew it', { after });
});

test('[SIM24] two regions that had not heard of each other may both apply an edit that was sent to both', () => {
  const log = logOf(steadyRecord, elsewhere);
  const independent = log.findIndex((other) => other.dependencies.some(([origin, seq]) => origin === op.origin && seq >= op.seq));
  const sent = alsoSent(regionOf(elsewhere));
  const early = withFinal(sent, (dump) => withLog(dump, elsewhere, log.slice(0, Math.max(0, independent))));
  expect(checkExactlyOnce(repeated(elsewhere, [], early))).toEqual([]);
  expectFound(checkExactlyOnce, 'an edit is in the log of a region that was never asked for it', { after: repeated(elsewhere, []) });
});

test('[SIM24] one region applies an edit twice only when its disk forgot the first', () => {
  const after = repeated(freshEpoch, []);
  expectFound(checkExactlyOnce, 'an edit was applied twice by one region whose disk kept everything', { after });
  const [from, to] = steadyRecord.history.filter((event) => event.key === op.key);
  const setback: RegionEvent = { timeMs: to?.timeMs ?? 0, region: regionOf(op.origin), kind: 'rollback', held: {}, left: {} };
  const again = { ...alsoSent(regionOf(op.origin)), regionEvents: [{ ...setback, timeMs: (from?.timeMs ?? 0) + 0.5 }] };
  expect(checkExactlyOnce(repeated(freshEpoch, [], again))).toEqual([]);
});

test('[SIM24] an op with a key that no client used is found', () => {
  const last = some(allOps(steadyRecord), ({ origin, seq }) => seq === logOf(steadyRecord, origin).length);
  const log = logOf(steadyRecord, last.origin).with(-1, { ...last, key: 'nobody' });
  const after = withFinal(steadyRecord, (dump) => withLog(dump, last.origin, log));
  expectFound(checkExactlyOnce, 'an edit is in the log of a region that was never asked for it', { after });
});

test('[SIM24] answers that say a key is known when it cannot be, or not what it stands for, are found', () => {
  const asReplay = withHistory(steadyRecord, (event) =>
    event.key === op.key && event.answer !== undefined ? { ...event, answer: { ...event.answer, isReplay: true } } : event,
  );
  expectFound(checkExactlyOnce, 'the first request with a key was answered as a repetition', { after: asReplay });
  const nameless = withHistory(asReplay, (event) => {
    if (event.key !== op.key || event.answer === undefined) return event;
    const { opId: _, ...answer } = event.answer;
    return { ...event, answer };
  });
  expectFound(checkExactlyOnce, 'an answer says that the key is known, and not which op it stands for', { after: nameless });
});
