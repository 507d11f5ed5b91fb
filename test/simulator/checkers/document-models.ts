// The models of all typed documents of a run, made when a checker first asks and shared by all.

import { askedOf, type LoggedOpDump, type RunRecord } from '../history.ts';
import { causalOrder } from './causal-order.ts';
import { DocumentModel } from './document-model.ts';
import { indexOf, type RunIndex } from './run-index.ts';

class DocumentModels {
  readonly #run: RunIndex;
  readonly #order: readonly LoggedOpDump[];
  readonly #models = new Map<string, DocumentModel>();

  constructor(run: RunIndex) {
    this.#run = run;
    this.#order = causalOrder(run.causal);
  }

  /** The model of a document; undefined when its collection has no schema, or none that is known. */
  of(document: string): DocumentModel | undefined {
    const collection = this.#run.record.collections?.get(document.slice(0, document.indexOf('/')));
    if (collection === undefined || collection.schema === 'freeform') return undefined;
    const known = this.#models.get(document);
    if (known !== undefined) return known;
    const { library, schema } = collection;
    const ops = this.#order.filter((op) => this.#concerns(op, document));
    const hasBounds = JSON.stringify(schema).includes('boundedCounter');
    const fresh = new DocumentModel({
      document,
      library,
      schema,
      hasBounds,
      causal: this.#run.causal,
      ops,
      requestOf: (key) => this.#requestOf(key),
    });
    this.#models.set(document, fresh);
    return fresh;
  }

  #concerns(op: LoggedOpDump, document: string): boolean {
    if (op.writes.length > 0) return op.writes.some((write) => write.document === document);
    return op.key !== undefined && this.#asksFor(op.key, document);
  }

  #asksFor(key: string, document: string): boolean {
    const request = this.#requestOf(key);
    return request !== undefined && askedOf(request, document) !== undefined;
  }

  /** What the key's edit asked for. A key that was also used with another request stands for the one that was taken. */
  #requestOf(key: string): RunIndex['attempts'][number]['invoke'] | undefined {
    const attempts = this.#run.attemptsByKey.get(key) ?? [];
    return (attempts.find(({ completion }) => completion?.type !== 'fail') ?? attempts[0])?.invoke;
  }
}

const made = new WeakMap<RunRecord, DocumentModels>();

export function modelsOf(record: RunRecord): DocumentModels {
  const known = made.get(record);
  if (known !== undefined) return known;
  const fresh = new DocumentModels(indexOf(record));
  made.set(record, fresh);
  return fresh;
}
