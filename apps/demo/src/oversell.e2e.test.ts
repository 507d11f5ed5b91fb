import { expect, test } from 'vitest';
import { Program } from './testing/program.ts';

test('[DEMO7] a hundred units are sold a hundred times, to a thousand customers, through a partition and a kill', async () => {
  const story = new Program('oversell', ['--seed', '20260101']);
  expect(await story.whenEnded, story.output).toBe(0);
  expect(story.output).toContain('All 11 promises were kept.');
  expect(story.output).toContain('1000 orders: 100 sold, 900 turned away because nothing was left.');
  expect(story.output).toMatch(/kill -9 after \d+ acknowledged orders/);
  expect(story.output).toMatch(/\d+ x the rest is out of reach, as far as known: .*\d+ in /);
  expect(story.output).toMatch(/\d+ x all is sold: no rights are left in any region/);
});

test('[DEMO6] ended in the middle, it takes its regions along, and says that it did not come to the end', async () => {
  const story = new Program('oversell', ['--seed', '20260102']);
  await story.line(/Both links of Tokyo are black holes now/);
  expect(await story.stop(), story.output).toBe(1);
  expect(story.output).toContain('ended by a signal, before the end of the story');
  expect(story.output).not.toContain('promises were');
});

test('[DEMO7] wrong usage is told from a broken promise', async () => {
  const story = new Program('oversell', ['--units', '3']);
  expect(await story.whenEnded).toBe(2);
  expect(story.output).toContain('--units');
});
