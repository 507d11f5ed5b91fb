// A data folder that was copied and started a second time under the same name, while no peer heard the first: both write under
// one epoch. Drawn from seeds: how the first was lost, how much each of the two wrote, and which of the regions it is.

import type { OriginId } from '@anabranch/causality';
import { parseDocumentId } from '@anabranch/protocol';
import { expect, test } from 'vitest';
import { drawPlan, type SimulationPlan } from '../simulator/faults/simulation-plan.ts';
import { dumpWhole } from '../simulator/run/dump-region.ts';
import type { RegionHost, RunningReplica } from '../simulator/world/region-host.ts';
import { SimulatedWorld } from '../simulator/world/simulated-world.ts';
import { codeOf } from './linked-mesh.ts';

const cart = parseDocumentId('carts/d0');
const seeds = Array.from({ length: 5 }, (_, at) => at + 1);
/** Longer than a region waits before it dials a peer again that refused it. */
const redialMs = 20_000;

function planOf(seed: number): SimulationPlan {
  const calm = drawPlan({ seed, minutes: 1, plan: 'calm', regions: 3 });
  const links = calm.regions.flatMap((a, at) => calm.regions.slice(at + 1).map((b) => [a, b] as const));
  return { ...calm, topology: 'mesh', links, bothDial: true, isOneSided: false };
}

class Twins {
  readonly world: SimulatedWorld;
  readonly first: RegionHost;
  readonly others: readonly RegionHost[];
  readonly origin: OriginId;
  readonly copy: RegionHost;
  readonly regain: () => void;

  private constructor(world: SimulatedWorld, first: RegionHost, lost: { origin: OriginId; copy: RegionHost; regain: () => void }) {
    this.world = world;
    this.first = first;
    this.others = world.hosts.filter((host) => host !== first);
    this.origin = lost.origin;
    this.copy = lost.copy;
    this.regain = lost.regain;
  }

  /** Three regions, one of them lost to the others, and a copy of it in its place, under its epoch. */
  static async begin(seed: number): Promise<Twins> {
    const world = new SimulatedWorld(planOf(seed));
    const random = world.random('twins');
    for (const host of world.hosts) host.start();
    await world.clock.until(() => world.hosts.every(({ running }) => running?.replica.status().isWritable), 20_000, 'the regions start');
    const first = random.pick(world.hosts);
    for (const host of world.hosts) await add(world, host, 1 + random.below(3));
    await world.clock.until(() => haveConverged(world.hosts), 20_000, 'the regions converge');
    await world.clock.advance(1_000);
    const { origin } = runningOf(first).replica;
    const regain = random.chance(0.5) ? pause(first) : cutOff(world, first);
    await world.clock.advance(1_000 + random.below(4_000));
    let isWritable = false;
    const copy = world.copy(first, () => {
      isWritable = true;
    });
    copy.start();
    await world.clock.until(() => isWritable, 20_000, 'the copy takes writes');
    return new Twins(world, first, { origin, copy, regain });
  }

  /** The copy has written; the region comes back, and writes before anybody speaks to it. */
  async contradict(seqs: { readonly first: number; readonly copy: number }): Promise<void> {
    const { world, first, copy, others } = this;
    for (let count = seqs.copy; count > 0; count--) await add(world, copy, 100);
    await world.clock.until(() => haveConverged([copy, ...others]), 20_000, 'the copy is heard');
    if (first.process?.isPaused) this.regain();
    for (let count = seqs.first; count > 0; count--) await add(world, first, 10_000);
    this.regain();
  }

  end(): void {
    this.copy.downs += 1;
    this.copy.kill();
    this.world.copies.delete(this.copy);
  }
}

test.each(seeds)(
  '[LOG16] of two that wrote under one epoch, the one that no peer heard is fenced, and nothing of the other is lost (seed %s)',
  async (seed) => {
    const twins = await Twins.begin(seed);
    const { world, first, copy, others, origin } = twins;
    expect(runningOf(copy).replica.origin, 'nobody spoke against it').toBe(origin);
    const random = world.random('writes');
    await twins.contradict({ first: 1 + random.below(4), copy: 1 + random.below(4) });
    const kept = Object.values(await logsOf(copy)).flat();
    await world.clock.until(() => (world.sometimes.counts()['copy_refused'] ?? 0) > 0, redialMs, 'peers refuse the first');
    for (const other of others) expect(await shownOf(other)).toEqual(await shownOf(copy));

    twins.end();
    await world.clock.until(() => quarantinedAt(first).includes(origin), redialMs, 'the first is fenced');
    const { isWritable, notWritableReason } = runningOf(first).replica.status();
    expect([isWritable, notWritableReason]).toEqual([false, 'peers hold another log under a name of this region']);
    expect(await refusalOf(world, first)).toBe('not_ready');
    for (const other of others) expect(Object.values(await logsOf(other)).flat()).toEqual(expect.arrayContaining(kept));

    await recover(world);
    expect(Object.values(await logsOf(first)).flat()).toEqual(expect.arrayContaining(kept));
    expect(world.defects).toEqual([]);
  },
);

