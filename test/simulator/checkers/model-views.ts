// Typed documents show what was meant: in every region at the end, and at sampled moments between, the view equals that of
// the reference model fed with exactly the ops that the region's vector covers.
//
// Invariant: the samples are drawn from the seed of the run, so that a run is judged alike each time.

import type { RegionDump, RunRecord } from '../history.ts';
import { SeededRandom } from '../seeded-random.ts';
import { modelsOf } from './document-models.ts';
import { indexOf } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

/** Views compared between the dumps at the end: more take longer and find little more. */
const sampledViewsMax = 40;

export function checkModelViews(record: RunRecord): Violation[] {
  const findings = new Findings('model-views');
  if (record.collections === undefined) {
    findings.add('the run does not say what its documents are', {});
    return findings.found;
  }
  const models = modelsOf(record);
  for (const view of [...finalViews(record), ...sampledViews(record)]) {
    const problem = models.of(view.document)?.problem(view.json, view.dump.version);
    if (problem === undefined) continue;
    const { region, timeMs, version } = view.dump;
    findings.add('a view is not what the model shows', { document: view.document, region, timeMs, version, shown: view.json, problem });
  }
  for (const document of new Set(record.finalDumps.flatMap((dump) => [...dump.documents.keys()]))) {
    const contradictions = models.of(document)?.contradictions ?? [];
    if (contradictions.length > 0) findings.add('ops contradict what their authors had seen', { document, contradictions });
  }
  return findings.found;
}

interface DumpedView {
  readonly dump: RegionDump;
  readonly document: string;
  readonly json: NonNullable<ReturnType<RegionDump['documents']['get']>>['json'];
}

function viewsOf(dump: RegionDump): DumpedView[] {
  return [...dump.documents].map(([document, { json }]) => ({ dump, document, json }));
}

function finalViews(record: RunRecord): DumpedView[] {
  return record.finalDumps.flatMap(viewsOf);
}

function sampledViews(record: RunRecord): DumpedView[] {
  const { losses } = indexOf(record);
  const lasting = record.dumps.filter((dump) => losses.lastingPart(dump.version, dump.timeMs) === dump.version);
  const views = lasting.flatMap(viewsOf);
  const random = new SeededRandom(record.seed).fork('model-views');
  while (views.length > sampledViewsMax) views.splice(random.below(views.length), 1);
  return views;
}
