// A run before it begins: who there is, how they are linked, what clients do, and everything that will go wrong. Drawn from
// the seed alone, each concern from a stream of its own.
//
// Swarm (Groce et al., "Swarm Testing", 2012): each seed first draws which kinds of fault there are at all, each missing
// with probability 0.3, and how often they come, so that runs differ in kind and not only in detail.

import type { DeviceHabits } from '../device/device-habits.ts';
import type { LaneConditions } from '../network/one-way-lane.ts';
import { SeededRandom } from '../seeded-random.ts';
import { type OpKind, opKinds } from '../workload/draw-ops.ts';
import type { ClientHabits } from '../workload/typed-client.ts';
import { type FaultEvent, type FaultKind, faultKinds } from './fault-event.ts';
import { drawLinks, type Topology } from './topology.ts';

export interface PlanOptions {
  readonly seed: number;
  /** Of the phase in which anything goes. */
  readonly minutes: number;
  /** Drawn when left out. */
  readonly regions?: number;
  readonly plan?: PlanName;
  /** Only the faults with these ids; all when left out. */
  readonly keep?: readonly number[];
  /** Kinds of fault that are left out: those that there were not yet when a seed of the corpus was drawn. */
  readonly without?: readonly FaultKind[];
}

export interface SimulationPlan {
  readonly options: PlanOptions;
  readonly regions: readonly string[];
  readonly topology: Topology;
  readonly links: ReadonlyArray<readonly [string, string]>;
  /** Whether both ends of a link dial, or the first by name. */
  readonly bothDial: boolean;
  /** Whether only the end that dials names the other as its peer. */
  readonly isOneSided: boolean;
  readonly conditions: readonly LaneConditions[];
  readonly syncMs: number;
  readonly compactBytesMin: number;
  readonly documentsLoadedMax: number;
  readonly documents: number;
  /** Whether clients trade: bounded counters, and transactions between documents. */
  readonly trades: boolean;
  readonly opKinds: readonly OpKind[];
  /** How long the values of registers are, so that links run out of credit when much is missed; 0 for short ones. */
  readonly bulkBytes: number;
  readonly clients: readonly ClientHabits[];
  /** Clients that edit freeform documents through sync sessions. */
  readonly sessionClients: number;
  /** Clients that edit a freeform document through the Yjs door. */
  readonly doorClients: number;
  /** Devices with embedded clients. */
  readonly devices: readonly DeviceHabits[];
  /** Strangers who send what no region should take. */
  readonly vandals: number;
  /** How many sync sessions a region takes. */
  readonly sessionsMax: number;
  readonly faults: readonly FaultEvent[];
}

/** Plans by name: which kinds of fault they may draw. */
const planKinds = {
  swarm: faultKinds,
  calm: [],
  crash: ['crash', 'kill', 'stop', 'slow_disk'],
  partition: ['partition', 'cut_one_way', 'cut_pair', 'clog', 'reset', 'half_open', 'flap', 'lost_frame'],
  disk: ['crash', 'slow_disk', 'sync_error', 'disk_full', 'rot'],
  setback: ['crash', 'rollback', 'wipe', 'relapse', 'partition'],
  relapse: ['relapse'],
  copy: ['copy', 'crash', 'kill', 'pause', 'partition', 'half_open', 'reset'],
  clock: ['clock_step', 'clock_drift', 'clock_freeze', 'pause', 'crash'],
} as const satisfies Record<string, readonly FaultKind[]>;

// What a relapsed region sells twice it sells in the short time before it hears what it forgot: in its own plan three regions far
// apart trade, their clients are in a hurry, and there are so many times as many relapses.
const relapsesTimes = 6;

export type PlanName = keyof typeof planKinds;
export const planNames: readonly PlanName[] = Object.keys(planKinds) as PlanName[];

const regionNames = ['berlin', 'lagos', 'lima', 'new-york', 'oslo', 'sydney', 'tokyo'];
/** How often each kind comes, in events per minute, before the seed's own factor. */
const perMinute: Readonly<Record<FaultKind, number>> = {
  ...{ crash: 1.4, kill: 0.4, stop: 0.25, pause: 0.4 },
  ...{ partition: 0.9, cut_one_way: 0.6, cut_pair: 0.6, clog: 0.4, reset: 0.8, half_open: 0.4, flap: 0.15, lost_frame: 0.3 },
  ...{ slow_disk: 0.5, sync_error: 0.15, disk_full: 0.12, rot: 0.2, rollback: 0.4, wipe: 0.08, relapse: 0.3 },
  ...{ clock_step: 0.3, clock_drift: 0.15, clock_freeze: 0.15, copy: 0.5 },
};
/** How long each kind lasts at most; 0 = it only happens. */
const durationMsMax: Readonly<Record<FaultKind, number>> = {
  ...{ crash: 15_000, kill: 4_000, stop: 4_000, pause: 12_000 },
  ...{ partition: 40_000, cut_one_way: 30_000, cut_pair: 40_000, clog: 15_000, reset: 0, half_open: 0, flap: 8_000, lost_frame: 0 },
  ...{ slow_disk: 20_000, sync_error: 0, disk_full: 15_000, rot: 0, rollback: 6_000, wipe: 6_000, relapse: 12_000 },
  ...{ clock_step: 0, clock_drift: 60_000, clock_freeze: 20_000, copy: 60_000 },
};

