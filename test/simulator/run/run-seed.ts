// One run from its plan to what the checkers say of it.
//
//   regions start --> anything goes, clients at work --> a core is healed: it converges in bound --> all is healed: all
//   converge in bound --> what has rotted is repaired in bound --> dump --> check
//
// Invariant 1: nothing but the plan decides what happens: equal plans, equal traces.

import { canonicalJson, isAnabranchError } from '@anabranch/base';
import { checkRun } from '../checkers/check-run.ts';
import type { Violation } from '../checkers/violation.ts';
import { loadLibraries } from '../device/load-libraries.ts';
import { FaultInjector } from '../faults/fault-injector.ts';
import type { SimulationPlan } from '../faults/simulation-plan.ts';
import { drawCore } from '../faults/topology.ts';
import type { MovedSample, RegionDump, ResourceSample, RunRecord } from '../history.ts';
import { trapGlobals } from '../traps/global-traps.ts';
import { simulatedCollections } from '../world/collections.ts';
import type { RegionHost } from '../world/region-host.ts';
import { SimulatedWorld } from '../world/simulated-world.ts';
import { dumpNow, dumpWhole } from './dump-region.ts';
import { LastUnits } from './last-units.ts';
import { sampleMoved } from './sample-moved.ts';
import { sampleResources } from './sample-resources.ts';
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
/** How long a client may be without an answer of any kind: the longest patience of clients, a device's, and the way. */
const answerBoundMs = 11_000;
const startMsMax = 20_000;
/** How often, on average, a region is looked at on the way, and at how many documents. */
const dumpEveryMs = 20_000;
const dumpDocumentsMax = 3;
/** How often, on average, it is looked whether transactions are shown whole. */
const moveSampleMs = 700;

export async function runPlan(plan: SimulationPlan, onLine?: (line: string) => void): Promise<RunResult> {
  await loadLibraries();
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
  const onException = (error: unknown): void =>
    world.onDefect(`something threw and nobody caught it: ${error instanceof Error ? error.stack : String(error)}`);
  process.on('unhandledRejection', onRejection);
  process.on('uncaughtException', onException);
  try {
    await run.toTheEnd();
  } catch (error) {
    world.onDefect(`the run itself failed: ${error instanceof Error ? error.stack : String(error)}`);
  } finally {
    release();
    process.off('unhandledRejection', onRejection);
    process.off('uncaughtException', onException);
  }
  return run.result();
}

