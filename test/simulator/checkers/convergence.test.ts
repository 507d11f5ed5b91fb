import { expect, test } from 'vitest';
import type { RegionDump, RunRecord } from '../history.ts';
import { checkConvergence } from './convergence.ts';
import { allOps, expectFound, logOf, rewritten, some, steadyRecord, withFinal, withLog } from './testing/altered-record.ts';

const document = some(steadyRecord.finalDumps[0]?.documents.keys() ?? []);

function withDocument(dump: RegionDump, change: { digest?: string; json?: Record<string, number> }): RegionDump {
  const known = dump.documents.get(document) ?? { digest: '', json: {} };
  return { ...dump, documents: new Map(dump.documents).set(document, { ...known, ...change }) };
}

/** Only the last region is altered. */
function inOne(alter: (dump: RegionDump) => RegionDump): RunRecord {
  return withFinal(steadyRecord, (dump, nth) => (nth === steadyRecord.finalDumps.length - 1 ? alter(dump) : dump));
}

test('[SIM22] a region that ends with another vector is found', () => {
  const op = some(allOps(steadyRecord), ({ origin, seq }) => seq === logOf(steadyRecord, origin).length);
  const after = inOne((dump) => withLog(dump, op.origin, logOf(steadyRecord, op.origin).slice(0, -1)));
  expectFound(checkConvergence, 'regions ended with different vectors', { after });
});

test('[SIM22] other views at equal vectors and digests are found', () => {
  expectFound(checkConvergence, 'views differ', { after: inOne((dump) => withDocument(dump, { json: { gone: 1 } })) });
});

test('[SIM22] other digests at equal vectors are found', () => {
  expectFound(checkConvergence, 'digests differ', { after: inOne((dump) => withDocument(dump, { digest: '00' })) });
});

test('[SIM22] a document that one region lacks is found', () => {
  const after = inOne((dump) => ({ ...dump, documents: new Map([...dump.documents].filter(([name]) => name !== document)) }));
  expectFound(checkConvergence, 'a document is in one region only', { after });
});

test('[SIM22] another chain under equal vectors and digests is found', () => {
  const op = some(allOps(steadyRecord));
  const log = rewritten(logOf(steadyRecord, op.origin), op.seq, { hlc: { ms: 1, counter: 1 } });
  const after = inOne((dump) => withLog(dump, op.origin, log));
  expectFound(checkConvergence, 'regions hold different ops, or chains, under one name', { after });
});

test('[SIM22] regions that differed at equal vectors in the middle of a run are found', () => {
  const [dump] = steadyRecord.finalDumps;
  if (dump === undefined) throw new Error('the record has dumps');
  const [one, other] = [{ ...dump, timeMs: 5 }, withDocument({ ...dump, region: 'tokyo', timeMs: 6 }, { digest: '00' })];
  expectFound(checkConvergence, 'digests differ', { after: { ...steadyRecord, dumps: [one, other] } });
});

test('[SIM22] a quarantined origin is found, unless the seed planted its second history', () => {
  const { origin } = some(allOps(steadyRecord));
  const after = inOne((dump) => ({ ...dump, quarantinedOrigins: [origin] }));
  expectFound(checkConvergence, 'an origin is quarantined that wrote one history', { after });
  expect(checkConvergence({ ...after, plantedEquivocations: [origin] })).toEqual([]);
});

test('[SIM22] a run that left no dumps is found', () => {
  expectFound(checkConvergence, 'the run left no final dumps', { after: { ...steadyRecord, finalDumps: [] } });
});
