// A run as checkers look at it: attempts instead of single events, the logs of all regions as one causal history, ops by
// idempotency key. Built once for a record and shared by all checkers of it.

import { assert } from '@anabranch/base';
import type { HistoryEvent, LoggedOpDump, RegionDump, RunRecord } from '../history.ts';
import { CausalHistory } from './causal-history.ts';
import { Losses } from './losses.ts';

/** One operation of a client: what it asked, and what it was told if it was told anything. */
export interface Attempt {
  readonly invoke: HistoryEvent;
  readonly completion: HistoryEvent | undefined;
}

export class RunIndex {
  readonly record: RunRecord;
  readonly attempts: readonly Attempt[];
  readonly losses: Losses;
  /** The final logs of all regions as one: of each origin the longest that any region holds. */
  readonly causal: CausalHistory;
  readonly attemptsByKey: ReadonlyMap<string, readonly Attempt[]>;
  readonly opsByKey: ReadonlyMap<string, readonly LoggedOpDump[]>;
  readonly plantedOrigins: ReadonlySet<string>;

  constructor(record: RunRecord) {
    this.record = record;
    this.attempts = pairAttempts(record.history);
    this.losses = new Losses(record.regionEvents);
    this.causal = new CausalHistory(longestLogs(record.finalDumps));
    this.attemptsByKey = grouped(this.attempts, ({ invoke }) => invoke.key);
    this.opsByKey = grouped([...this.causal.logs.values()].flat(), (op) => op.key);
    this.plantedOrigins = new Set(record.plantedEquivocations ?? []);
    for (const { completion } of this.attempts) {
      const opId = completion?.type === 'ok' ? completion.answer?.opId : undefined;
      if (completion === undefined || opId === undefined || completion.key === undefined) continue;
      if (this.causal.op(opId)?.key === completion.key) this.losses.prove(opId, completion.timeMs);
    }
  }
}

const built = new WeakMap<RunRecord, RunIndex>();

export function indexOf(record: RunRecord): RunIndex {
  const known = built.get(record);
  if (known !== undefined) return known;
  const fresh = new RunIndex(record);
  built.set(record, fresh);
  return fresh;
}

function pairAttempts(history: readonly HistoryEvent[]): Attempt[] {
  const completions = new Map<HistoryEvent, HistoryEvent>();
  const invokes: HistoryEvent[] = [];
  const pending = new Map<string, HistoryEvent>();
  for (const event of history) {
    const begun = pending.get(event.process);
    if (event.type === 'invoke') {
      assert(begun === undefined, () => `process ${event.process} has one operation at a time (event ${event.index})`);
      pending.set(event.process, event);
      invokes.push(event);
      continue;
    }
    assert(begun !== undefined, () => `event ${event.index} completes an operation that was invoked`);
    completions.set(begun, event);
    pending.delete(event.process);
  }
  return invokes.map((invoke) => ({ invoke, completion: completions.get(invoke) }));
}

function longestLogs(dumps: readonly RegionDump[]): Map<string, readonly LoggedOpDump[]> {
  const longest = new Map<string, readonly LoggedOpDump[]>();
  for (const { logs } of dumps) {
    for (const [origin, log] of logs ?? []) {
      if (log.length > (longest.get(origin)?.length ?? 0)) longest.set(origin, log);
    }
  }
  return longest;
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string | undefined): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    if (key === undefined) continue;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
