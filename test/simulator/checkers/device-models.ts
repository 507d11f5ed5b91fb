// Documents that devices write, as the reference model sees them: fed with every write, each having seen the writes whose
// marks its document showed, and asked what a view with such marks must show.
//
// Invariant 1: the model is told what was asked for and what was shown, never an update or an op of a log.
// Invariant 2: stamps of devices are not known: nothing that is judged here depends on them. Concurrent values are compared in
//              one order; items of lists are compared by what is there.
// Invariant 3: the samples are drawn from the seed of the run.

import { canonicalJson, type JsonObject, type JsonValue } from '@anabranch/base';
import type { DocumentOp, ObjectSchema } from '@anabranch/crdt';
import { ReferenceModel } from '@anabranch/crdt/model';
import { type DeviceWrite, marksIn } from '../device/device-history.ts';
import type { RunRecord } from '../history.ts';
import { SeededRandom } from '../seeded-random.ts';

/** Views of devices that are compared: more take longer and find little more. */
const sampledViewsMax = 60;

export class DeviceModels {
  readonly #record: RunRecord;
  readonly #models = new Map<string, MarkedModel>();

  constructor(record: RunRecord, writes: readonly DeviceWrite[]) {
    this.#record = record;
    for (const { mark, edits } of writes) {
      for (const { document, ops, shown } of edits) this.#of(document)?.record(mark, ops, shown);
    }
  }

  /** What is wrong with a view; undefined also when no device wrote the document, or it has no schema. */
  problem(document: string, json: JsonObject): string | undefined {
    return this.#models.get(document)?.problem(json);
  }

  sample<T extends { readonly document: string }>(shown: readonly T[]): readonly T[] {
    const random = new SeededRandom(this.#record.seed).fork('devices');
    const left = shown.filter(({ document }) => this.#models.has(document));
    if (left.length <= sampledViewsMax) return left;
    return Array.from({ length: sampledViewsMax }, () => random.pick(left));
  }

  #of(document: string): MarkedModel | undefined {
    const schema = this.#record.collections?.get(document.slice(0, document.indexOf('/')))?.schema;
    if (schema === undefined || schema === 'freeform') return undefined;
    const known = this.#models.get(document) ?? new MarkedModel(schema);
    this.#models.set(document, known);
    return known;
  }
}

class MarkedModel {
  readonly #model: ReferenceModel;
  readonly #eventIds = new Map<string, readonly string[]>();
  /** The marks of writes that inserted an item: the item is the mark. */
  readonly #inserting = new Set<string>();

  constructor(schema: ObjectSchema) {
    this.#model = new ReferenceModel(schema);
  }

  record(mark: string, asked: readonly DocumentOp[], shown: JsonObject): void {
    const seen = this.#held(marksIn(shown));
    const ops: readonly DocumentOp[] = [...asked.filter(({ path }) => path !== '/lines'), { op: 'add', path: '/tags', value: mark }];
    if (asked.some(({ op, path }) => op === 'insert' && path === '/lines')) this.#inserting.add(mark);
    const ids = ops.map((op, nth) => {
      const id = `${mark}.${nth}`;
      const deletedText = op.op === 'delete' ? textOf(shown).slice(op.index, op.index + op.length) : '';
      const hlc = { ms: this.#eventIds.size + 1, counter: nth };
      this.#model.record({ id, writer: mark, hlc, op, seen: new Set(seen), deletedText });
      seen.add(id);
      return id;
    });
    this.#eventIds.set(mark, ids);
  }

  problem(json: JsonObject): string | undefined {
    const marks = marksIn(json);
    const held = this.#held(marks);
    const textProblem = this.#model.checkText(held, ['note'], textOf(json));
    if (textProblem !== undefined) return `the text ${textProblem}`;
    const expected = canonicalJson(inOneOrder(this.#model.view(held, () => textOf(json))));
    const lines = Array.isArray(json['lines']) ? [...json['lines']].sort() : [];
    const items = marks.filter((mark) => this.#inserting.has(mark)).sort();
    if (canonicalJson(lines) !== canonicalJson(items)) return `the list should hold ${items.join(' ')}`;
    return canonicalJson(inOneOrder(json)) === expected ? undefined : `the model shows ${expected}`;
  }

  #held(marks: readonly string[]): Set<string> {
    return new Set(marks.flatMap((mark) => this.#eventIds.get(mark) ?? []));
  }
}

function textOf({ note }: JsonObject): string {
  return typeof note === 'string' ? note : '';
}

/** The view without the items of its list, and with values that stand side by side in one order. */
function inOneOrder(json: JsonObject): JsonObject {
  const sorted = (values: JsonValue | undefined): JsonValue => (Array.isArray(values) ? [...values].map(String).sort() : []);
  return { ...json, lines: [], all: sorted(json['all']), tags: sorted(json['tags']) };
}

/** Whether two views of a document show the same. */
export function sameContent(a: JsonObject, b: JsonObject): boolean {
  return a === b || canonicalJson(a) === canonicalJson(b);
}
