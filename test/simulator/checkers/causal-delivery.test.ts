import { test } from 'vitest';
import type { LoggedOpDump, RegionDump, RunRecord } from '../history.ts';
import { checkCausalDelivery } from './causal-delivery.ts';
import { allOps, expectFound, some, steadyRecord, withFinal, withHistory } from './testing/altered-record.ts';
import { logged } from './testing/generated-region.ts';

const dependent = some(allOps(steadyRecord), ({ dependencies }) => dependencies.length > 0);
const [needed] = dependent.dependencies;
const [neededOrigin, neededSeq] = needed ?? ['', 0];

/** The op moved in the order of arrival to right before another. */
function moved(dump: RegionDump, op: { origin: string; seq: number }, before: { origin: string; seq: number }): RegionDump {
  const isAt = (at: { origin: string; seq: number }) => (other: { origin: string; seq: number }) =>
    other.origin === at.origin && other.seq === at.seq;
  const others = (dump.arrivals ?? []).filter((other) => !isAt(op)(other));
  const { origin, seq } = op;
  return { ...dump, arrivals: others.toSpliced(others.findIndex(isAt(before)), 0, { origin, seq }) };
}

test('[SIM25] an op that arrived before one it depends on is found', () => {
  const order = steadyRecord.finalDumps[0]?.arrivals ?? [];
  const place = (origin: string, seq: number): number => order.findIndex((op) => op.origin === origin && op.seq === seq);
  // Its predecessor came before what it depends on, so that only this is broken.
  const first = some(allOps(steadyRecord), (op) =>
    op.dependencies.some((dependency) => place(op.origin, op.seq - 1) < place(...dependency)),
  );
  const [origin, seq] = some(first.dependencies, (dependency) => place(first.origin, first.seq - 1) < place(...dependency));
  const after = withFinal(steadyRecord, (dump, nth) => (nth === 0 ? moved(dump, first, { origin, seq }) : dump));
  expectFound(checkCausalDelivery, 'an op arrived before one that it depends on', { after });
});

test('[SIM25] an op that arrived before its predecessor is found', () => {
  const later = some(allOps(steadyRecord), ({ seq, dependencies }) => seq > 1 && dependencies.length === 0);
  const after = withFinal(steadyRecord, (dump, nth) =>
    nth === 0 ? moved(dump, later, { origin: later.origin, seq: later.seq - 1 }) : dump,
  );
  expectFound(checkCausalDelivery, 'an op arrived out of the order of its origin', { after });
});

test('[SIM25] an op that never arrived and is said to be held is found', () => {
  const after = withFinal(steadyRecord, (dump, nth) => (nth === 0 ? { ...dump, arrivals: dump.arrivals?.slice(0, -1) ?? [] } : dump));
  expectFound(checkCausalDelivery, 'what arrived is not what the region says it holds', { after });
});

test('[SIM25] a moment at which a region held an op without its dependency is found', () => {
  const version = { [dependent.origin]: dependent.seq, [neededOrigin]: neededSeq - 1 };
  const dump = { ...some(steadyRecord.finalDumps), timeMs: 1, version };
  expectFound(checkCausalDelivery, 'a region showed an op before one that it depends on', { after: { ...steadyRecord, dumps: [dump] } });
});

test('[SIM25] an answer that covers an op and not its dependency is found', () => {
  const answered = some(steadyRecord.history, ({ answer }) => (answer?.version[dependent.origin] ?? 0) >= dependent.seq);
  const after = withHistory(steadyRecord, (event) =>
    event === answered && event.answer !== undefined
      ? { ...event, answer: { ...event.answer, version: { ...event.answer.version, [neededOrigin]: neededSeq - 1 } } }
      : event,
  );
  expectFound(checkCausalDelivery, 'a region showed an op before one that it depends on', { after });
});

/** Three regions, each writing once, having seen what it says. */
function told(c: LoggedOpDump['dependencies']): RunRecord {
  const [a, b] = ['berlin.000000000001', 'tokyo.000000000001'];
  const op = (origin: string, dependencies: LoggedOpDump['dependencies']): LoggedOpDump =>
    logged({ origin, seq: 1, hlc: { ms: 1, counter: 0 }, dependencies, writes: [] }, undefined);
  const ops = [op(a, []), op(b, [[a, 1]]), op('oslo.000000000001', c)];
  const logs = new Map(ops.map((each) => [each.origin, [each]]));
  const version = Object.fromEntries(ops.map(({ origin }) => [origin, 1]));
  const dump = { region: 'oslo', timeMs: 1, origin: '', version, logs, arrivals: ops, documents: new Map(), quarantinedOrigins: [] };
  return { seed: 1, history: [], regionEvents: [], dumps: [], finalDumps: [dump] };
}

test('[SIM25] an op that conceals a part of what it had seen is found', () => {
  const [a, b] = ['berlin.000000000001', 'tokyo.000000000001'] as const;
  const before = told([
    [a, 1],
    [b, 1],
  ]);
  expectFound(checkCausalDelivery, 'an op names what it had seen, and not all that this had seen', { before, after: told([[b, 1]]) });
});
