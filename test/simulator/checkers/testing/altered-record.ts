// Sound records with one thing put wrong, for the tests that show what each checker finds.

import { expect } from 'vitest';
import type { HistoryEvent, LoggedOpDump, RegionDump, RunRecord } from '../../history.ts';
import type { Violation } from '../violation.ts';
import { logged } from './generated-region.ts';
import { soundRecord } from './sound-record.ts';

/** Three regions, and nothing lost: what is missing in it was taken out. */
export const steadyRecord: RunRecord = soundRecord(7, { regions: 3, steps: 200, hasSetbacks: false });

type Checker = (record: RunRecord) => Violation[];

/** The checker finds it, with this message, and found nothing before. */
export function expectFound(
  check: Checker,
  message: string,
  { before = steadyRecord, after }: { before?: RunRecord; after: RunRecord },
): void {
  expect(check(before)).toEqual([]);
  expect(check(after).map((violation) => violation.message)).toContain(message);
}

export function some<T>(items: Iterable<T>, isWanted: (item: T) => boolean = () => true): T {
  for (const item of items) if (isWanted(item)) return item;
  throw new Error('the record holds nothing of the kind that is to be altered');
}

export function withFinal(record: RunRecord, alter: (dump: RegionDump, nth: number) => RegionDump): RunRecord {
  return { ...record, finalDumps: record.finalDumps.map(alter) };
}

export function withHistory(record: RunRecord, alter: (event: HistoryEvent) => HistoryEvent): RunRecord {
  return { ...record, history: record.history.map(alter) };
}

/** The dump with other ops in the log of an origin, and vector and arrivals that say the same. */
export function withLog(dump: RegionDump, origin: string, log: readonly LoggedOpDump[]): RegionDump {
  const arrivals = (dump.arrivals ?? []).filter((op) => op.origin !== origin || op.seq <= log.length);
  const held = arrivals.filter((op) => op.origin === origin).length;
  const added = log.slice(held).map(({ seq }) => ({ origin, seq }));
  const logs = new Map(dump.logs).set(origin, log);
  return { ...dump, logs, version: { ...dump.version, [origin]: log.length }, arrivals: [...arrivals, ...added] };
}

/** The log with its op replaced, and everything after it chained anew: as if its origin had always said so. */
export function rewritten(log: readonly LoggedOpDump[], seq: number, change: Partial<LoggedOpDump>): LoggedOpDump[] {
  const chained: LoggedOpDump[] = [];
  for (const op of log) chained.push(op.seq < seq ? op : logged(op.seq === seq ? { ...op, ...change } : op, chained.at(-1)));
  return chained;
}

export function logOf(record: RunRecord, origin: string): readonly LoggedOpDump[] {
  return record.finalDumps[0]?.logs?.get(origin) ?? [];
}

export function allOps(record: RunRecord): LoggedOpDump[] {
  return [...(record.finalDumps[0]?.logs?.values() ?? [])].flat();
}

/** The newest op of an origin, if it was acknowledged: it can go without leaving a gap. */
export function acknowledgedLast(record: RunRecord): HistoryEvent & { answer: NonNullable<HistoryEvent['answer']> } {
  const ack = some(record.history, ({ type, answer }) => {
    const opId = answer?.opId;
    return type === 'ok' && opId !== undefined && opId.seq === logOf(record, opId.origin).length;
  });
  if (ack.answer === undefined) throw new Error('an acknowledgement has an answer');
  return { ...ack, answer: ack.answer };
}
