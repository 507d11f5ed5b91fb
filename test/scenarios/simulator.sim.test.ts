// The simulator on a few seeds, always the same and fresh ones; `npm run sim` runs many. What failed once is in the corpus
// (corpus.sim.test.ts).

import { describe, expect, test, vi } from 'vitest';
import { drawPlan, type PlanOptions } from '../simulator/faults/simulation-plan.ts';
import { commandOf } from '../simulator/run/sim-options.ts';
import { hold } from './hold-plan.ts';

/** A machine that is busy with other things takes many times what a run takes. */
vi.setConfig({ testTimeout: 180_000 });

const fixed: readonly PlanOptions[] = [
  { seed: 1, minutes: 1, plan: 'swarm' },
  { seed: 12, minutes: 1, regions: 3, plan: 'crash' },
  { seed: 3, minutes: 1, regions: 3, plan: 'partition' },
  { seed: 4, minutes: 1, regions: 3, plan: 'disk' },
  { seed: 5, minutes: 1, regions: 3, plan: 'setback' },
  { seed: 6, minutes: 1, regions: 3, plan: 'clock' },
];
/** A seed with clients of both kinds. */
const withClients = 42;
/** A seed with two devices that are treated roughly. */
const withDevices = 25;
/** A seed with a stranger, and regions that take few sessions. */
const withStrangers = 32;
const baseSeed = Date.now() % 2 ** 31;
const fresh: readonly PlanOptions[] = [0, 1].map((at) => ({ seed: baseSeed + at, minutes: 0.5, plan: 'swarm' }));

describe('the simulator', () => {
  test.each(fixed)('[SIM6] seed $seed holds every promise under the plan $plan', async (options) => {
    const { acknowledgedEdits } = await hold(options);
    expect(acknowledgedEdits).toBeGreaterThan(10);
  });

  test.each(fresh)('[SIM6] a fresh seed, $seed, holds every promise', async (options) => {
    console.log(`fresh seed: ${commandOf(options)}`);
    await hold(options);
  });

  test('[SIM1] a seed run twice leaves one trace, and another seed another', async () => {
    // Without devices: the test runner takes real time for what their client imports when it is needed. The compiled simulator
    // repeats them too (simulator.e2e.test.ts).
    let seed = baseSeed;
    while (drawPlan({ seed, minutes: 0.3 }).devices.length > 0) seed += 1;
    const options: PlanOptions = { seed, minutes: 0.3, plan: 'swarm' };
    const [first, again, other] = [await hold(options), await hold(options), await hold({ ...options, seed: seed + 7 })];
    expect(again.traceHash).toBe(first.traceHash);
    expect(again.acknowledgedEdits).toBe(first.acknowledgedEdits);
    expect(other.traceHash).not.toBe(first.traceHash);
  });

  test('[SIM11] clients at sessions and at the Yjs door edit, come back and end with one content', async () => {
    const { plan, counts } = await hold({ seed: withClients, minutes: 0.5, regions: 3, plan: 'crash' });
    expect(plan.doorClients).toBeGreaterThan(0);
    expect(plan.sessionClients).toBeGreaterThan(0);
    expect(counts['door_opened']).toBeGreaterThan(0);
    expect(counts['session_resumed']).toBeGreaterThan(0);
  });

  test('[SIM13] devices write, are killed, put back and cut off, and end with what regions hold', async () => {
    const { plan, counts } = await hold({ seed: withDevices, minutes: 1, regions: 3, plan: 'crash' });
    expect(plan.devices.length).toBeGreaterThan(0);
    for (const branch of [
      'device_write_acknowledged',
      'device_killed',
      'device_put_back',
      'device_cut',
      'device_moved',
      'device_submitted',
    ]) {
      expect(counts[branch], branch).toBeGreaterThan(0);
    }
  });

  test('[SIM14] strangers are refused, and everybody else keeps every promise', async () => {
    const { plan, counts } = await hold({ seed: withStrangers, minutes: 1, regions: 3, plan: 'partition' });
    expect(plan.vandals).toBeGreaterThan(0);
    expect(counts['poison_refused']).toBeGreaterThan(0);
    expect(counts['poison_too_large']).toBeGreaterThan(0);
    expect(counts['session_turned_away']).toBeGreaterThan(0);
  });

  test('[SIM8] a fault that is left out leaves the others as they were', () => {
    const whole = drawPlan({ seed: baseSeed, minutes: 5, plan: 'swarm' });
    const keep = whole.faults.filter(({ id }) => id % 2 === 0).map(({ id }) => id);
    const part = drawPlan({ seed: baseSeed, minutes: 5, plan: 'swarm', keep });
    expect(part.faults).toEqual(whole.faults.filter(({ id }) => keep.includes(id)));
    expect({ ...part, faults: [], options: {} }).toEqual({ ...whole, faults: [], options: {} });
  });
});
