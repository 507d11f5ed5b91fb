import type { JsonObject } from '@anabranch/base';
import { describe, expect, test } from 'vitest';
import type { RunRecord } from '../history.ts';
import { checkModelViews } from './model-views.ts';
import { expectFound, steadyRecord, withFinal, withLog } from './testing/altered-record.ts';
import { logged } from './testing/generated-region.ts';
import { ScriptedRun } from './testing/scripted-run.ts';

const wrongView = 'a view is not what the model shows';

/** Two regions edit concurrently after `before` was exchanged; then the planted view is shown by both. */
interface Story {
  readonly tell: (run: ScriptedRun, document: string) => void;
  readonly planted: (json: JsonObject) => JsonObject;
}

const stories: Record<string, Story> = {
  'the last of two concurrent increments instead of their sum': {
    tell: (run, document) => {
      run.edit(run.berlin, document, { op: 'increment', path: '/stock', by: 2 });
      run.edit(run.tokyo, document, { op: 'increment', path: '/stock', by: 3 });
    },
    planted: (json) => ({ ...json, stock: 3 }),
  },
  'a remove that takes a concurrent add': {
    tell: (run, document) => {
      run.edit(run.berlin, document, { op: 'add', path: '/tags', value: 'x' });
      run.exchange();
      run.edit(run.berlin, document, { op: 'remove', path: '/tags', value: 'x' });
      run.edit(run.tokyo, document, { op: 'add', path: '/tags', value: 'x' });
    },
    planted: (json) => ({ ...json, tags: [] }),
  },
  'a remove of a key that takes a concurrent increment below it': {
    tell: (run, document) => {
      run.edit(run.berlin, document, { op: 'increment', path: '/items/tea/qty', by: 5 });
      run.exchange();
      run.edit(run.berlin, document, { op: 'remove', path: '/items/tea' });
      run.edit(run.tokyo, document, { op: 'increment', path: '/items/tea/qty', by: 3 });
    },
    planted: (json) => ({ ...json, items: {} }),
  },
  'a disable that wins over a concurrent enable': {
    tell: (run, document) => {
      run.edit(run.berlin, document, { op: 'enable', path: '/gift' });
      run.exchange();
      run.edit(run.berlin, document, { op: 'disable', path: '/gift' });
      run.edit(run.tokyo, document, { op: 'enable', path: '/gift' });
    },
    planted: (json) => ({ ...json, gift: false }),
  },
  'the earlier of two concurrent register writes': {
    tell: (run, document) => {
      run.edit(run.berlin, document, { op: 'set', path: '/status', value: 'early' });
      run.edit(run.tokyo, document, { op: 'set', path: '/status', value: 'late' });
    },
    planted: (json) => ({ ...json, status: 'early' }),
  },
  'one of two concurrent values where all are kept': {
    tell: (run, document) => {
      run.edit(run.berlin, document, { op: 'set', path: '/all', value: 1 });
      run.edit(run.tokyo, document, { op: 'set', path: '/all', value: 2 });
    },
    planted: (json) => ({ ...json, all: [2] }),
  },
  'a moved item twice': {
    tell: (run, document) => {
      run.edit(run.berlin, document, { op: 'insert', path: '/lines', index: 0, value: 'a' });
      run.edit(run.berlin, document, { op: 'insert', path: '/lines', index: 1, value: 'b' });
      run.exchange();
      run.edit(run.berlin, document, { op: 'move', path: '/lines', from: 0, to: 1 });
      run.edit(run.tokyo, document, { op: 'move', path: '/lines', from: 0, to: 1 });
    },
    planted: (json) => ({ ...json, lines: ['b', 'a', 'a'] }),
  },
  'a text with a character that was deleted': {
    tell: (run, document) => {
      run.edit(run.berlin, document, { op: 'insert', path: '/note', index: 0, text: 'abc' });
      run.exchange();
      run.edit(run.tokyo, document, { op: 'delete', path: '/note', index: 1, length: 1 });
    },
    planted: (json) => ({ ...json, note: 'abc' }),
  },
  'a text without a character that was inserted beside a deletion': {
    tell: (run, document) => {
      run.edit(run.berlin, document, { op: 'insert', path: '/note', index: 0, text: 'abc' });
      run.exchange();
      run.edit(run.berlin, document, { op: 'delete', path: '/note', index: 0, length: 3 });
      run.edit(run.tokyo, document, { op: 'insert', path: '/note', index: 1, text: 'x' });
    },
    planted: (json) => ({ ...json, note: '' }),
  },
};

describe.each(['carts/a', 'carts-automerge/a'])('%s', (document) => {
  test.each(Object.entries(stories))('[SIM23] %s is found', (_, { tell, planted }) => {
    const run = new ScriptedRun();
    tell(run, document);
    expectFound(checkModelViews, wrongView, { before: run.record(), after: run.record(document, planted) });
  });
});

test('[SIM23] a wrong view at a moment between is found', () => {
  const run = new ScriptedRun();
  run.edit(run.berlin, 'carts/a', { op: 'increment', path: '/stock', by: 2 });
  run.dump(run.berlin);
  run.edit(run.tokyo, 'carts/a', { op: 'increment', path: '/stock', by: 2 });
  const before = run.record();
  const planted = run.record('carts/a', (json) => ({ ...json, stock: 4 }));
  expect(checkModelViews(planted).map(({ details }) => details['region'])).toEqual(['berlin']);
  expect(checkModelViews(before)).toEqual([]);
});

test('[SIM23] an edit that must change something and was logged as changing nothing is found', () => {
  const run = new ScriptedRun();
  run.edit(run.berlin, 'carts/a', { op: 'set', path: '/status', value: 1 });
  const op = run.edit(run.berlin, 'carts/a', { op: 'enable', path: '/gift' });
  const before = run.record();
  const idle = logged({ ...op, writes: [] }, before.finalDumps[0]?.logs?.get(op.origin)?.[0]);
  const after = withFinal(
    run.record('carts/a', (json) => ({ ...json, gift: false })),
    (dump) => withLog(dump, op.origin, (dump.logs?.get(op.origin) ?? []).with(1, idle)),
  );
  expectFound(checkModelViews, 'ops contradict what their authors had seen', { before, after });
});

test('[SIM23] an op on a list item that its author had not seen is found', () => {
  const run = new ScriptedRun();
  run.edit(run.berlin, 'carts/a', { op: 'insert', path: '/lines', index: 0, value: 1 });
  run.exchange();
  const op = run.edit(run.tokyo, 'carts/a', { op: 'remove', path: '/lines', index: 0 });
  const before = run.record();
  const after = withFinal(before, (dump) => withLog(dump, op.origin, [logged({ ...op, dependencies: [] }, undefined)]));
  expectFound(checkModelViews, 'ops contradict what their authors had seen', { before, after });
});

test('[SIM23] a run that does not say what its documents are is found', () => {
  const { collections: _, ...after }: RunRecord = steadyRecord;
  expectFound(checkModelViews, 'the run does not say what its documents are', { after });
});
