import { expect, test } from 'vitest';
import type { RegionDump, RegionEvent, RunRecord } from '../history.ts';
import { indexOf } from './run-index.ts';

const origin = 'berlin.000000000001';
const seen = { [origin]: 8 };

function setback(region: string, timeMs: number): RegionEvent {
  return { timeMs, region, kind: 'rollback', held: seen, left: { [origin]: 3 } };
}

/** A region that said at a moment that it held six ops of berlin. */
function told(region: string, timeMs: number, ...regionEvents: RegionEvent[]): RunRecord {
  const dump: RegionDump = { region, timeMs, origin: '', version: { [origin]: 6 }, documents: new Map(), quarantinedOrigins: [] };
  return { seed: 1, history: [], regionEvents, dumps: [dump], finalDumps: [] };
}

test('[SIM20] what another region held before, and kept, is not doubtful; what nobody else kept is', () => {
  const lasting = (record: RunRecord): number | undefined => indexOf(record).losses.lastingPart(seen, 50)[origin];
  expect(lasting(told('tokyo', 60, setback('berlin', 100)))).toBe(6);
  expect(lasting(told('berlin', 60, setback('berlin', 100)))).toBe(3);
  expect(lasting(told('tokyo', 101, setback('berlin', 100)))).toBe(3);
  expect(lasting(told('tokyo', 60, setback('berlin', 100), setback('tokyo', 90)))).toBe(3);
});
