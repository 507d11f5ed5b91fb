import { test } from 'vitest';
import { checkBoundedResources } from './bounded-resources.ts';
import { expectFound, steadyRecord } from './testing/altered-record.ts';

const sample = { timeMs: 5, region: 'berlin', resource: 'heldBytes', value: 100, bound: 100 };

test('[SIM31] a queue beyond its bound is found, and one whose length is no number', () => {
  const before = { ...steadyRecord, resources: [sample] };
  for (const value of [101, Number.NaN]) {
    const after = { ...steadyRecord, resources: [sample, { ...sample, value }] };
    expectFound(checkBoundedResources, 'a queue was fuller than its bound', { before, after });
  }
});

test('[SIM31] a run without samples is found', () => {
  const { resources: _, ...unsampled } = steadyRecord;
  expectFound(checkBoundedResources, 'the run took no samples of its queues', { after: unsampled });
  expectFound(checkBoundedResources, 'the run took no samples of its queues', { after: { ...steadyRecord, resources: [] } });
});
