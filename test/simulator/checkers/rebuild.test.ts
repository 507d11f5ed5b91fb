import { expect, test } from 'vitest';
import * as Y from 'yjs';
import type { LoggedOpDump, RegionDump, RunRecord } from '../history.ts';
import { checkRebuild } from './rebuild.ts';
import { allOps, expectFound, logOf, rewritten, some, steadyRecord, withFinal, withLog } from './testing/altered-record.ts';
import { collections } from './testing/drawn-edits.ts';
import { logged } from './testing/generated-region.ts';
import { ScriptedRun } from './testing/scripted-run.ts';

const documents = [...(steadyRecord.finalDumps[0]?.documents.keys() ?? [])];
const freeform = documents.filter((document) => /^(notes|boards)/.test(document));

/** The update of the first op that writes the document replaced, in all regions. */
function withUpdate(document: string, change: (update: Uint8Array) => Uint8Array): RunRecord {
  const op = some(allOps(steadyRecord), ({ writes }) => writes.some((write) => write.document === document));
  const writes = op.writes.map((write) => ({ ...write, update: change(write.update) }));
  const log = rewritten(logOf(steadyRecord, op.origin), op.seq, { writes });
  return withFinal(steadyRecord, (dump) => withLog(dump, op.origin, log));
}

test.each(freeform)('[SIM28] a view of %s that the log does not hold is found, when all regions show it', (document) => {
  const alter = (dump: RegionDump): RegionDump => {
    const known = some(dump.documents, ([name]) => name === document)[1];
    return { ...dump, documents: new Map(dump.documents).set(document, { ...known, json: { ...known.json, planted: 1 } }) };
  };
  expectFound(checkRebuild, 'a region shows what its log does not hold', { after: withFinal(steadyRecord, alter) });
});

test.each(documents)('[SIM28] a digest of %s that is not that of the log is found, when all regions have it', (document) => {
  const alter = (dump: RegionDump): RegionDump => {
    const known = some(dump.documents, ([name]) => name === document)[1];
    return { ...dump, documents: new Map(dump.documents).set(document, { ...known, digest: '00'.repeat(32) }) };
  };
  expectFound(checkRebuild, 'the digest of a region is not that of its log', { after: withFinal(steadyRecord, alter) });
});

test.each(['carts/a', 'carts-automerge/a'])('[SIM28] a text of %s that is not that of the log is found', (document) => {
  const run = new ScriptedRun();
  run.edit(run.berlin, document, { op: 'insert', path: '/note', index: 0, text: 'abc' });
  const after = run.record(document, (json) => ({ ...json, note: 'acb' }));
  expectFound(checkRebuild, 'a region shows what its log does not hold', { before: run.record(), after });
});

test('[SIM28] updates that cannot be applied, or are passed over by their library, are found', () => {
  const cut = (update: Uint8Array): Uint8Array => update.subarray(0, update.length - 3);
  expectFound(checkRebuild, 'the logged updates of a document cannot be applied', { after: withUpdate('carts/a', cut) });
  expectFound(checkRebuild, 'the digest of a region is not that of its log', { after: withUpdate('boards/b', cut) });
});

test('[SIM28] updates that build on what is in no log are found', () => {
  const empty = Y.encodeStateAsUpdate(new Y.Doc());
  expectFound(checkRebuild, 'the logs lack a part of a document', { after: withUpdate('carts/a', () => empty) });
  const run = new ScriptedRun();
  run.edit(run.berlin, 'boards/b', { op: 'set', path: '/title', value: 'one' });
  const second = run.edit(run.berlin, 'boards/b', { op: 'set', path: '/title', value: 'two' });
  const record = run.record();
  const log = [second, { ...second, writes: [] }].map((op, nth) => ({ ...op, seq: nth + 1 }));
  const after = withFinal(record, (dump) => withLog(dump, second.origin, log));
  expectFound(checkRebuild, 'the logs lack a part of a document', { before: record, after });
});

/** One clientID in two hands: whichever update comes first stays, and state vectors do not tell. */
function withSharedIdentity(seed: number): RunRecord {
  const ops = ['berlin', 'tokyo'].map((region, nth): LoggedOpDump => {
    const doc = new Y.Doc();
    doc.clientID = 5;
    doc.getMap('m').set('k', nth);
    const writes = [{ document: 'notes/n', library: 'yjs', update: Y.encodeStateAsUpdate(doc) }];
    return logged({ origin: `${region}.000000000001`, seq: 1, hlc: { ms: nth, counter: 0 }, dependencies: [], writes }, undefined);
  });
  const logs = new Map(ops.map((op) => [op.origin, [op]]));
  const version = Object.fromEntries(ops.map(({ origin }) => [origin, 1]));
  const dumpedAs = { timeMs: 1, origin: '', version, logs, arrivals: ops, quarantinedOrigins: [] };
  const finalDumps = ['berlin', 'tokyo'].map((region) => ({
    region,
    ...dumpedAs,
    documents: new Map([['notes/n', { digest: '', json: {} }]]),
  }));
  return { seed, history: [], regionEvents: [], dumps: [], finalDumps, collections };
}

test('[SIM28] updates whose order of arrival shows in the document are found', () => {
  const messages = [1, 2, 3, 4, 5, 6, 7, 8].map((seed) => checkRebuild(withSharedIdentity(seed)).map(({ message }) => message));
  expect(messages.flat()).toContain('two causal orders of the same updates give different documents');
});
