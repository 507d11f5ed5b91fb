// The events of a document beside what becomes durable while they are made.

import { silentLogger, silentMetrics } from '@anabranch/base';
import { decodeSessionToken, type SessionToken } from '@anabranch/causality';
import { parseDocumentId } from '@anabranch/protocol';
import { afterEach, expect, test } from 'vitest';
import type { StreamSink } from '../http/door-request.ts';
import { defaultServerLimits } from '../server-limits.ts';
import { linkRegions, nodeHash, realClock, TestRegion } from '../sync/testing/test-region.ts';
import { until } from '../sync/testing/until.ts';
import { DocumentEvents } from './document-events.ts';
import { EventStream } from './event-stream.ts';

const regions: TestRegion[] = [];
afterEach(async () => {
  for (const region of regions.splice(0)) await region.stop();
});

async function regionOf(name: string): Promise<TestRegion> {
  const region = await TestRegion.start({ region: name });
  regions.push(region);
  return region;
}

/** Commits wait until the answer is called. */
function holdCommits({ store }: TestRegion): () => void {
  let open: () => void = () => {};
  store.gate = new Promise((resolve) => {
    open = resolve;
  });
  return () => open();
}

const partsOf = ({ replica }: TestRegion) => ({
  ...{ replica, clock: realClock, hash: nodeHash, logger: silentLogger, metrics: silentMetrics, limits: defaultServerLimits },
});

const sinkOf = (written: string[]): StreamSink => ({
  write: (text) => written.push(text) > 0,
  end: () => {},
  cut: () => {},
  whenDrained: () => {},
  whenClosed: () => {},
});

test('[DOOR7] what becomes durable together with the write that an event waits for is told by another event', async () => {
  const [berlin, tokyo] = [await regionOf('berlin'), await regionOf('tokyo')];
  linkRegions(berlin, tokyo);
  await tokyo.edit('carts/warm', { op: 'insert', path: '/note', index: 0, text: 'w' });
  await until(() => berlin.opCount === 1, 'it arrives');
  const written: string[] = [];
  const sink = sinkOf(written);
  const stream = new EventStream(partsOf(berlin), parseDocumentId('carts/c1'), sink, () => {});
  const open = holdCommits(berlin);
  // The first commit is held up; the second one takes what is written here and what comes from the other region.
  const edits = [berlin.edit('carts/other', { op: 'insert', path: '/note', index: 0, text: 'o' })];
  await Promise.resolve();
  edits.push(berlin.edit('carts/c1', { op: 'increment', path: '/items/tea/qty', by: 1 }));
  await tokyo.edit('carts/c1', { op: 'increment', path: '/items/milk/qty', by: 1 });
  await until(() => berlin.replica.status().opsPending === 3, 'all wait');
  stream.resume();
  open();
  await Promise.all(edits);
  // Once a later edit is told, everything before it has been.
  await berlin.edit('carts/c1', { op: 'increment', path: '/items/salt/qty', by: 1 });
  await until(() => written.some((text) => text.includes('"salt":{"qty":1}')), 'the last edit is told');
  stream.close();
  const events = written.filter((text) => text.includes('data: '));
  expect(events.map((text) => JSON.parse(text.slice(text.indexOf('{'))).items)).toEqual([
    { tea: { qty: 1 } },
    { milk: { qty: 1 }, tea: { qty: 1 } },
    { milk: { qty: 1 }, salt: { qty: 1 }, tea: { qty: 1 } },
  ]);
  const tokens = events.map((text) => decodeSessionToken(text.slice(text.indexOf('id: ') + 4, text.indexOf('\ndata')) as SessionToken));
  expect(tokens.map((token) => token.get(tokyo.replica.origin))).toEqual([1, 2, 2]);
});

test('[DOOR7] what becomes durable while a stream is opened is told on it: the token that it begins with does not name it', async () => {
  const berlin = await regionOf('berlin');
  const open = holdCommits(berlin);
  // The first commit is held up; the second one takes what the reader waits for, and one edit more.
  const edits = [berlin.edit('carts/other', { op: 'insert', path: '/note', index: 0, text: 'o' })];
  await Promise.resolve();
  edits.push(berlin.edit('carts/c1', { op: 'increment', path: '/items/tea/qty', by: 1 }));
  const events = new DocumentEvents(partsOf(berlin));
  const parameters = new Map([
    ['collection', 'carts'],
    ['id', 'c1'],
  ]);
  const asked = events.route.handle({ method: 'GET', path: '', parameters, query: '', headers: {}, body: new Uint8Array() });
  await until(() => berlin.replica.status().opsPending === 2, 'both wait');
  edits.push(berlin.edit('carts/c1', { op: 'increment', path: '/items/milk/qty', by: 1 }));
  await until(() => berlin.replica.status().opsPending === 3, 'all wait');
  open();
  const { headers, body } = await asked;
  expect(decodeSessionToken(headers['anabranch-session'] as SessionToken).get(berlin.replica.origin)).toBe(2);
  const written: string[] = [];
  if (typeof body === 'function') body(sinkOf(written));
  await Promise.all(edits);
  await until(() => written.some((text) => text.includes('"milk":{"qty":1}')), 'the later edit is told');
  events.close();
});
