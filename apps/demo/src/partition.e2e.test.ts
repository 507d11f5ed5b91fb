import { expect, test } from 'vitest';
import { Program } from './testing/program.ts';

test('[DEMO5] the story of the partition ends with every promise kept', async () => {
  const story = new Program('partition', ['--seed', '20260101']);
  expect(await story.whenEnded, story.output).toBe(0);
  expect(story.output).toContain('All 9 promises were kept.');
  expect(story.output).toMatch(/kill -9 after \d+ acknowledged orders/);
});

test('[DEMO6] a story whose terminal is closed ends as on Ctrl-C', async () => {
  const story = new Program('partition', []);
  await story.line(/Tokyo is cut off/);
  expect(await story.stop('SIGHUP')).toBe(1);
  expect(story.output).toContain('ended by a signal, before the end of the story');
});

test('[DEMO6] a story that is ended while its regions start says so, and nothing else', async () => {
  const story = new Program('partition', []);
  await story.line(/Starting New York/);
  expect(await story.stop()).toBe(1);
  const lines = story.output.split('\n').filter((line) => line !== '');
  expect(lines.slice(1)).toEqual(['ended by a signal, before the end of the story']);
});
