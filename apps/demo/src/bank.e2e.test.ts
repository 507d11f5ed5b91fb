import { expect, test } from 'vitest';
import { Program } from './testing/program.ts';

test('[DEMO8] the total never changes, through a partition and a kill, whatever transfers demand', async () => {
  const story = new Program('bank', ['--seed', '20260101']);
  expect(await story.whenEnded, story.output).toBe(0);
  expect(story.output).toContain('All 10 promises were kept.');
  expect(story.output).toMatch(/kill -9 after \d+ acknowledged transfers/);
  expect(story.output).toMatch(/hold them, of \d+ not yet/);
  expect(story.output).toMatch(/\d+ x the account has less than that/);
});
