// How far regions are found to be, on a clock and a network of the test's own.

import { ManualClock } from '@anabranch/base/testing';
import { expect, test } from 'vitest';
import { QuietPlatform } from '../testing/quiet-platform.ts';
import { Probes } from './probes.ts';
import { RegionChoice } from './region-choice.ts';
import { WallOffset } from './wall-offset.ts';

/**
 * How long the next answers of a region take, in milliseconds: the last one again and again. `undefined`: there is none;
 * `unready`: it takes no writes.
 */
type Answers = Array<number | undefined | 'unready'>;

/** Lets time pass, and what was waited for go on meanwhile. */
async function pass(clock: ManualClock, ms: number): Promise<void> {
  const endMs = clock.monotonicMs() + ms;
  for (;;) {
    await new Promise((resolve) => setImmediate(resolve));
    const nextMs = clock.monotonicMs() + (clock.nextAfterMs ?? Number.POSITIVE_INFINITY);
    clock.advance(Math.min(nextMs, endMs) - clock.monotonicMs());
    if (nextMs > endMs) return;
  }
}

function setup(answers: Readonly<Record<string, Answers>>) {
  const clock = new ManualClock();
  const platform = Object.assign(new QuietPlatform(), {
    clock,
    sendHttp: ({ url }: { readonly url: string }) => {
      const left = answers[new URL(url).hostname] ?? [];
      const afterMs = left.length > 1 ? left.shift() : left[0];
      if (afterMs === undefined) return Promise.reject(new Error('no answer'));
      if (afterMs === 'unready') return Promise.resolve({ status: 503, text: '', header: () => undefined });
      const answer = { status: 200, text: '', header: () => undefined };
      return new Promise<typeof answer>((resolve) => void clock.setTimer(afterMs, () => resolve(answer)));
    },
  });
  const regions = Object.keys(answers).map((name) => ({ name, url: `http://${name}` }));
  const choice = new RegionChoice(regions, clock, platform.random);
  const chosen: unknown[] = [];
  let isFirst = true;
  const probes = new Probes(platform, { choice, offset: new WallOffset() }, () => {
    chosen.push(isFirst ? choice.next() : choice.nearerThan('berlin')?.name);
    isFirst = false;
  });
  const distances = (): unknown => Object.fromEntries(choice.view().map(({ name, roundTripMs }) => [name, roundTripMs]));
  return { clock, probes, chosen, choice, distances };
}

test('[CLIENT35] how far a region is, is the shortest of several answers: not how long it took to connect', async () => {
  const { clock, probes, distances, choice } = setup({ berlin: [122, 4, 3], tokyo: [29, 31, 30] });
  probes.start();
  await pass(clock, 200);
  expect(distances()).toEqual({ berlin: 3, tokyo: 29 });
  expect(choice.next()).toMatchObject({ region: { name: 'berlin' } });
  probes.stop();
});

const begun = (name: string) => [{ region: { name, url: `http://${name}` } }];

test('[CLIENT35] the first session is with the nearest, not with the one that was quickest to connect with', async () => {
  const { clock, probes, chosen } = setup({ berlin: [122, 4, 3], tokyo: [29, 31, 30] });
  probes.start();
  await pass(clock, 128);
  expect(probes.hasAnswer).toBe(false);
  await pass(clock, 2);
  expect(chosen.slice(0, 1)).toEqual(begun('berlin'));
  probes.stop();
});

test('[CLIENT35] the first session is opened as soon as no other region can be nearer', async () => {
  const { clock, probes, chosen } = setup({ berlin: [70, 30, 30], tokyo: [60, 85, 90] });
  probes.start();
  await pass(clock, 140);
  expect(probes.hasAnswer).toBe(false);
  await pass(clock, 10);
  expect([probes.hasAnswer, chosen]).toEqual([true, begun('berlin')]);
  probes.stop();
});

test.each([
  ['as long as the first one took', [20, 10, 10], 80],
  ['and not for long', [400, 150, 150], 1_000],
] as const)('[CLIENT35] a slow region is waited for, before the first session is opened: %s', async (_, answers, withinMs) => {
  const { clock, probes, chosen, choice } = setup({ tokyo: [5_000], 'new-york': [2_500], berlin: [...answers] });
  probes.start();
  await pass(clock, withinMs - 1);
  expect(probes.hasAnswer).toBe(false);
  await pass(clock, 2);
  expect([probes.hasAnswer, chosen]).toEqual([true, begun('berlin')]);
  expect(choice.view().map(({ isReachable }) => isReachable)).toEqual([undefined, undefined, true]);
  probes.stop();
});

test('[CLIENT35] what was answered until then counts, of a region that has not answered all', async () => {
  const { clock, probes, chosen } = setup({ berlin: [30, 5, 5_000], tokyo: [10, 10, 10] });
  probes.start();
  await pass(clock, 61);
  expect(chosen).toEqual(begun('berlin'));
  probes.stop();
});

test('[CLIENT35] a client stays where it is for one bad measure, and moves to what is clearly nearer twice in a row', async () => {
  const slow = [90, 90, 90];
  const { clock, probes, chosen } = setup({ berlin: [8, 8, 8, ...slow, 8, 8, 8, ...slow], tokyo: [10] });
  probes.start();
  await pass(clock, 1_000);
  expect(chosen.splice(0)).toEqual([{ region: { name: 'berlin', url: 'http://berlin' } }, undefined]);
  for (const moved of [undefined, undefined, undefined, 'tokyo']) {
    probes.ask();
    await pass(clock, 1_000);
    expect(chosen.splice(0)).toEqual([moved]);
  }
  probes.stop();
});

test('[CLIENT35] a region is in reach when it answers once in a round, unless it says that it takes no writes', async () => {
  const { clock, probes, choice } = setup({
    berlin: [5, undefined],
    tokyo: [undefined, 10],
    'new-york': [undefined],
    oslo: [5, 'unready'],
  });
  probes.start();
  await pass(clock, 1_000);
  expect(choice.view().map(({ name, isReachable }) => [name, isReachable])).toEqual([
    ['berlin', true],
    ['tokyo', true],
    ['new-york', false],
    ['oslo', false],
  ]);
  probes.stop();
});

test('[CLIENT35] a region is left for one of which nothing bad is known, also before that has answered all', async () => {
  const { clock, probes, choice } = setup({ berlin: [5], tokyo: [undefined], 'new-york': [5_000] });
  expect(choice.isToBeLeft('berlin')).toBe(false);
  choice.avoid('berlin');
  expect(choice.isToBeLeft('berlin')).toBe(true);
  probes.start();
  await pass(clock, 1_000);
  expect(choice.isToBeLeft('berlin')).toBe(true);
  expect(choice.next()).toMatchObject({ region: { name: 'new-york' } });
  choice.failed('new-york');
  expect(choice.isToBeLeft('berlin')).toBe(false);
  choice.avoid('new-york');
  expect(choice.isToBeLeft('new-york')).toBe(false);
  probes.stop();
});