export function drawPlan(options: PlanOptions): SimulationPlan {
  const root = new SeededRandom(options.seed);
  const random = root.fork('plan');
  const drawn = random.pick([2, 3, 3, 3, 3, 3, 4, 4, 5, 7]);
  // Seven take ten times as long as two: they are one seed of forty.
  const isTooMany = drawn === 7 && root.fork('size').chance(0.75);
  const count = options.regions ?? (options.plan === 'relapse' ? 3 : isTooMany ? 2 : drawn);
  const regions = regionNames.slice(0, count);
  const { topology, links } = drawLinks(root.fork('topology'), regions);
  const bothDial = random.chance(0.6);
  const isOneSided = root.fork('peers').chance(0.25);
  // The first of a link dials.
  const trades = root.fork('trades').chance(0.7) || options.plan === 'relapse';
  // A copy counts as its region wherever it is let in: what bounded counters and concerns promise does not hold beside one.
  const isSwarm = (options.plan ?? 'swarm') === 'swarm';
  const mayCopy = (isSwarm && !trades && root.fork('copies').chance(0.5)) || options.plan === 'copy';
  const peerless = isOneSided && !bothDial ? regions.filter((region) => links.every(([dials]) => dials !== region)) : [];
  return {
    ...{ options, regions, topology, links, bothDial, isOneSided },
    conditions: links.flatMap(() => [drawConditions(random, options), drawConditions(random, options)]),
    syncMs: random.pick([0.2, 1, 3, 8]),
    compactBytesMin: random.pick([8, 32, 64, 128]) << 10,
    documentsLoadedMax: random.pick([2, 20, 20, 1_000, 1_000, 1_000]),
    documents: random.pick([1, 2, 3, 6]),
    trades: trades && options.plan !== 'copy',
    opKinds: drawOpKinds(root.fork('ops')),
    bulkBytes: root.fork('bulk').chance(0.05) ? 400_000 : 0,
    clients: drawClients(root, count, options).map((habits) => (mayCopy ? { ...habits, concernShare: 0, boundedShare: 0 } : habits)),
    sessionClients: random.pick([0, 1, 2, 3]),
    doorClients: random.pick([0, 0, 1, 2]),
    devices: drawDevices(root.fork('devices'), options),
    ...drawStrangers(root.fork('strangers')),
    faults: drawFaults(root.fork('faults'), { ...options, regions, links, topology, peerless, mayCopy }),
  };
}

interface FaultGround extends PlanOptions {
  readonly topology: Topology;
  /** Regions that name no peer, and are dialled only. */
  readonly peerless: readonly string[];
  /** Whether the disk of a region may be copied; none goes back in time then. */
  readonly mayCopy: boolean;
  readonly links: ReadonlyArray<readonly [string, string]>;
}

type Ground = Omit<FaultGround, 'regions'> & { readonly regions: readonly string[] };

function drawFaults(random: SeededRandom, ground: Ground): readonly FaultEvent[] {
  const name = ground.plan ?? 'swarm';
  const allowed: readonly FaultKind[] = planKinds[name].filter((kind) => ground.without?.includes(kind) !== true);
  // Rot is only survived while others hold the record: disks of the same run do not go back in time then.
  const isRotting = random.chance(0.5) && allowed.includes('rot');
  const events: Array<Omit<FaultEvent, 'id'>> = [];
  for (const kind of faultKinds) {
    const own = random.fork(kind);
    const isOff = own.chance(0.3) && name === 'swarm';
    const isExcluded = excludes(kind, isRotting, ground.mayCopy);
    if (isOff || isExcluded || !allowed.includes(kind)) continue;
    events.push(...drawEvents(own, kind, ground));
  }
  const survived = events.filter(({ kind, regions: [region = ''] }) => !isSetback(kind) || !ground.peerless.includes(region));
  survived.sort((a, b) => a.atMs - b.atMs || (a.kind < b.kind ? -1 : 1));
  const numbered = survived.map((event, id) => ({ ...event, id }));
  return numbered.filter(({ id }) => ground.keep === undefined || ground.keep.includes(id));
}

