// One typed document as the reference model sees it: fed with exactly the ops of the logs, each having seen what its origin's
// dependencies say, and asked what a region that holds a part of them must show.
//
//   logs --causal order--> op --key--> the edit that was asked for --> events of the model
//
// Invariant 1: the model gets edits, never updates: what a document's bytes hold has no say in what it must show. Only which
//              characters a text deletion took is read from the update; the model does not compute texts.
// Invariant 2: a document is modelled only if every op on it belongs to an edit that is in the history. Writes of sync
//              sessions are opaque; then `problem` says nothing and the rebuild from the logs is the only check.
// Invariant 3: an edit that was logged without a write changed nothing, so the model does not get it. One that cannot
//              change nothing is itself a finding.

import { canonicalJson, type JsonObject } from '@anabranch/base';
import type { DocumentOp, ObjectSchema } from '@anabranch/crdt';
import { itemIdOf, type ModelEvent, ReferenceModel } from '@anabranch/crdt/model';
import { askedOf, type HistoryEvent, type LoggedOpDump, type Vector } from '../history.ts';
import type { CausalHistory } from './causal-history.ts';
import { CharacterTable } from './library-bytes.ts';

/** An op on the document, and the events of the model that it became. */
interface ModelledOp {
  readonly op: LoggedOpDump;
  readonly eventIds: readonly string[];
}

export interface DocumentModelParts {
  readonly document: string;
  readonly library: string;
  readonly schema: ObjectSchema;
  /** Whether the schema has bounded counters. */
  readonly hasBounds: boolean;
  readonly causal: CausalHistory;
  /** The ops that write the document or, with its key, wrote nothing; in a causal order. */
  readonly ops: readonly LoggedOpDump[];
  readonly requestOf: (key: string) => HistoryEvent | undefined;
}

export class DocumentModel {
  readonly document: string;
  /** What could not be told to the model, as it contradicts what its author had seen. */
  readonly contradictions: string[] = [];
  isModelled = true;
  readonly #causal: CausalHistory;
  readonly #model: ReferenceModel;
  readonly #byOrigin = new Map<string, ModelledOp[]>();
  readonly #textPaths = new Map<string, readonly string[]>();
  readonly #characters: CharacterTable;
  readonly #written = new Set<string>();
  /** By what is held and the texts shown: the canonical text of the view that must be shown. */
  readonly #views = new Map<string, string>();
  #isTextDistinct = true;

  constructor(parts: DocumentModelParts) {
    this.document = parts.document;
    this.#causal = parts.causal;
    this.#model = new ReferenceModel(parts.schema);
    this.#characters = new CharacterTable(parts.library);
    for (const op of parts.ops) {
      // Without a key regions themselves write bounded counters: they move rights, which no view shows.
      if (op.key === undefined && parts.hasBounds) continue;
      const request = op.key === undefined ? undefined : parts.requestOf(op.key);
      const asked = request && askedOf(request, parts.document);
      if (asked === undefined) this.isModelled = false;
      if (!this.isModelled || asked === undefined) return;
      this.#take(op, asked);
    }
  }

  /** The origins that wrote the document. */
  get origins(): Iterable<string> {
    return this.#byOrigin.keys();
  }

  /** The ops of an origin on this document up to a seq. */
  opsUpTo(origin: string, seq: number): readonly ModelledOp[] {
    const all = this.#byOrigin.get(origin) ?? [];
    if ((all.at(-1)?.op.seq ?? 0) <= seq) return all;
    let [from, to] = [0, all.length];
    while (from < to) {
      const middle = (from + to) >> 1;
      if ((all[middle]?.op.seq ?? 0) > seq) to = middle;
      else from = middle + 1;
    }
    return all.slice(0, from);
  }

  /** What is wrong with a view of a region that holds `vector`, or undefined. */
  problem(json: JsonObject, vector: Vector): string | undefined {
    return this.problemOf(json, (origin) => vector[origin] ?? 0);
  }

