// Bounded counters never leave their bounds (G9), and rights add up: for what regions show, for every causal cut of the logs
// that could be the worst, and for who holds which rights.
//
//   shown    every answer and every dump shows a value within the bounds
//   cuts     the causal past of each change, and of the first k changes in one direction for every k, gives a value within the
//            bounds: an observer may have received just that
//   rights   the rights to decrement add up to value - min, those to increment to max - value, and nobody holds less than none
//
// The value is added up from what clients asked for, never from what a document holds.

import type { DocumentOp, FieldSchema } from '@anabranch/crdt';
import { askedOf, type CounterDump, type LoggedOpDump, type RunRecord, type Vector } from '../history.ts';
import { segmentsOf } from './document-model.ts';
import { indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

interface Bounds {
  readonly min: number;
  readonly max: number;
}

interface Change {
  readonly op: LoggedOpDump;
  readonly by: number;
}

export function checkBounds(record: RunRecord): Violation[] {
  const findings = new Findings('bounds');
  const run = indexOf(record);
  for (const { document, json, where } of shownViews(record)) {
    for (const [path, value] of numbersIn(json)) checkValue(record, findings, { document, path, value, where });
  }
  for (const dump of [...record.dumps, ...record.finalDumps]) {
    for (const [document, { rights = [] }] of dump.documents) {
      for (const counter of rights) checkRights(findings, counter, { document, region: dump.region, timeMs: dump.timeMs });
    }
  }
  for (const [place, changes] of changesByPlace(run)) checkCuts(run, findings, place, changes);
  return findings.found;
}

function checkCuts(run: RunIndex, findings: Findings, place: string, changes: readonly Change[]): void {
  const [document = '', path = ''] = place.split('\0');
  const bounds = boundsOf(run.record, document, path);
  if (bounds === undefined) return;
  const ops = changes.map(({ op }) => op);
  const pasts = ops.map((op) => pastOf(run, [op]));
  const ways = [-1, 1].map((sign) => changes.filter(({ by }) => Math.sign(by) === sign).map(({ op }) => op));
  for (const [at, past] of [...pasts, ...ways.flatMap((way) => growingPasts(run, way))].entries()) {
    const value = changes.reduce((sum, { op, by }) => (op.seq <= (past[op.origin] ?? 0) ? sum + by : sum), 0);
    if (value >= bounds.min && value <= bounds.max) continue;
    const op = ops[at];
    findings.add('a causal cut of the logs crosses a bound', {
      document,
      path,
      value,
      bounds,
      past,
      ...(op && { origin: op.origin, seq: op.seq }),
    });
    return;
  }
}

/** The smallest causal cuts that hold the first of the ops, the first two and so on, in the order in which they were stamped. */
function growingPasts(run: RunIndex, ops: readonly LoggedOpDump[]): Vector[] {
  const stamped = [...ops].sort((a, b) => a.hlc.ms - b.hlc.ms || a.hlc.counter - b.hlc.counter || a.seq - b.seq);
  let past: Vector = {};
  return stamped.map((op) => {
    const own = pastOf(run, [op]);
    const joined: Record<string, number> = { ...past };
    for (const [origin, seq] of Object.entries(own)) joined[origin] = Math.max(seq, joined[origin] ?? 0);
    past = joined;
    return past;
  });
}

/** The smallest causal cut that holds the ops. */
function pastOf(run: RunIndex, ops: readonly LoggedOpDump[]): Vector {
  const past: Record<string, number> = {};
  for (const op of ops) {
    past[op.origin] = Math.max(op.seq, past[op.origin] ?? 0);
    for (const [other, seq] of run.causal.seenOfOthers(op)) past[other] = Math.max(seq, past[other] ?? 0);
  }
  return past;
}

/** Every accepted change of a bounded counter, by document and path. */
function changesByPlace(run: RunIndex): Map<string, Change[]> {
  const changes = new Map<string, Change[]>();
  for (const op of [...run.causal.logs.values()].flat()) {
    for (const { document, path, by } of changesOf(run, op)) {
      if (boundsOf(run.record, document, path) === undefined) continue;
      const place = `${document}\0${path}`;
      const known = changes.get(place);
      if (known === undefined) changes.set(place, [{ op, by }]);
      else known.push({ op, by });
    }
  }
  return changes;
}

/** What the edit of an op added to or took from counters of any kind. */
function changesOf(run: RunIndex, op: LoggedOpDump): Array<{ document: string; path: string; by: number }> {
  const attempts = run.attemptsByKey.get(op.key ?? '') ?? [];
  const request = (attempts.find(({ completion }) => completion?.type !== 'fail') ?? attempts[0])?.invoke;
  if (request === undefined) return [];
  return op.writes.flatMap(({ document }) => {
    const asked = (askedOf(request, document) ?? []).flatMap(asChange);
    return asked.map(({ op: name, path, by }) => ({ document, path, by: name === 'decrement' ? -by : by }));
  });
}

function asChange(op: DocumentOp): Array<Extract<DocumentOp, { op: 'increment' | 'decrement' }>> {
  return op.op === 'increment' || op.op === 'decrement' ? [op] : [];
}

function checkRights(findings: Findings, counter: CounterDump, at: Readonly<Record<string, unknown>>): void {
  const { path, value, min, max, holders } = counter;
  const [down, up] = [sumOf(holders.map((holder) => holder.down)), sumOf(holders.map((holder) => holder.up))];
  if (min !== undefined && down !== value - min) findings.add('rights to decrement do not add up', { ...at, path, value, min, holders });
  if (max !== undefined && up !== max - value) findings.add('rights to increment do not add up', { ...at, path, value, max, holders });
  const poor = holders.find((holder) => holder.down < 0 || holder.up < 0);
  if (poor !== undefined) findings.add('somebody holds less than no rights', { ...at, path, ...poor });
}

interface ShownValue {
  readonly document: string;
  readonly path: string;
  readonly value: number;
  readonly where: Readonly<Record<string, unknown>>;
}

function checkValue(record: RunRecord, findings: Findings, { document, path, value, where }: ShownValue): void {
  const bounds = boundsOf(record, document, path);
  if (bounds === undefined || (value >= bounds.min && value <= bounds.max)) return;
  findings.add('a region showed a value beyond its bounds', { document, path, value, bounds, ...where });
}

function* shownViews(record: RunRecord): Iterable<{ document: string; json: unknown; where: Readonly<Record<string, unknown>> }> {
  for (const { document, answer, region, index } of record.history) {
    if (answer !== undefined) yield { document, json: answer.json, where: { region, index } };
  }
  for (const { region, timeMs, documents } of [...record.dumps, ...record.finalDumps]) {
    for (const [document, { json }] of documents) yield { document, json, where: { region, timeMs } };
  }
}

/** Every number in a view, by JSON pointer. */
function* numbersIn(json: unknown, path = ''): Iterable<readonly [path: string, value: number]> {
  if (typeof json === 'number') yield [path, json];
  if (typeof json !== 'object' || json === null) return;
  for (const [name, below] of Object.entries(json)) yield* numbersIn(below, `${path}/${name}`);
}

function boundsOf(record: RunRecord, document: string, path: string): Bounds | undefined {
  const schema = record.collections?.get(document.slice(0, document.indexOf('/')))?.schema;
  if (schema === undefined || schema === 'freeform') return undefined;
  let field: FieldSchema | undefined = schema;
  for (const name of segmentsOf(path)) {
    if (field?.type === 'map') field = field.of;
    else field = field?.type === 'object' ? field.fields[name] : undefined;
  }
  if (field?.type !== 'boundedCounter') return undefined;
  return { min: field.min ?? Number.NEGATIVE_INFINITY, max: field.max ?? Number.POSITIVE_INFINITY };
}

function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0);
}
