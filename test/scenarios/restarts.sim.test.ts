// Two processes under one region's name, as its peers see them: a region that is back before they have noticed that it was gone,
// and one whose store was copied and runs twice.

import { expect, test } from 'vitest';
import { drawPlan, type SimulationPlan } from '../simulator/faults/simulation-plan.ts';
import type { RegionHost } from '../simulator/world/region-host.ts';
import { SimulatedWorld } from '../simulator/world/simulated-world.ts';

const seeds = Array.from({ length: 10 }, (_, at) => at + 1);
const linkedMsMax = 3_000;

function planOf(seed: number): SimulationPlan {
  const calm = drawPlan({ seed, minutes: 1, plan: 'calm', regions: 3 });
  const links = calm.regions.flatMap((a, at) => calm.regions.slice(at + 1).map((b) => [a, b] as const));
  return { ...calm, topology: 'mesh', links, bothDial: seed % 2 === 0, isOneSided: false };
}

test.each(seeds)(
  '[LINK7] a region that is back while its old link is still heard is refused, and linked to all peers soon after (seed %s)',
  async (seed) => {
    const world = new SimulatedWorld(planOf(seed));
    const { clock, hosts } = world;
    for (const host of hosts) host.start();
    const refusals = (): number => world.sometimes.counts()['copy_refused'] ?? 0;
    await clock.until(() => hosts.every(isLinked), 20_000, 'all are linked');
    await clock.advance(1_000);
    const back = diallerOf(world);
    for (let tries = 1; refusals() === 0; tries++) {
      expect(tries, 'a peer hears its old link').toBeLessThan(20);
      back.crash();
      back.start();
      await clock.until(() => isLinked(back) || refusals() > 0, 5_000, 'it is linked or refused');
      if (refusals() === 0) await clock.advance(1_000);
    }
    await clock.until(() => hosts.every(isLinked), linkedMsMax, 'all are linked again');
    expect(world.defects).toEqual([]);
  },
);

test.each(seeds.slice(0, 4))(
  '[LINK7] of a region and its running copy the one that peers refuse says so in its log and status (seed %s)',
  async (seed) => {
    const world = new SimulatedWorld(planOf(seed));
    const { clock, hosts, trace } = world;
    const complaints: string[] = [];
    trace.onLine = (line) => {
      if (line.includes(' error region.duplicated ')) complaints.push(line);
    };
    for (const host of hosts) host.start();
    await clock.until(() => hosts.every(isLinked), 20_000, 'all are linked');
    const first = diallerOf(world);
    const copy = world.copy(first, () => {});
    copy.start();
    const refusals = (): string[] => copy.running?.replica.status().peers.flatMap(({ lastError = '' }) => lastError) ?? [];
    const areAllRefused = (): boolean =>
      refusals().length > 0 && refusals().every((error) => error.startsWith('region_duplicate: another process'));
    await clock.until(() => complaints.length > 1 && areAllRefused(), 60_000, 'the copy says what is wrong');
    for (const line of complaints) expect(line).toContain(copy.place);
    expect(isLinked(first)).toBe(true);
    expect(world.defects).toEqual([]);
  },
);

/** The first by name dials both others, in every plan. */
function diallerOf({ hosts }: SimulatedWorld): RegionHost {
  return hosts.reduce((first, host) => (host.region < first.region ? host : first));
}

function isLinked({ running }: RegionHost): boolean {
  const peers = running?.replica.status().peers ?? [];
  return peers.length === 2 && peers.every(({ linkState }) => linkState === 'connected');
}
