// The logs are whole (C12) and a name stands for one op (C8):
//
//   sha256("anabranch-log-1" | origin), then sha256(chain before | bytes of the op): what each region stored as its chain
//   seqs from 1 without gaps, up to what the vector of the region says
//   one hash for each (origin, seq), in all regions and dumps; and one key, over all acknowledgements
//   a vector never goes back, unless its disk did
//
// Invariant: an (origin, seq) may be used again after its region's disk went back below it, if the first op had not left
//            the region (decision 0005). Nothing else may give a name a second op.

import { createHash } from 'node:crypto';
import type { HistoryEvent, LoggedOpDump, RegionDump, RunRecord } from '../history.ts';
import type { OpName } from './causal-history.ts';
import { regionOf } from './losses.ts';
import { indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

/** What was verified under a name already: other regions mostly hold the same. */
type Verified = Map<string, (LoggedOpDump | undefined)[]>;

export function checkLogIntegrity(record: RunRecord): Violation[] {
  const findings = new Findings('log-integrity');
  const run = indexOf(record);
  const verified: Verified = new Map();
  for (const dump of [...record.dumps, ...record.finalDumps]) checkLogs(run, findings, dump, verified);
  for (const dump of record.finalDumps) if (dump.logs === undefined) findings.add('a final dump has no logs', { region: dump.region });
  checkAcknowledgedNames(run, findings);
  checkVectorsRise(run, findings);
  return findings.found;
}

function checkLogs(run: RunIndex, findings: Findings, dump: RegionDump, verified: Verified): void {
  if (dump.logs === undefined) return;
  for (const origin of new Set([...dump.logs.keys(), ...Object.keys(dump.version)])) {
    const log = dump.logs.get(origin) ?? [];
    const at = { region: dump.region, timeMs: dump.timeMs, origin };
    if (log.length !== (dump.version[origin] ?? 0)) {
      findings.add('a log is not as long as the vector says', { ...at, length: log.length, version: dump.version[origin] ?? 0 });
    }
    const problem = checkChain(run, origin, log, verified);
    if (problem !== undefined) findings.add(problem.message, { ...at, seq: problem.seq });
  }
}

function checkChain(
  run: RunIndex,
  origin: string,
  log: readonly LoggedOpDump[],
  verified: Verified,
): { message: string; seq: number } | undefined {
  const known = verified.get(origin) ?? [];
  verified.set(origin, known);
  let previous: Buffer | undefined;
  let isAsKnown = true;
  for (const [before, op] of log.entries()) {
    const seq = before + 1;
    if (op.seq !== seq || op.origin !== origin) return { message: 'the seqs of a log have a gap', seq };
    const earlier = known[before];
    if (earlier !== undefined && earlier.opHash !== op.opHash && !run.plantedOrigins.has(origin)) {
      return { message: 'an (origin, seq) has two hashes', seq };
    }
    isAsKnown &&= earlier !== undefined && isSame(earlier, op);
    if (isAsKnown) continue;
    const opHash = sha256(op.bytes);
    if (opHash.toString('hex') !== op.opHash) return { message: 'the bytes of an op do not have its hash', seq };
    previous ??= before === 0 ? sha256(Buffer.from(`anabranch-log-1${origin}`)) : Buffer.from(log[before - 1]?.chainHash ?? '', 'hex');
    previous = sha256(previous, op.bytes);
    if (previous.toString('hex') !== op.chainHash) return { message: 'the hash chain of a log is broken', seq };
    known[before] ??= op;
  }
  return undefined;
}

function isSame(a: LoggedOpDump, b: LoggedOpDump): boolean {
  return a === b || (a.chainHash === b.chainHash && Buffer.compare(a.bytes, b.bytes) === 0);
}

function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** Two edits that were acknowledged under one name, or one that the logs now hold another edit for. */
function checkAcknowledgedNames(run: RunIndex, findings: Findings): void {
  for (const [opId, acks] of acksByName(run)) {
    const [first] = acks;
    if (first === undefined) continue;
    const logged = run.causal.op(opId);
    const other = acks.find((ack) => ack.key !== first.key);
    const isOtherLogged = logged !== undefined && logged.key !== first.key;
    if (other === undefined && !isOtherLogged) continue;
    if (mayBeReused(run, opId, first.timeMs, other?.timeMs ?? Number.POSITIVE_INFINITY)) continue;
    findings.add('an (origin, seq) names two edits', { opId, keys: [first.key, other?.key ?? logged?.key], ackIndex: first.index });
  }
}

function acksByName(run: RunIndex): Iterable<[OpName, HistoryEvent[]]> {
  const byName = new Map<string, [OpName, HistoryEvent[]]>();
  for (const { completion } of run.attempts) {
    const opId = completion?.type === 'ok' ? completion.answer?.opId : undefined;
    if (completion === undefined || opId === undefined) continue;
    const name = `${opId.origin} ${opId.seq}`;
    const known = byName.get(name);
    if (known === undefined) byName.set(name, [opId, [completion]]);
    else known[1].push(completion);
  }
  return byName.values();
}

function mayBeReused(run: RunIndex, opId: OpName, fromMs: number, untilMs: number): boolean {
  const lostAtMs = run.losses.lostAtHome(opId, fromMs);
  if (lostAtMs === undefined || lostAtMs > untilMs) return false;
  const home = regionOf(opId.origin);
  const hadLeft = run.record.dumps.some(
    ({ region, timeMs, version }) =>
      region !== home &&
      timeMs >= fromMs &&
      timeMs <= lostAtMs &&
      (version[opId.origin] ?? 0) >= opId.seq &&
      run.losses.lostAt(region, opId, timeMs) === undefined,
  );
  return !hadLeft;
}

function checkVectorsRise(run: RunIndex, findings: Findings): void {
  const newest = new Map<string, RegionDump>();
  for (const dump of [...run.record.dumps, ...run.record.finalDumps]) {
    const { region, timeMs, version } = dump;
    const before = newest.get(region);
    newest.set(region, dump);
    if (before === undefined || run.losses.hasSetback(region, before.timeMs, timeMs)) continue;
    const fallen = Object.keys(before.version).find((origin) => (version[origin] ?? 0) < (before.version[origin] ?? 0));
    if (fallen === undefined) continue;
    findings.add('a region lost ops that its disk held', {
      region,
      origin: fallen,
      before: before.version,
      beforeMs: before.timeMs,
      version,
      timeMs,
    });
  }
}
