// One run from its plan to what the checkers say of it.
//
//   regions start --> anything goes, clients at work --> a core is healed: it converges in bound --> all is healed: all
//   converge in bound --> damaged disks are replaced --> dump --> check
//
// Invariant 1: nothing but the plan decides what happens: equal plans, equal traces.

import { trapGlobals } from '../traps/global-traps.ts';
import { isAnabranchError } from '@anabranch/base';
import { checkRun } from '../checkers/check-run.ts';
import type { Violation } from '../checkers/violation.ts';
import { FaultInjector } from '../faults/fault-injector.ts';
import type { SimulationPlan } from '../faults/simulation-plan.ts';
import { drawCore } from '../faults/topology.ts';
import type { RegionDump, RunRecord } from '../history.ts';
import { simulatedCollections } from '../world/collections.ts';
import type { RegionHost } from '../world/region-host.ts';
import { SimulatedWorld } from '../world/simulated-world.ts';
import { dumpNow, dumpWhole } from './dump-region.ts';
import { startWorkload, type Workload } from './workload.ts';

export interface RunResult {
  readonly plan: SimulationPlan;
  readonly violations: readonly Violation[];
  readonly traceHash: string;
  readonly traceLines: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly acknowledgedEdits: number;
  readonly operations: number;
  readonly virtualMs: number;
  readonly events: number;
}

/** How long regions that were healed may take to hold the same. */
const boundMs = 30_000;
const startMsMax = 20_000;
/** How often, on average, a region is looked at on the way, and at how many documents. */
const dumpEveryMs = 20_000;
const dumpDocumentsMax = 3;

export async function runPlan(plan: SimulationPlan, onLine?: (line: string) => void): Promise<RunResult> {
  const world = new SimulatedWorld(plan);
  world.trace.onLine = onLine;
  const run = new SeedRun(world);
  const onRejection = (reason: unknown): void =>
    world.onDefect(`a promise was rejected and nobody listened: ${reason instanceof Error ? reason.stack : String(reason)}`);
  const { clock } = world;
  const random = world.random('libraries');
  const release = trapGlobals({
    wallMs: () => clock.wallMs(),
    monotonicMs: () => clock.monotonicMs(),
    u32: () => random.u32(),
    setTimer: (afterMs, callback) => clock.setTimer(afterMs, callback),
    onTrapped: world.onDefect,
  });
  process.on('unhandledRejection', onRejection);
  try {
    await run.toTheEnd();
  } finally {
    release();
    process.off('unhandledRejection', onRejection);
  }
  return run.result();
}

