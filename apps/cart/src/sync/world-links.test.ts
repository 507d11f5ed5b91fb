import { expect, test } from 'vitest';
import { linksText } from './world-links.ts';

test.each<[string[], string[], boolean, string]>([
  [[], [], false, 'All regions hear each other.'],
  [[], [], true, 'Some links are cut.'],
  [[], ['berlin'], true, 'Berlin is cut off.'],
  [['tokyo'], [], false, 'Tokyo does not answer.'],
  [['tokyo'], ['berlin'], true, 'Tokyo does not answer. Berlin is cut off.'],
  [['tokyo', 'new-york'], [], true, 'Tokyo and New York do not answer. Some links are cut.'],
])('[SHOP10] regions that do not run, %j, and are cut off, %j: in words', (silent, cutOff, isAnyCut, text) => {
  expect(linksText({ silent: new Set(silent), cutOff: new Set(cutOff), isAnyCut })).toBe(text);
});