test.each(seeds)(
  '[LOG16] a region that wrote nothing while its copy did goes on under a new epoch and takes what the copy wrote (seed %s)',
  async (seed) => {
    const twins = await Twins.begin(seed);
    const { world, first, origin } = twins;
    await twins.contradict({ first: 0, copy: 1 + world.random('writes').below(4) });
    const kept = Object.values(await logsOf(twins.copy)).flat();
    twins.end();
    await world.clock.until(() => runningOf(first).replica.status().isWritable && haveConverged(world.hosts), redialMs, 'all converge');
    await world.clock.until(() => runningOf(first).replica.origin !== origin, redialMs, 'it takes a new epoch');
    await add(world, first, 1);
    await world.clock.until(() => haveConverged(world.hosts), redialMs, 'all converge');
    for (const host of world.hosts) {
      expect(quarantinedAt(host)).toEqual([]);
      expect(Object.values(await logsOf(host)).flat()).toEqual(expect.arrayContaining(kept));
    }
    expect(world.defects).toEqual([]);
  },
);

test.each(seeds)(
  '[LOG16] where one region heard the one and one the other, no log changes, and the origin is set aside (seed %s)',
  async (seed) => {
    const twins = await Twins.begin(seed);
    const { world, first, copy, others, origin } = twins;
    const [left, right] = others;
    if (left === undefined || right === undefined) throw new Error('there are three regions');
    const random = world.random('writes');
    const heals = [cut(world, copy, left), cut(world, first, right), cut(world, left, right)];
    await world.clock.advance(5_000);
    twins.regain();
    for (let count = 1 + random.below(4); count > 0; count--) await add(world, copy, 100);
    for (let count = 1 + random.below(4); count > 0; count--) await add(world, first, 10_000);
    await world.clock.until(() => haveConverged([first, left]) && haveConverged([copy, right]), 40_000, 'each is heard');
    const before = await Promise.all(world.hosts.map(logsOf));

    for (const heal of heals) heal();
    twins.end();
    await world.clock.until(() => world.hosts.some((host) => quarantinedAt(host).includes(origin)), 2 * redialMs, 'somebody sets it aside');
    const after = await Promise.all(world.hosts.map(logsOf));
    expect(after.map((logs) => logs[origin])).toEqual(before.map((logs) => logs[origin]));
    await recover(world);
    expect(world.defects).toEqual([]);
  },
);

/** What operators do: the region that is fenced begins again; others that set an origin aside, when a restart has not mended it. */
async function recover(world: SimulatedWorld): Promise<void> {
  const { hosts, clock } = world;
  const areAside = (): readonly RegionHost[] => hosts.filter((host) => quarantinedAt(host).length > 0);
  for (let round = 1; areAside().length > 0; round++) {
    if (round > 3) throw new Error(`still set aside: ${areAside().map(({ place }) => place)}`);
    for (const host of areAside()) {
      const isFenced = quarantinedAt(host).some((origin) => origin.startsWith(`${host.region}.`));
      host.crash();
      if (isFenced || round > 1) await host.replaceDisk('wipe', new Map());
    }
    for (const host of hosts) host.start();
    await clock.until(() => haveConverged(hosts) || (areAside().length > 0 && hosts.every(isSettled)), 60_000, 'all converge');
    await clock.advance(redialMs);
  }
  await clock.until(() => haveConverged(hosts), 60_000, 'all converge');
  const [log, ...logs] = await Promise.all(hosts.map((host) => settled(world, logsOf(host))));
  for (const other of logs) expect(other).toEqual(log);
}

function isSettled({ running }: RegionHost): boolean {
  return running !== undefined;
}

function cut(world: SimulatedWorld, a: RegionHost, b: RegionHost): () => void {
  const lanes = [world.wire.lane(a.place, b.place) ?? [], world.wire.lane(b.place, a.place) ?? []].flat();
  const heals = lanes.map((lane) => lane.cut());
  return () => {
    for (const heal of heals) heal();
  };
}

function runningOf({ running, place }: RegionHost): RunningReplica {
  if (running === undefined) throw new Error(`${place} does not run`);
  return running;
}

function pause(host: RegionHost): () => void {
  const process = host.process;
  process?.pause();
  return () => process?.isPaused && process.resume();
}

function cutOff(world: SimulatedWorld, host: RegionHost): () => void {
  const heals = world.hosts.map((other) => cut(world, host, other));
  return () => {
    for (const heal of heals) heal();
  };
}

/** Awaits in virtual time. */
async function settled<T>({ clock }: SimulatedWorld, work: Promise<T>): Promise<T> {
  let isOver = false;
  const note = (): void => {
    isOver = true;
  };
  work.then(note, note);
  await clock.until(() => isOver, 20_000, 'it ends');
  return work;
}

async function add(world: SimulatedWorld, host: RegionHost, by: number): Promise<void> {
  await settled(world, runningOf(host).replica.edit({ document: cart, plan: () => [{ op: 'increment', path: '/stock', by }] }));
}

function refusalOf(world: SimulatedWorld, host: RegionHost): Promise<string> {
  return codeOf(add(world, host, 1));
}

async function shownOf(host: RegionHost): Promise<unknown> {
  return (await runningOf(host).replica.read(cart)).json;
}

/** By origin, each op as its name and its hash. */
async function logsOf(host: RegionHost): Promise<Record<string, readonly string[]>> {
  const { logs } = await dumpWhole(runningOf(host), 0);
  return Object.fromEntries([...(logs ?? [])].map(([origin, ops]) => [origin, ops.map(({ seq, opHash }) => `${origin} ${seq} ${opHash}`)]));
}

function quarantinedAt({ running }: RegionHost): readonly string[] {
  return running?.replica.status().quarantinedOrigins ?? [];
}

function haveConverged(hosts: readonly RegionHost[]): boolean {
  const [version, ...others] = hosts.map(({ running }) => running?.replica.version);
  return version !== undefined && others.every((other) => other?.equals(version));
}
