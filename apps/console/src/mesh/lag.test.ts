import { expect, test } from 'vitest';
import { parseStatus } from '../api/region-api.ts';
import { differencesOf } from '../diff/json-diff.ts';
import { arcBetween, linkLabel, linkTone } from '../views/link-geometry.ts';
import { pairLags } from './lag.ts';
import { hearingText } from './link-text.ts';
import { addSample, emptySeries, samplesMax } from './series.ts';

const berlin = parseStatus({
  region: 'berlin',
  versionVector: { 'berlin.1': 5, 'tokyo.1': 2 },
  lag: [{ origin: 'tokyo.1', ops: 0, ms: 1_500 }],
});
const tokyo = parseStatus({ region: 'tokyo', versionVector: { 'berlin.1': 5, 'tokyo.1': 9 }, lag: 'nonsense' });

test('[CONSOLE6] what a region misses is seen from above, whatever it knows itself', () => {
  expect(pairLags([berlin, tokyo])).toEqual([
    { from: 'tokyo', at: 'berlin', ops: 7, ms: 1_500 },
    { from: 'berlin', at: 'tokyo', ops: 0, ms: 0 },
  ]);
});

test('[CONSOLE4] only collections with fields are asked for conflicts', () => {
  const { typedCollections } = parseStatus({ collections: { carts: 'yjs', notes: 'yjs' }, freeformCollections: ['notes'] });
  expect(typedCollections).toEqual(['carts']);
});

test('[CONSOLE6] samples are a bounded window, with gaps for regions that are not heard of', () => {
  const heard = { name: 'berlin', status: berlin, heardMs: 0 };
  let series = addSample(emptySeries, [heard, { name: 'tokyo', status: tokyo, heardMs: 0 }], 1_000);
  expect(series.lagOps.get('tokyo > berlin')).toEqual([7]);
  series = addSample(
    series,
    [
      { ...heard, heardMs: 9_000 },
      { name: 'tokyo', status: tokyo, heardMs: 0 },
    ],
    9_000,
  );
  expect(series.lagOps.get('tokyo > berlin')).toEqual([7, null]);
  expect(series.opsPerSecond.get('berlin')).toEqual([null, 0]);
  for (let at = 0; at < 300; at++) series = addSample(series, [heard], 10_000 + at * 1_000);
  expect([series.times.length, series.opsPerSecond.get('berlin')?.length]).toEqual([samplesMax, samplesMax]);
});

test('[CONSOLE6] views differ in the fields in which they differ, and in no other', () => {
  expect(
    differencesOf([
      { a: 1, b: { c: [1, 2] } },
      { b: { c: [1, 2] }, a: 1 },
    ]),
  ).toEqual([]);
  expect(differencesOf([{ a: 1, 'x/y': 1 }, { a: 2 }, {}])).toEqual([
    { path: '/a', values: [1, 2, undefined] },
    { path: '/x~1y', values: [1, undefined, undefined] },
  ]);
  expect(differencesOf([{ a: { b: 1 } }, { a: { b: 2 } }])).toEqual([{ path: '/a/b', values: [1, 2] }]);
});

test('[CONSOLE6] a link is drawn as a curve with its middle on it, and named by what is cut', () => {
  const { middle } = arcBetween({ x: 0, y: 100 }, { x: 100, y: 100 });
  expect([middle.x, middle.y]).toEqual([50, 88]);
  expect(arcBetween({ x: 0, y: 100 }, { x: 500, y: 100 }).middle).toEqual({ x: 250, y: 160 });
  const way = (state: string, delayMs: number) => ({ state, delayMs });
  const link = (a: string, b: string) => ({ a: 'x', b: 'y', aToB: way(a, 40), bToA: way(b, 85) });
  expect([linkTone(link('up', 'up')), linkLabel(link('up', 'up'))]).toEqual(['good', '40/85 ms']);
  expect([linkTone(link('cut', 'up')), linkLabel(link('cut', 'up'))]).toEqual(['warn', 'only x hears y']);
  expect([linkTone(link('cut', 'cut')), linkLabel(link('cut', 'cut'))]).toEqual(['bad', 'cut']);
  const silent = new Set(['y']);
  expect([linkTone(link('up', 'up'), silent), linkLabel(link('up', 'up'), silent)]).toEqual(['idle', 'no answer']);
  expect(linkLabel(link('cut', 'cut'), silent)).toBe('cut');
  expect(linkTone(link('up', 'up'), new Set(['z']))).toBe('good');
  expect(linkLabel(link('up', 'cut'))).toBe('only y hears x');
  const words = [link('up', 'up'), link('cut', 'cut'), link('cut', 'up'), link('up', 'cut')].map(hearingText);
  expect(words).toEqual([
    'x and y hear each other',
    'x and y do not hear each other',
    'x hears y, y does not hear x',
    'y hears x, x does not hear y',
  ]);
});
