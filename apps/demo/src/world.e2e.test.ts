import { expect, test } from 'vitest';
import { World } from './world.ts';

// A story goes on for a moment when it is ended by a signal, and so do the requests of a page.
test('[DEMO6] a region that is told to start while its world stops, or after, stays down', async () => {
  const world = await World.start();
  const { process } = world.region('tokyo');
  const stopped = world.stop();
  const restarted = process.restart().catch(({ code }) => code);
  await stopped;
  const started = process.start().catch(({ code }) => code);
  const outcomes = [await restarted, await started];
  const { state, pid } = process.view;
  await process.stop();
  expect({ outcomes, state, pid }).toEqual({ outcomes: Array(2).fill('region_state_conflict'), state: 'down', pid: undefined });
});
