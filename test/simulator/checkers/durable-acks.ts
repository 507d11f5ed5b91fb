// Acknowledged edits are kept (C1): every `ok` edit is in the final log of every region, under the name it was
// acknowledged with and with its key. Only the disk that alone held an op may take it away, by going back in time.
//
//   lost = in no final log, and every region known to have held it lost it by a rollback or a wipe afterwards
//
// A region is known to have held an op when it acknowledged it, or when its vector covered it in an answer or a dump before
// the op's own region lost it (afterwards the same name may stand for another op).
//
// An edit that was only ever refused is in no log. One without an answer may be in the logs or not.

import type { HistoryEvent, RegionDump, RunRecord, Vector } from '../history.ts';
import type { OpName } from './causal-history.ts';
import { type Attempt, indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

interface Holding {
  readonly region: string;
  readonly timeMs: number;
}

export function checkDurableAcks(record: RunRecord): Violation[] {
  const findings = new Findings('durable-acks');
  const run = indexOf(record);
  for (const [key, attempts] of run.attemptsByKey) {
    const acks = attempts.flatMap(({ completion }) => (completion?.type === 'ok' ? [completion] : []));
    for (const ack of acks) checkAck(run, findings, ack);
    checkRefused(run, findings, key, attempts);
  }
  return findings.found;
}

function checkAck(run: RunIndex, findings: Findings, ack: HistoryEvent): void {
  const opId = ack.answer?.opId;
  if (opId === undefined) return;
  const holders = run.record.finalDumps.filter((dump) => isIn(dump, opId, ack.key));
  if (holders.length === run.record.finalDumps.length) return;
  const details = { key: ack.key, opId, region: ack.region, ackIndex: ack.index, document: ack.document };
  if (run.plantedOrigins.size > 0 && holders.length > 0) return;
  if (holders.length > 0) {
    const lacking = run.record.finalDumps.filter((dump) => !holders.includes(dump)).map((dump) => dump.region);
    findings.add('an acknowledged edit is missing in a region', { ...details, lacking });
    return;
  }
  const kept = [...holdingsOf(run, ack, opId)].find(({ region, timeMs }) => run.losses.lostAt(region, opId, timeMs) === undefined);
  if (kept !== undefined) findings.add('an acknowledged edit is lost', { ...details, heldBy: kept.region, heldAtMs: kept.timeMs });
}

function isIn(dump: RegionDump, { origin, seq }: OpName, key: string | undefined): boolean {
  const op = dump.logs?.get(origin)?.[seq - 1];
  return op !== undefined && op.seq === seq && op.key === key;
}

/** Where and when the op is known to have been durable. */
function* holdingsOf(run: RunIndex, ack: HistoryEvent, opId: OpName): Generator<Holding> {
  const attempts = run.attemptsByKey.get(ack.key ?? '') ?? [];
  for (const { completion } of attempts) {
    const named = completion?.answer?.opId;
    if (completion !== undefined && named?.origin === opId.origin && named.seq === opId.seq) yield completion;
  }
  const fromMs = Math.min(...attempts.map(({ invoke }) => invoke.timeMs));
  const untilMs = run.losses.lostAtHome(opId, fromMs) ?? Number.POSITIVE_INFINITY;
  // A rollback at home before the acknowledgement by another region: only the acknowledgement tells what it held.
  const covers = (vector: Vector, timeMs: number): boolean =>
    timeMs >= ack.timeMs && timeMs <= untilMs && (vector[opId.origin] ?? 0) >= opId.seq;
  for (const { region, timeMs, version } of run.record.dumps) if (covers(version, timeMs)) yield { region, timeMs };
  for (const { region, timeMs, answer } of run.record.history) {
    if (answer !== undefined && covers(answer.version, timeMs)) yield { region, timeMs };
  }
}

function checkRefused(run: RunIndex, findings: Findings, key: string, attempts: readonly Attempt[]): void {
  if (!attempts.every(({ completion }) => completion?.type === 'fail')) return;
  for (const { origin, seq } of run.opsByKey.get(key) ?? []) {
    findings.add('a refused edit is in the log', { key, opId: { origin, seq }, codes: attempts.map(({ completion }) => completion?.code) });
  }
}
