// The logs hold the documents (C2, C12): the updates of each document, applied by the raw library in two shuffled causal
// orders, give one content, and that is what the regions show.
//
//   freeform   the rebuilt content is the view
//   typed      its texts are those of the view; the rest of the view is compared with the model (model-views.ts)
//   both       the digest that the rebuilt document has, showing this view, is the digest of every region
//
// Invariant: the orders are drawn from the seed of the run, so that a run is judged alike each time.

import { canonicalJson, type JsonObject } from '@anabranch/base';
import type { LoggedOpDump, RunRecord } from '../history.ts';
import { SeededRandom } from '../seeded-random.ts';
import { causalOrder } from './causal-order.ts';
import { segmentsOf } from './document-model.ts';
import { type RebuiltDocument, rebuild } from './rebuilt-document.ts';
import { indexOf } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

export function checkRebuild(record: RunRecord): Violation[] {
  const findings = new Findings('rebuild');
  const { causal } = indexOf(record);
  const random = new SeededRandom(record.seed).fork('rebuild');
  const orders = [0, 1].map(() => byDocument(causalOrder(causal, (ready) => random.pick(ready))));
  for (const document of new Set(record.finalDumps.flatMap((dump) => [...dump.documents.keys()]))) {
    const [one, other] = orders.map((order) => order.get(document) ?? []);
    checkDocument(record, findings, document, [one ?? [], other ?? []]);
  }
  return findings.found;
}

function byDocument(order: readonly LoggedOpDump[]): Map<string, Uint8Array[]> {
  const updates = new Map<string, Uint8Array[]>();
  for (const { writes } of order) {
    for (const { document, update } of writes) {
      const known = updates.get(document);
      if (known === undefined) updates.set(document, [update]);
      else known.push(update);
    }
  }
  return updates;
}

function checkDocument(record: RunRecord, findings: Findings, document: string, orders: readonly [Uint8Array[], Uint8Array[]]): void {
  const collection = record.collections?.get(document.slice(0, document.indexOf('/')));
  if (collection === undefined) {
    findings.add('the run does not say what a document is', { document });
    return;
  }
  const isTyped = collection.schema !== 'freeform';
  const [one, other] = orders.map((updates, nth) =>
    attempt(() => rebuild({ library: collection.library, isTyped, hasJson: nth === 0 }, updates)),
  );
  for (const built of [one, other]) {
    if (typeof built !== 'string') continue;
    findings.add('the logged updates of a document cannot be applied', { document, cause: built });
    return;
  }
  if (typeof one !== 'object' || typeof other !== 'object') return;
  if (one.hasPending || other.hasPending) findings.add('the logs lack a part of a document', { document });
  if (one.state !== other.state) {
    findings.add('two causal orders of the same updates give different documents', { document, states: [one.state, other.state] });
  }
  for (const { region, documents } of record.finalDumps) {
    const shown = documents.get(document);
    if (shown === undefined) continue;
    const problem = isTyped ? textProblem(one, shown.json) : viewProblem(one, shown.json);
    if (problem !== undefined) findings.add('a region shows what its log does not hold', { document, region, problem, shown: shown.json });
    if (one.digestShowing(shown.json) !== shown.digest) {
      findings.add('the digest of a region is not that of its log', { document, region, digest: shown.digest });
    }
  }
}

function viewProblem({ json }: RebuiltDocument, shown: JsonObject): string | undefined {
  if (json === undefined) return undefined;
  const [rebuilt, view] = [canonicalJson(json), canonicalJson(shown)];
  return rebuilt === view ? undefined : `the log holds ${rebuilt}`;
}

function textProblem({ texts }: RebuiltDocument, shown: JsonObject): string | undefined {
  for (const [key, text] of texts) {
    let value: unknown = shown;
    for (const segment of segmentsOf(`/${key}`)) value = (value as JsonObject | undefined)?.[segment];
    if ((value ?? '') !== text) return `the text ${key} is ${JSON.stringify(text)} in the log`;
  }
  return undefined;
}

function attempt(build: () => RebuiltDocument): RebuiltDocument | string {
  try {
    return build();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