  problemOf(json: JsonObject, seqOf: (origin: string) => number): string | undefined {
    if (!this.isModelled) return undefined;
    const held = this.#held(seqOf);
    const texts = [...this.#textPaths.values()].map((segments) => textAt(json, segments));
    for (const [nth, segments] of [...this.#textPaths.values()].entries()) {
      const problem = this.#isTextDistinct ? this.#model.checkText(held.ids, segments, texts[nth] ?? '') : undefined;
      if (problem !== undefined) return `the text at /${segments.join('/')} ${problem}`;
    }
    const name = `${held.name} ${JSON.stringify(texts)}`;
    const expected = this.#views.get(name) ?? canonicalJson(this.#model.view(held.ids, (segments) => textAt(json, segments)));
    this.#views.set(name, expected);
    return canonicalJson(json) === expected ? undefined : `the model shows ${expected}`;
  }

  #held(seqOf: (origin: string) => number): { ids: Set<string>; name: string } {
    const ids = new Set<string>();
    let name = '';
    for (const origin of this.#byOrigin.keys()) {
      const ops = this.opsUpTo(origin, seqOf(origin));
      name += `${ops.length},`;
      for (const { eventIds } of ops) for (const id of eventIds) ids.add(id);
    }
    return { ids, name };
  }

  #take(op: LoggedOpDump, asked: readonly DocumentOp[]): void {
    const write = op.writes.find(({ document }) => document === this.document);
    if (write === undefined) {
      if (cannotBeIdle(asked))
        this.contradictions.push(`op ${op.seq} of ${op.origin} was logged as if it changed nothing: ${JSON.stringify(asked)}`);
      return;
    }
    const seen = this.#held((origin) => this.#causal.seenOf(op, origin)).ids;
    const hasText = asked.some((each) => each.op === 'delete' || (each.op === 'insert' && each.text !== undefined));
    const deletedText = hasText ? this.#characters.take(write.update) : '';
    const eventIds: string[] = [];
    let items = 0;
    for (const [nth, each] of asked.entries()) {
      if (isIdle(each)) continue;
      const isItem = each.op === 'insert' && each.text === undefined;
      const itemId = itemIdOf({ writer: op.origin, dot: op.seq }, isItem ? items++ : 0);
      const event = {
        id: `${op.seq}.${nth}@${op.origin}`,
        writer: op.origin,
        hlc: op.hlc,
        op: each,
        seen: new Set([...seen, ...eventIds]),
      };
      this.#record({ ...event, itemId, deletedText: each.op === 'delete' ? deletedText : '' });
      eventIds.push(event.id);
    }
    const known = this.#byOrigin.get(op.origin);
    if (known === undefined) this.#byOrigin.set(op.origin, [{ op, eventIds }]);
    else known.push({ op, eventIds });
  }

  #record(event: ModelEvent): void {
    const { op } = event;
    if (op.op === 'delete' || (op.op === 'insert' && op.text !== undefined)) this.#textPaths.set(op.path, segmentsOf(op.path));
    for (const char of (op.op === 'insert' && op.text) || '') {
      if (this.#written.has(char)) this.#isTextDistinct = false;
      this.#written.add(char);
    }
    try {
      this.#model.record(event);
    } catch (error) {
      this.contradictions.push(`event ${event.id}: ${error instanceof Error ? error.message : String(error)}`);
      this.isModelled = false;
    }
  }
}

/** True for an edit that always changes something, in any document. */
function cannotBeIdle(asked: readonly DocumentOp[]): boolean {
  const [only] = asked;
  return (
    asked.length === 1 &&
    only !== undefined &&
    ['set', 'increment', 'decrement', 'add', 'enable', 'insert'].includes(only.op) &&
    !isIdle(only)
  );
}

/** True for an operation that changes nothing in any document. */
function isIdle(op: DocumentOp): boolean {
  if (op.op === 'move') return op.from === op.to;
  return (op.op === 'delete' && op.length === 0) || (op.op === 'insert' && op.text === '');
}

export function segmentsOf(path: string): string[] {
  const segments = path.split('/').slice(1);
  return segments.map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function textAt(json: JsonObject, segments: readonly string[]): string {
  let value: unknown = json;
  for (const segment of segments) value = (value as Record<string, unknown> | undefined)?.[segment];
  return typeof value === 'string' ? value : '';
}
