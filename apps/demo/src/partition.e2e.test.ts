import { expect, test } from 'vitest';
import { Program } from './testing/program.ts';

test('[DEMO5] the story of the partition ends with every promise kept', async () => {
  const story = new Program('partition', ['--seed', '20260101']);
  expect(await story.whenEnded, story.output).toBe(0);
  expect(story.output).toContain('All 9 promises were kept.');
  expect(story.output).toMatch(/kill -9 after \d+ acknowledged orders/);
});