class SeedRun {
  readonly #world: SimulatedWorld;
  readonly #injector: FaultInjector;
  readonly #dumps: RegionDump[] = [];
  readonly #violations: Violation[] = [];
  #finalDumps: RegionDump[] = [];
  #workload: Workload | undefined;
  #times: Partial<Pick<RunRecord, 'healedCoreAtMs' | 'convergedAtMs'>> = {};

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#injector = new FaultInjector(world);
  }

  async toTheEnd(): Promise<void> {
    const { hosts, clock, plan } = this.#world;
    for (const host of hosts) host.start();
    if (!(await this.#within(startMsMax, 'the regions start', () => areWritable(hosts)))) return;
    const workload = startWorkload(this.#world);
    this.#workload = workload;
    this.#injector.schedule();
    this.#dumpNowAndThen(workload);
    await clock.advance(plan.options.minutes * 60_000);
    workload.end();
    if (!(await this.#healCore())) return;
    if (!(await this.#within(boundMs, 'the last operations end', () => workload.isIdle))) return;
    await this.#dumpAtTheEnd();
  }

  result(): RunResult {
    const { plan, trace, sometimes, clock, defects } = this.#world;
    const found = defects.map((message) => ({ checker: 'defects', message, details: {} }));
    const isWhole = this.#finalDumps.length === this.#world.hosts.length;
    return {
      plan,
      violations: [...found, ...this.#violations, ...(isWhole ? checkRun(this.record()) : [])],
      traceHash: trace.hash,
      traceLines: trace.lastLines(),
      counts: sometimes.counts(),
      acknowledgedEdits: this.#workload?.recorder.acknowledgedEdits ?? 0,
      operations: this.#workload?.recorder.events.filter(({ type }) => type === 'invoke').length ?? 0,
      virtualMs: clock.monotonicMs(),
      events: clock.events,
    };
  }

  record(): RunRecord {
    return {
      seed: this.#world.plan.options.seed,
      history: this.#workload?.recorder.events ?? [],
      regionEvents: this.#world.regionEvents,
      dumps: this.#dumps,
      finalDumps: this.#finalDumps,
      collections: simulatedCollections,
      boundMs,
      ...this.#times,
    };
  }

  /** Heals a part of the regions, which must converge without the others; then everything. */
  async #healCore(): Promise<boolean> {
    const { plan, clock, sometimes, trace } = this.#world;
    const random = this.#world.random('core');
    const healthy = plan.regions.filter((region) => !this.#injector.rotted.has(region));
    const names = healthy.length < 2 ? plan.regions : drawCore(random, plan.regions, plan.links);
    const core = names.some((region) => this.#injector.rotted.has(region)) ? plan.regions : names;
    if (core.length < plan.regions.length) sometimes.hit('core_smaller_than_mesh');
    const rejoin = this.#cutOff(core, random.chance(0.5));
    this.#injector.heal();
    const hosts = this.#startAll(core);
    this.#times = { ...this.#times, healedCoreAtMs: clock.monotonicMs() };
    trace.note(`HEAL ${core.join(' ')}`);
    if (!(await this.#within(boundMs, `${core.join(', ')} converge`, () => haveConverged(hosts)))) return false;
    this.#times = { ...this.#times, convergedAtMs: clock.monotonicMs() };
    rejoin();
    trace.note('HEAL all');
    const all = this.#startAll(plan.regions);
    return this.#within(boundMs, 'all regions converge', () => haveConverged(all));
  }

  /** Keeps what is not in the core out of reach, and perhaps down. */
  #cutOff(core: readonly string[], isDown: boolean): () => void {
    const { wire, hosts } = this.#world;
    const isOutside = (region: string): boolean => !core.includes(region);
    const lanes = wire.pairs().filter(([a, b]) => isOutside(a) || isOutside(b));
    const heals = lanes.flatMap(([a, b]) => [wire.lane(a, b)?.cut() ?? [], wire.lane(b, a)?.cut() ?? []].flat());
    const down = isDown ? hosts.filter(({ region }) => isOutside(region)) : [];
    for (const host of down) {
      host.downs += 1;
      if (host.process !== undefined) host.crash();
    }
    return () => {
      for (const heal of heals) heal();
      for (const host of down) host.downs -= 1;
    };
  }

  #startAll(regions: readonly string[]): readonly RegionHost[] {
    const hosts = this.#world.hosts.filter(({ region }) => regions.includes(region));
    for (const host of hosts) host.start();
    return hosts;
  }

  async #dumpAtTheEnd(): Promise<void> {
    const { hosts, clock } = this.#world;
    for (const host of hosts) {
      if (host.running === undefined || !(await this.#isDamaged(host))) continue;
      // What the region's operator does with a disk that lost a record which others hold: an empty one, and catch up.
      host.crash();
      await host.replaceDisk('wipe', new Map());
      host.start();
      if (!(await this.#within(boundMs, `${host.region} rejoins`, () => haveConverged(hosts)))) return;
    }
    const dumps = hosts.flatMap(({ running }) => (running === undefined ? [] : [dumpWhole(running, clock.monotonicMs())]));
    this.#finalDumps = await Promise.all(dumps);
  }

  async #isDamaged({ running, region }: RegionHost): Promise<boolean> {
    if (running === undefined) return false;
    try {
      await dumpWhole(running, 0);
      return false;
    } catch (error) {
      const isLoud = isAnabranchError(error, 'record_damaged') && this.#injector.rotted.has(region);
      if (!isLoud) this.#world.onDefect(`${region} cannot be dumped: ${error instanceof Error ? error.stack : String(error)}`);
      return isLoud;
    }
  }

  #dumpNowAndThen(workload: Workload): void {
    const { clock, hosts } = this.#world;
    const random = this.#world.random('dumps');
    const next = (): void => {
      if (workload.isIdle) return;
      const { running } = random.pick(hosts);
      if (running !== undefined && !running.process.isPaused) {
        running.process.enter(() => {
          const from = random.below(workload.documents.length);
          const documents = workload.documents.slice(from, from + dumpDocumentsMax);
          const dump = dumpNow(running, documents, clock.monotonicMs());
          void dump?.then(
            (taken) => this.#dumps.push(taken),
            () => {},
          );
        });
      }
      clock.setTimer(random.below(2 * dumpEveryMs), next);
    };
    next();
  }

  /** Lets time pass until `isTrue`. A violation when it does not come true in time. */
  async #within(ms: number, what: string, isTrue: () => boolean): Promise<boolean> {
    const { clock, hosts } = this.#world;
    const endMs = clock.monotonicMs() + ms;
    while (!isTrue()) {
      if (this.#world.defects.length > 0) return false;
      if (clock.monotonicMs() >= endMs) {
        const versions = hosts.map(({ region, running }) => [region, running?.replica.status().version.toJSON()]);
        this.#violations.push({ checker: 'liveness', message: `not within ${ms} ms: ${what}`, details: { versions } });
        return false;
      }
      await clock.advance(20);
    }
    return true;
  }
}

function areWritable(hosts: readonly RegionHost[]): boolean {
  return hosts.every(({ running }) => running?.replica.status().isWritable);
}

function haveConverged(hosts: readonly RegionHost[]): boolean {
  if (!areWritable(hosts)) return false;
  const [first, ...others] = hosts.flatMap(({ running }) => (running === undefined ? [] : [running.replica.status()]));
  if (first === undefined || first.opsPending > 0) return false;
  return others.every(({ version, opsPending }) => opsPending === 0 && version.equals(first.version));
}
