// Regions that received the same ops are equal (C2): after the heal all regions hold the same vectors, hashes, digests and
// views; and at any moment two regions with equal vectors have equal digests. Nothing is set aside as equivocation unless the
// seed planted one: then regions need not end with the same ops, and only what is equal by its vectors must be equal.

import { canonicalJson } from '@anabranch/base';
import type { RegionDump, RunRecord, Vector } from '../history.ts';
import { indexOf, type RunIndex } from './run-index.ts';
import { Findings, type Violation } from './violation.ts';

export function checkConvergence(record: RunRecord): Violation[] {
  const findings = new Findings('convergence');
  const run = indexOf(record);
  const [first, ...others] = record.finalDumps;
  if (first === undefined) {
    findings.add('the run left no final dumps', {});
    return findings.found;
  }
  if (run.plantedOrigins.size === 0) {
    for (const other of others) {
      compareVectors(findings, first, other);
      compareLogs(findings, first, other);
      compareDocuments(findings, first, other);
    }
  }
  for (const dump of record.finalDumps) checkQuarantine(run, findings, dump);
  checkEqualVectors(run, findings);
  return findings.found;
}

function compareVectors(findings: Findings, a: RegionDump, b: RegionDump): void {
  if (vectorText(a.version) === vectorText(b.version)) return;
  findings.add('regions ended with different vectors', { regions: [a.region, b.region], versions: [a.version, b.version] });
}

function compareLogs(findings: Findings, a: RegionDump, b: RegionDump): void {
  for (const [origin, log] of a.logs ?? []) {
    const other = b.logs?.get(origin) ?? [];
    const differing = log.findIndex((op, nth) => {
      const twin = other[nth];
      return twin !== undefined && (op.opHash !== twin.opHash || op.chainHash !== twin.chainHash);
    });
    if (differing < 0) continue;
    const seq = differing + 1;
    findings.add('regions hold different ops, or chains, under one name', { regions: [a.region, b.region], opId: { origin, seq } });
  }
}

function compareDocuments(findings: Findings, a: RegionDump, b: RegionDump): void {
  for (const document of new Set([...a.documents.keys(), ...b.documents.keys()])) {
    const [one, other] = [a.documents.get(document), b.documents.get(document)];
    const regions = [a.region, b.region];
    if (one === undefined || other === undefined) {
      findings.add('a document is in one region only', { document, regions, timeMs: a.timeMs });
      continue;
    }
    if (one.digest !== other.digest) {
      findings.add('digests differ', { document, regions, timesMs: [a.timeMs, b.timeMs], digests: [one.digest, other.digest] });
    }
    if (one.json !== other.json && canonicalJson(one.json) !== canonicalJson(other.json)) {
      findings.add('views differ', { document, regions, timesMs: [a.timeMs, b.timeMs], views: [one.json, other.json] });
    }
  }
}

function checkQuarantine(run: RunIndex, findings: Findings, { region, quarantinedOrigins }: RegionDump): void {
  const unplanted = quarantinedOrigins.filter((origin) => !run.plantedOrigins.has(origin));
  if (unplanted.length > 0) findings.add('an origin is quarantined that wrote one history', { region, origins: unplanted });
}

/** Equal vectors at any two moments: equal content, as far as the names in them last. */
function checkEqualVectors(run: RunIndex, findings: Findings): void {
  const byVector = new Map<string, RegionDump>();
  for (const dump of [...run.record.dumps, ...run.record.finalDumps]) {
    const isLasting = run.losses.lastingPart(dump.version, dump.timeMs) === dump.version;
    const isPlanted = Object.keys(dump.version).some((origin) => run.plantedOrigins.has(origin));
    if (!isLasting || isPlanted) continue;
    const key = vectorText(dump.version);
    const known = byVector.get(key);
    if (known === undefined) byVector.set(key, dump);
    else if (!run.record.finalDumps.includes(dump) || !run.record.finalDumps.includes(known)) compareShared(findings, known, dump);
  }
}

function compareShared(findings: Findings, a: RegionDump, b: RegionDump): void {
  const shared = (dump: RegionDump, other: RegionDump): RegionDump => ({
    ...dump,
    documents: new Map([...dump.documents].filter(([document]) => other.documents.has(document))),
  });
  compareDocuments(findings, shared(a, b), shared(b, a));
}

function vectorText(vector: Vector): string {
  return Object.entries(vector)
    .filter(([, seq]) => seq > 0)
    .map(([origin, seq]) => `${origin} ${seq}`)
    .sort()
    .join();
}
