// Acknowledged edits are kept (C1): every `ok` edit is in the final log of every region, under the name it was
// acknowledged with and with its key. Only the disk that alone held an op may take it away, by going back in time.
//
//   lost = in no final log, and every region known to have held it lost it by a rollback or a wipe afterwards
//
// A region is known to have held an op when it acknowledged it, or when its vector covered it in an answer or a dump before
// the op's own region lost it (afterwards the same name may stand for another op).
//
// An edit that was only ever refused is in no log. One without an answer may be in the logs or not.
//
// What a read shows is on the disk of its region in that moment: a crash does not take back what somebody has seen.

import type { HistoryEvent, ReadSample, RegionDump, RunRecord, Vector } from '../history.ts';
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
  for (const sample of record.readSamples ?? []) checkShown(findings, sample);
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
  for (const { region, timeMs } of holdingsOf(run, ack, opId)) {
    if (run.losses.lostAt(region, opId, timeMs) !== undefined) continue;
    findings.add('an acknowledged edit is lost', { ...details, heldBy: region, heldAtMs: timeMs });
    return;
  }
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
  // When another region acknowledged it after that, only the acknowledgements tell what was held.
  const isBetween = (timeMs: number): boolean => timeMs >= ack.timeMs && timeMs <= untilMs;
  const covers = (vector: Vector): boolean => (vector[opId.origin] ?? 0) >= opId.seq;
  for (const { region, timeMs, version } of run.record.dumps) if (isBetween(timeMs) && covers(version)) yield { region, timeMs };
  for (let at = ack.index + 1; at < run.record.history.length; at++) {
    const event = run.record.history[at];
    if (event === undefined || event.timeMs > untilMs) continue;
    if (event.answer !== undefined && covers(event.answer.version)) yield event;
  }
}

function checkRefused(run: RunIndex, findings: Findings, key: string, attempts: readonly Attempt[]): void {
  if (!attempts.every(({ completion }) => completion?.type === 'fail')) return;
  for (const { origin, seq } of run.opsByKey.get(key) ?? []) {
    findings.add('a refused edit is in the log', { key, opId: { origin, seq }, codes: attempts.map(({ completion }) => completion?.code) });
  }
}

function checkShown(findings: Findings, sample: ReadSample): void {
  const { version, durable } = sample;
  const origin = Object.keys(version).find((shown) => (durable[shown] ?? 0) < (version[shown] ?? 0));
  if (origin !== undefined) findings.add('a read shows what its region had not made durable', { ...sample, origin });
}
