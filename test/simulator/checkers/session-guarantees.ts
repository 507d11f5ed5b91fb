// What a session was promised (C3): with its token it reads its own writes, never an older state than before, and its
// writes come after its own earlier ones and after what it had read, in whichever region it goes on.
//
//   version   every answer covers what was presented
//   op        the op of an edit had seen what was presented: in every region it is shown after that
//   view      the view of an edit is what the model shows of all that its op had seen, and the op; the view of a read, or of
//             a repeated edit, is what the model shows of some causal cut between what the region must have shown (what was
//             presented, what it had covered in earlier answers) and what the answer says it covers
//
// Invariant: answers whose names a disk going back made doubtful are left to the other checkers (Losses.lastingPart).

import type { HistoryAnswer, HistoryEvent, RunRecord, Vector } from '../history.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { OpName } from './causal-history.ts';
import type { DocumentModel } from './document-model.ts';
import { modelsOf } from './document-models.ts';
import { indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

/** Views of answers compared with the model. */
const sampledAnswersMax = 100;
/** Cuts that a read is compared with; one that allows more is not judged. */
const cutsMax = 64;

interface Answered {
  readonly invoke: HistoryEvent;
  readonly completion: HistoryEvent;
  readonly answer: HistoryAnswer;
  /** What the region must show at least. */
  readonly atLeast: Vector;
}

export function checkSessionGuarantees(record: RunRecord): Violation[] {
  const findings = new Findings('session-guarantees');
  const run = indexOf(record);
  const answered = answeredOf(run);
  for (const each of answered) checkVersion(findings, each);
  checkOps(run, findings);
  const random = new SeededRandom(record.seed).fork('session-guarantees');
  const sampled = answered.filter(({ invoke }) => modelsOf(record).of(invoke.document) !== undefined);
  while (sampled.length > sampledAnswersMax) sampled.splice(random.below(sampled.length), 1);
  for (const each of sampled) checkView(run, findings, each);
  return findings.found;
}

function answeredOf(run: RunIndex): Answered[] {
  const atLeast = leastShown(run);
  const answered: Answered[] = [];
  for (const { invoke, completion } of run.attempts) {
    const answer = completion?.type === 'ok' ? completion.answer : undefined;
    if (completion === undefined || answer === undefined) continue;
    answered.push({ invoke, completion, answer, atLeast: atLeast.get(invoke) ?? {} });
  }
  return answered;
}

/** For each request: what was presented with it, and what its region had covered in answers before. */
function leastShown(run: RunIndex): Map<HistoryEvent, Vector> {
  const least = new Map<HistoryEvent, Vector>();
  const covered = new Map<string, { version: Vector; timeMs: number }>();
  for (const event of run.record.history) {
    const { region, timeMs, answer, presented = {} } = event;
    const before = covered.get(region);
    const isKept = before !== undefined && !run.losses.hasSetback(region, before.timeMs, timeMs);
    const version = isKept ? before.version : {};
    if (event.type === 'invoke') least.set(event, merged(version, presented));
    if (answer !== undefined) covered.set(region, { version: merged(version, answer.version), timeMs });
  }
  return least;
}

/** The least upper bound; one of the two itself when it covers the other, as is mostly so. */
function merged(a: Vector, b: Vector): Vector {
  const more = Object.keys(b).filter((origin) => (b[origin] ?? 0) > (a[origin] ?? 0));
  if (more.length === 0) return a;
  if (Object.keys(a).every((origin) => (a[origin] ?? 0) <= (b[origin] ?? 0))) return b;
  return { ...a, ...Object.fromEntries(more.map((origin) => [origin, b[origin] ?? 0])) };
}

function checkVersion(findings: Findings, { invoke, completion, answer }: Answered): void {
  const presented = invoke.presented ?? {};
  const stale = Object.keys(presented).find((origin) => (answer.version[origin] ?? 0) < (presented[origin] ?? 0));
  if (stale === undefined) return;
  const { session, region, document } = invoke;
  const details = { session, region, document, index: completion.index, presented, version: answer.version, origin: stale };
  findings.add('an answer is older than what its session had seen', details);
}

/** An op in the log had seen what was presented with one of the requests that its region took it from. */
function checkOps(run: RunIndex, findings: Findings): void {
  for (const [key, ops] of run.opsByKey) {
    const attempts = run.attemptsByKey.get(key) ?? [];
    for (const op of ops) {
      const asked = attempts.filter(({ invoke }) => op.origin.startsWith(`${invoke.region}.`));
      if (asked.length === 0 || asked.some(({ invoke }) => hadSeen(run, op, invoke.presented ?? {}))) continue;
      const details = { key, opId: { origin: op.origin, seq: op.seq }, presented: asked.map(({ invoke }) => invoke.presented) };
      findings.add('an edit was made without what its session had seen', details);
    }
  }
}

function hadSeen(run: RunIndex, op: OpName, presented: Vector): boolean {
  return Object.entries(presented).every(([origin, seq]) => run.causal.seenOf(op, origin) >= seq);
}

function checkView(run: RunIndex, findings: Findings, answered: Answered): void {
  const { invoke, completion, answer } = answered;
  const model = modelsOf(run.record).of(invoke.document);
  if (model?.isModelled !== true || run.losses.lastingPart(answer.version, completion.timeMs) !== answer.version) return;
  const { session, region, document } = invoke;
  const details = { session, region, document, index: completion.index, shown: answer.json, version: answer.version };
  const { opId } = answer;
  if (invoke.f === 'edit' && opId !== undefined && answer.isReplay !== true) {
    if (run.causal.op(opId)?.key !== invoke.key) return;
    const seen = (origin: string): number => (origin === opId.origin ? opId.seq : run.causal.seenOf(opId, origin));
    const problem = model.problemOf(answer.json, seen);
    if (problem !== undefined)
      findings.add('the answer to an edit does not show the edit on what it had seen', { ...details, opId, problem });
    return;
  }
  const cuts = cutsBetween(run, model, answered);
  if (cuts === undefined || cuts.some((cut) => model.problem(answer.json, cut) === undefined)) return;
  const problem = model.problem(answer.json, answer.version);
  findings.add('an answer shows no state between what had to be shown and what it covers', {
    ...details,
    atLeast: answered.atLeast,
    problem,
  });
}

/** The causal cuts of the document between what must be shown and what the answer covers, the newest first. */
function cutsBetween(run: RunIndex, model: DocumentModel, { atLeast, answer }: Answered): Vector[] | undefined {
  let cuts: Record<string, number>[] = [{}];
  for (const origin of model.origins) {
    const least = model.opsUpTo(origin, atLeast[origin] ?? 0).length;
    const all = model.opsUpTo(origin, answer.version[origin] ?? 0);
    const seqs = [
      ...all
        .slice(least)
        .map(({ op }) => op.seq)
        .reverse(),
      all[least - 1]?.op.seq ?? 0,
    ];
    if (cuts.length * seqs.length > 16 * cutsMax) return undefined;
    cuts = cuts.flatMap((cut) => seqs.map((seq) => ({ ...cut, [origin]: seq })));
  }
  const closed = cuts.filter((cut) => isClosed(run, model, cut));
  return closed.length > cutsMax ? undefined : closed;
}

/** Whether no op on the document in the cut had seen another one on it that is not. */
function isClosed(run: RunIndex, model: DocumentModel, cut: Vector): boolean {
  return Object.entries(cut).every(([origin, seq]) => {
    if (seq === 0) return true;
    return [...model.origins].every((other) => {
      const needed = model.opsUpTo(other, other === origin ? seq : run.causal.seenOf({ origin, seq }, other)).at(-1)?.op.seq ?? 0;
      return needed <= (cut[other] ?? 0);
    });
  });
}
