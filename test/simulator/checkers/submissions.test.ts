import { expect, test } from 'vitest';
import { countPathOf, type DeviceSubmission } from '../device/device-history.ts';
import type { RegionDump, RegionEvent, RunRecord } from '../history.ts';
import { checkSubmissions } from './submissions.ts';

const origin = 'berlin.00000000000a';
const mark = 'device-0-s1';
const documents = ['depots/d0', 'depots/d1'];
const writes = documents.map((document) => ({ document, ops: [{ op: 'increment', path: countPathOf(mark), by: 1 } as const] }));

const submission = (more: Partial<DeviceSubmission>): DeviceSubmission => ({
  ...{ device: 'device-0', mark, timeMs: 3, writes, outcome: 'unknown', toldMs: 5, opId: undefined, code: undefined, isBound: false },
  ...more,
});
const done = submission({ outcome: 'done', opId: `${origin}:4` });
const refused = submission({ outcome: 'refused', code: 'insufficient_rights' });

/** The regions at the end, of which the depots show these counts. */
function dump(region: string, counts: readonly number[]): RegionDump {
  const views = counts.map((left) => ({ digest: '', json: left === 0 ? { items: {} } : { items: { [mark]: { left } } } }));
  const held = new Map(documents.map((document, at) => [document, views[at] ?? { digest: '', json: {} }]));
  return { region, timeMs: 99, origin, version: {}, documents: held, quarantinedOrigins: [] };
}

function messages(made: DeviceSubmission, counts: readonly number[], regionEvents: readonly RegionEvent[] = []): string[] {
  const finalDumps = [dump('berlin', counts)];
  const record: RunRecord = { seed: 1, history: [], dumps: [], regionEvents, finalDumps, deviceSubmissions: [made] };
  return checkSubmissions(record).map(({ message }) => message);
}

const setBack = (timeMs: number, left: number): RegionEvent => ({
  ...{ timeMs, region: 'berlin', kind: 'rollback', held: { [origin]: 9 }, left: { [origin]: left } },
});

test('[SIM37] submissions that took effect as their devices were told keep their promises', () => {
  expect(messages(done, [1, 1])).toEqual([]);
  expect(messages(refused, [0, 0])).toEqual([]);
  for (const counts of [
    [0, 0],
    [1, 1],
  ]) {
    expect(messages(submission({}), counts)).toEqual([]);
  }
});

test('[SIM37] one that was done and is not there is found, unless the disk of its region went back below it', () => {
  const found = ['a submission that was done is not there'];
  expect(messages(done, [0, 0])).toEqual(found);
  expect(messages(done, [0, 0], [setBack(4, 3)])).toEqual(found);
  expect(messages(done, [0, 0], [setBack(6, 4)])).toEqual(found);
  expect(messages(done, [0, 0], [setBack(6, 3)])).toEqual([]);
});

test('[SIM37] one that took effect twice, in part, or though it was refused is found', () => {
  for (const made of [done, submission({})]) {
    expect(messages(made, [2, 2])).toEqual(['a submission took effect more than once']);
    expect(messages(made, [1, 0])).toEqual(['a submission took effect in part']);
    expect(messages(made, [2, 2], [setBack(4, 3)])).toEqual([]);
  }
  expect(messages(refused, [1, 1])).toEqual(['a submission that was refused is there']);
});

test('[SIM37] a refusal without a cause is found', () => {
  expect(messages(submission({ outcome: 'refused', code: 'op_invalid' }), [0, 0])).toEqual(['a sound submission was refused']);
  expect(messages(submission({ outcome: 'refused', code: 'region_unreachable' }), [0, 0])).toEqual([]);
  const damaged = { outcome: 'refused', code: 'record_damaged' } as const;
  expect(messages(submission(damaged), [0, 0])).toEqual(['a sound submission was refused']);
  expect(messages(submission({ ...damaged, isBound: true }), [0, 0])).toEqual([]);
});
