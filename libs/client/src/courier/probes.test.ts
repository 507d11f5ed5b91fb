// How far regions are found to be, on a clock and a network of the test's own.

import { ManualClock } from '@anabranch/base/testing';
import { expect, test } from 'vitest';
import { QuietPlatform } from '../testing/quiet-platform.ts';
import { Probes } from './probes.ts';
import { RegionChoice } from './region-choice.ts';
import { WallOffset } from './wall-offset.ts';

/** How long the next answers of a region take, in milliseconds: the last one again and again. `undefined`: there is none. */
type Answers = Array<number | undefined>;

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

test('[CLIENT35] the first session is opened when the first region has answered all, and with that one', async () => {
  const { clock, probes, chosen } = setup({ berlin: [70, 30, 30], tokyo: [60, 90, 90] });
  probes.start();
  await pass(clock, 125);
  expect(probes.hasAnswer).toBe(false);
  await pass(clock, 10);
  expect([probes.hasAnswer, chosen]).toEqual([true, [{ region: { name: 'berlin', url: 'http://berlin' } }]]);
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

test('[CLIENT35] a region that stops to answer within a round is not in reach', async () => {
  const { clock, probes, choice } = setup({ berlin: [5, undefined], tokyo: [10] });
  probes.start();
  await pass(clock, 1_000);
  expect(choice.view().map(({ name, isReachable }) => [name, isReachable])).toEqual([
    ['berlin', false],
    ['tokyo', true],
  ]);
  probes.stop();
});
