// Queues stay within their bounds (C10): each sample of a run is compared with the bound that the product states for it.

import type { RunRecord } from '../history.ts';
import { Findings, type Violation } from './violation.ts';

export function checkBoundedResources(record: RunRecord): Violation[] {
  const findings = new Findings('bounded-resources');
  if (record.resources === undefined || record.resources.length === 0) findings.add('the run took no samples of its queues', {});
  const reported = new Set<string>();
  for (const { timeMs, region, resource, value, bound } of record.resources ?? []) {
    const name = `${region} ${resource}`;
    // A sample that is no number is not within its bound either. The first one of a queue tells enough.
    if (value <= bound || reported.has(name)) continue;
    reported.add(name);
    findings.add('a queue was fuller than its bound', { region, resource, timeMs, value, bound });
  }
  return findings.found;
}