function excludes(kind: FaultKind, isRotting: boolean, mayCopy: boolean): boolean {
  if (kind === 'copy') return !mayCopy;
  return isSetback(kind) ? isRotting || mayCopy : kind === 'rot' && !isRotting;
}

function drawEvents(
  random: SeededRandom,
  kind: FaultKind,
  { plan, minutes, regions, links, topology }: Ground,
): Array<Omit<FaultEvent, 'id'>> {
  const rate = perMinute[kind] * random.pick([0.3, 1, 1, 2.5]) * (plan === 'relapse' ? relapsesTimes : 1);
  const events: Array<Omit<FaultEvent, 'id'>> = [];
  const endMs = minutes * 60_000;
  const isOnce = isSetback(kind) && topology !== 'mesh';
  if (kind === 'relapse' && isOnce) return [];
  for (let atMs = gapMs(random, rate); atMs < endMs; atMs += gapMs(random, rate)) {
    const durationMs = Math.floor((random.u32() / 2 ** 32) ** 2 * durationMsMax[kind]);
    const link = random.pick(links);
    const pair = random.chance(0.5) ? link : [link[1], link[0]];
    const isOfPair = pairKinds.has(kind);
    const side = regions.filter(() => random.chance(0.5));
    const befallen = kind === 'partition' ? sideOf(side, regions, random) : isOfPair ? pair : [random.pick(regions)];
    events.push({ atMs, kind, regions: befallen, durationMs, seed: random.u32() });
    if (isOnce) break;
  }
  return events;
}

/**
 * A region that is not linked to the holders of its lost ops cannot learn of them when the region between lost them too: no
 * promise covers that, so where not everybody is linked, one disk goes back in time once. Nor does one cover a region that names
 * no peers, as long as nobody dials it: it waits for none before it writes on, and counts as all there is (docs/limitations.md).
 */
function isSetback(kind: FaultKind): boolean {
  return kind === 'rollback' || kind === 'wipe' || kind === 'relapse';
}

const pairKinds: ReadonlySet<FaultKind> = new Set(['cut_one_way', 'cut_pair', 'clog', 'reset', 'half_open', 'flap', 'lost_frame']);

function sideOf(side: readonly string[], regions: readonly string[], random: SeededRandom): readonly string[] {
  return side.length === 0 || side.length === regions.length ? [random.pick(regions)] : side;
}

function gapMs(random: SeededRandom, perMinuteNow: number): number {
  return (-Math.log(1 - random.u32() / 2 ** 32) * 60_000) / perMinuteNow;
}

function drawConditions(random: SeededRandom, { plan }: PlanOptions): LaneConditions {
  const delayMs = random.pick([0.5, 5, 30, 80, 150]);
  return {
    delayMs: plan === 'relapse' ? 150 : delayMs,
    jitterMs: random.pick([0.1, 2, 20]),
    bytesPerMs: random.pick([200, 2_000, 20_000]),
  };
}

function drawOpKinds(random: SeededRandom): readonly OpKind[] {
  const kinds = opKinds.filter(() => random.chance(0.7));
  return kinds.length === 0 ? ['counter'] : kinds;
}

/** In one seed of four clients are in a hurry. */
function drawClients(root: SeededRandom, regions: number, { plan }: PlanOptions): readonly ClientHabits[] {
  const random = root.fork('clients');
  const boundedShare = root.fork('bounded').pick([0, 0.3, 0.6]);
  const count = regions + random.below(4);
  const thinkMs = random.pick([1_500, 2_500, 4_000]) * (plan === 'relapse' ? 0.3 : root.fork('diligence').pick([1, 1, 1, 0.3]));
  return Array.from({ length: count }, () => ({
    thinkMs,
    readShare: random.pick([0.1, 0.3, 0.6]),
    tokenShare: random.pick([0, 0.7, 1]),
    hopShare: random.pick([0, 0.05, 0.3]),
    timeoutMs: random.pick([300, 1_500, 5_000]),
    concernShare: random.pick([0, 0, 0.1, 0.4]),
    boundedShare,
  }));
}

function drawDevices(random: SeededRandom, { plan }: PlanOptions): readonly DeviceHabits[] {
  const count = random.pick([0, 0, 0, 1, 2]);
  const thinkMs = random.pick([3_000, 6_000, 10_000]);
  return Array.from({ length: count }, () => {
    const troubleMs = random.pick([5_000, 12_000, 30_000]);
    return { thinkMs, troubleMs: plan === 'calm' ? Number.POSITIVE_INFINITY : troubleMs };
  });
}

/** A region with few sessions is one that a burst fills: its own clients find a place there or elsewhere. */
function drawStrangers(random: SeededRandom): Pick<SimulationPlan, 'vandals' | 'sessionsMax'> {
  return { vandals: random.chance(0.35) ? 1 : 0, sessionsMax: random.pick([20_000, 20_000, 12]) };
}