class SeedRun {
  readonly #world: SimulatedWorld;
  readonly #injector: FaultInjector;
  readonly #dumps: RegionDump[] = [];
  readonly #resources: ResourceSample[] = [];
  readonly #movedSamples: MovedSample[] = [];
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
    if (plan.trades) this.#sampleMoves(workload);
    await clock.advance(plan.options.minutes * 60_000);
    workload.end();
    if (!(await this.#healCore())) return;
    if (!(await this.#within(boundMs, 'the last operations end', () => workload.isIdle))) return;
    if (!(await this.#settleSessions(workload))) return;
    if (!(await this.#settleDevices(workload))) return;
    const within = (ms: number, what: string, isTrue: () => boolean): Promise<boolean> => this.#within(ms, what, isTrue);
    // A region whose record of a document has rotted can give nothing of it.
    if (plan.trades && this.#injector.rotted.size === 0) {
      this.#violations.push(...(await new LastUnits(this.#world, workload, { within, boundMs }).takeAll()));
      if (!(await this.#within(boundMs, 'all regions converge at last', () => haveConverged(hosts)))) return;
    }
    await this.#dumpAtTheEnd();
    this.#compareCopies(workload);
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
      answerBoundMs,
      resources: this.#resources,
      readSamples: this.#workload?.readSamples ?? [],
      sessionAcks: this.#workload?.sessionAcks ?? [],
      hostileAttempts: this.#workload?.hostileAttempts ?? [],
      deviceWrites: this.#workload?.deviceRecorder.writes ?? [],
      deviceEvents: this.#workload?.deviceRecorder.events ?? [],
      deviceSubmissions: this.#workload?.deviceRecorder.submissions ?? [],
      movedSamples: this.#movedSamples,
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

  /** Clients of sessions come back, exchange what they hold, and all regions hold it. */
  async #settleSessions({ sessionClients }: Workload): Promise<boolean> {
    const { hosts } = this.#world;
    const areSettled = (): boolean => sessionClients.every(({ isSettled }) => isSettled) && haveConverged(hosts);
    if (!(await this.#within(boundMs, 'clients of sessions settle', areSettled))) return false;
    // What others exchanged last is on its way to them still.
    await this.#world.clock.advance(500);
    return this.#within(boundMs, 'clients of sessions settle', areSettled);
  }

  /** Devices send what they have and are told the rest. One that has not come to rest in time is for the checkers to judge. */
  async #settleDevices({ devices }: Workload): Promise<boolean> {
    const { hosts, clock } = this.#world;
    const endMs = clock.monotonicMs() + boundMs;
    const areSettled = (): boolean => devices.every(({ isSettled }) => isSettled) && haveConverged(hosts);
    // What one exchanged last is on its way to the others still.
    for (let isAgain = false; !(isAgain && areSettled()) && clock.monotonicMs() < endMs; await clock.advance(isAgain ? 500 : 20)) {
      isAgain = areSettled();
    }
    for (const device of devices) device.noteEnd();
    return this.#within(boundMs, 'all regions converge with what devices wrote', () => haveConverged(hosts));
  }

  /** A client that is present shows what its region does. */
  #compareCopies({ sessionClients }: Workload): void {
    const shown = new Map<string, string>();
    for (const client of sessionClients) {
      const text = canonicalJson(JSON.parse(JSON.stringify(client.json())));
      const other = shown.get(client.document) ?? text;
      shown.set(client.document, other);
      if (text === other) continue;
      const details = { document: client.document, shown: [other, text] };
      this.#violations.push({ checker: 'session-copies', message: 'two clients of one document show different content', details });
    }
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
    for (const host of hosts) if (host.running !== undefined && !(await this.#isReadable(host))) return;
    this.#noteRecoveries();
    const dumps = hosts.map((host) => this.#dumpOrViolation(host, clock.monotonicMs()));
    this.#finalDumps = (await Promise.all(dumps)).flat();
  }

  /** What cannot be read out at the end, with everything healed, is a broken promise. */
  async #dumpOrViolation({ region, running }: RegionHost, timeMs: number): Promise<RegionDump[]> {
    if (running === undefined) return [];
    try {
      return [await dumpWhole(running, timeMs)];
    } catch (error) {
      const message = `${region} cannot be read: ${error instanceof Error ? error.message : String(error)}`;
      this.#violations.push({ checker: 'readable-at-the-end', message, details: {} });
      return [];
    }
  }

  /** What disks that went back in time lost, and their regions hold again. */
  #noteRecoveries(): void {
    const { hosts, regionEvents, sometimes } = this.#world;
    for (const { kind, region, held = {}, left = {} } of regionEvents) {
      if (kind !== 'rollback' && kind !== 'wipe') continue;
      const version =
        hosts
          .find((host) => host.region === region)
          ?.running?.replica.status()
          .version.toJSON() ?? {};
      const isRefetched = Object.keys(held).some((origin) => {
        const lost = held[origin] ?? 0;
        return origin.startsWith(`${region}.`) && lost > (left[origin] ?? 0) && (version[origin] ?? 0) > (left[origin] ?? 0);
      });
      if (isRefetched) sometimes.hit('lost_tail_refetched');
      if (kind === 'wipe') sometimes.hit('rejoined_after_wipe');
    }
  }

  /** What rotted, others hold: a read that meets it is refused, and the record comes back from them. */
  async #isReadable({ running, region }: RegionHost): Promise<boolean> {
    const { clock, onDefect } = this.#world;
    const endMs = clock.monotonicMs() + boundMs;
    for (;;) {
      const error = running && (await refusalOf(dumpWhole(running, 0)));
      if (error === undefined) return true;
      const isLoud = isAnabranchError(error, 'record_damaged') && this.#injector.rotted.has(region);
      if (!isLoud) onDefect(`${region} cannot be dumped: ${error instanceof Error ? error.stack : String(error)}`);
      if (!isLoud) return false;
      if (clock.monotonicMs() >= endMs) {
        const message = `a damaged record of ${region} did not come back from the others`;
        this.#violations.push({ checker: 'repair', message, details: error.details });
        return false;
      }
      await clock.advance(100);
    }
  }

  #dumpNowAndThen(workload: Workload): void {
    const { clock, hosts } = this.#world;
    const random = this.#world.random('dumps');
    const next = (): void => {
      if (workload.isIdle) return;
      this.#resources.push(...sampleResources(this.#world));
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

  /** Looks at all documents of a region in one step, a few times a second in one region or another. */
  #sampleMoves(workload: Workload): void {
    const { clock, hosts } = this.#world;
    const random = this.#world.random('moves');
    const next = (): void => {
      if (workload.isIdle) return;
      const { running } = random.pick(hosts);
      if (running !== undefined && !running.process.isPaused) {
        running.process.enter(() => {
          void sampleMoved(running, clock.monotonicMs()).then((sample) => sample && this.#movedSamples.push(sample));
        });
      }
      clock.setTimer(random.below(2 * moveSampleMs), next);
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

async function refusalOf(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
    return undefined;
  } catch (error) {
    return error;
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
