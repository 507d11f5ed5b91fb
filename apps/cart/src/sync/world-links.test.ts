import { expect, test } from 'vitest';
import { type LinkView, linksText } from './world-links.ts';

const link = (aToB: string, bToA: string, a = 'new-york'): LinkView => ({
  ...{ a, b: 'berlin', state: aToB === bToA ? aToB : 'one-way' },
  ...{ aToB: { state: aToB }, bToA: { state: bToA } },
});
const cut = link('cut', 'cut');

test.each<[string[], string[], LinkView[], string]>([
  [[], [], [], 'All regions hear each other.'],
  [[], [], [cut], 'New York and Berlin do not hear each other.'],
  [[], [], [link('up', 'cut')], 'Berlin hears New York, New York does not hear Berlin.'],
  [
    [],
    [],
    [link('cut', 'up'), link('cut', 'cut', 'tokyo')],
    'New York hears Berlin, Berlin does not hear New York. Tokyo and Berlin do not hear each other.',
  ],
  [[], ['berlin'], [cut], 'Berlin is cut off.'],
  [['tokyo'], [], [], 'Tokyo does not answer.'],
  [['tokyo'], ['berlin'], [cut], 'Tokyo does not answer. Berlin is cut off.'],
  [['tokyo', 'new-york'], [], [cut], 'Tokyo and New York do not answer. New York and Berlin do not hear each other.'],
])('[SHOP10] regions that do not run, %j, are cut off, %j, and links that are cut, %j: in words', (silent, cutOff, links, text) => {
  expect(linksText({ silent: new Set(silent), cutOff: new Set(cutOff), cut: links })).toBe(text);
});
