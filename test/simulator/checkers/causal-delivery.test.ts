import { test } from 'vitest';
import type { LoggedOpDump, RegionDump } from '../history.ts';
import { checkCausalDelivery } from './causal-delivery.ts';
import { CausalHistory } from './causal-history.ts';
import { allOps, expectFound, logOf, rewritten, some, steadyRecord, withFinal, withHistory, withLog } from './testing/altered-record.ts';

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

test('[SIM25] an op that conceals a part of what it had seen is found', () => {
  const causal = new CausalHistory(steadyRecord.finalDumps[0]?.logs ?? new Map());
  /** Whether one dependency of the op had seen what the op itself had not before: then the op must name that too. */
  const implies = (op: LoggedOpDump, [via, seq]: [string, number], [other]: [string, number]): boolean =>
    other !== via && causal.seenOf({ origin: via, seq }, other) > causal.seenOf({ origin: op.origin, seq: op.seq - 1 }, other);
  const pairs = allOps(steadyRecord).flatMap((op) =>
    op.dependencies.flatMap((via) =>
      op.dependencies.map((other) => ({ op, via: [...via] as [string, number], other: [...other] as [string, number] })),
    ),
  );
  const { op: indirect, other } = some(pairs, (pair) => implies(pair.op, pair.via, pair.other));
  const dependencies = indirect.dependencies.filter(([origin]) => origin !== other[0]);
  const log = rewritten(logOf(steadyRecord, indirect.origin), indirect.seq, { dependencies });
  const after = withFinal(steadyRecord, (dump) => withLog(dump, indirect.origin, log));
  expectFound(checkCausalDelivery, 'an op names what it had seen, and not all that this had seen', { after });
});
