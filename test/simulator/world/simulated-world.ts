// The world of one run: regions on their machines and the wire between them, in virtual time, from one plan. Faults and
// clients act on it from outside; it knows neither.

import type { SimulationPlan } from '../faults/simulation-plan.ts';
import type { RegionEvent } from '../history.ts';
import { SimulatedWire } from '../network/simulated-wire.ts';
import { TransitTimes } from '../network/transit-times.ts';
import { Sometimes } from '../run/sometimes.ts';
import { Trace } from '../run/trace.ts';
import { SeededRandom } from '../seeded-random.ts';
import { VirtualClock } from '../virtual-clock.ts';
import { simulatedCollections } from './collections.ts';
import { RegionHost } from './region-host.ts';
import { WireObserver } from './wire-observer.ts';

export class SimulatedWorld {
  readonly plan: SimulationPlan;
  readonly clock: VirtualClock;
  readonly trace: Trace;
  readonly sometimes = new Sometimes();
  readonly wire: SimulatedWire;
  readonly transits: TransitTimes;
  readonly hosts: readonly RegionHost[];
  readonly regionEvents: RegionEvent[] = [];
  /** Called when the disk of a region has gone back in time. */
  readonly whenSetBack = new Set<() => void>();
  /** What happened that must not, whatever the faults. */
  readonly defects: string[] = [];
  readonly #random: SeededRandom;

  constructor(plan: SimulationPlan) {
    this.plan = plan;
    this.#random = new SeededRandom(plan.options.seed);
    this.clock = new VirtualClock(this.#random.fork('clock'));
    this.trace = new Trace(() => this.clock.monotonicMs());
    const observer = new WireObserver(this.trace, this.sometimes, (region, origin) => {
      return this.host(region).running?.replica.status().version.get(origin) ?? 0;
    });
    this.transits = new TransitTimes(() => this.clock.monotonicMs());
    const observe = (from: string, to: string, frame: Uint8Array, sentMs: number): void => {
      this.transits.note(from, to, sentMs);
      observer.arrived(from, to, frame);
    };
    this.wire = new SimulatedWire({ clock: this.clock, observe });
    for (const [at, [a, b]] of plan.links.entries()) {
      const drawn = plan.conditions.slice(2 * at, 2 * at + 2);
      this.wire.join(a, b, this.random('net'), () => drawn.shift() ?? { delayMs: 1, jitterMs: 1, bytesPerMs: 1_000 });
    }
    this.hosts = plan.regions.map((region) => this.#host(region));
  }

  /** A stream of random numbers for one concern. */
  random(concern: string): SeededRandom {
    return this.#random.fork(concern);
  }

  host(region: string): RegionHost {
    const host = this.hosts.find((other) => other.region === region);
    if (host === undefined) throw new Error(`there is no region ${region}`);
    return host;
  }

  readonly onDefect = (message: string): void => {
    this.trace.note(`DEFECT ${message.split('\n')[0]}`);
    this.defects.push(message);
  };

  #host(region: string): RegionHost {
    const { links, bothDial, isOneSided, documentsLoadedMax, compactBytesMin, sessionsMax, syncMs } = this.plan;
    const neighbours = links.flatMap(([a, b]) => (a === region ? [b] : b === region ? [a] : []));
    const dials = bothDial ? neighbours : neighbours.filter((peer) => region < peer);
    const peers = isOneSided ? dials : neighbours;
    const record = (event: Omit<RegionEvent, 'timeMs' | 'region'>): void => {
      this.regionEvents.push({ ...event, region, timeMs: this.clock.monotonicMs() });
      if (event.kind === 'rollback' || event.kind === 'wipe') for (const hear of this.whenSetBack) hear();
    };
    const host = new RegionHost({
      ...{ clock: this.clock, wire: this.wire, trace: this.trace, sometimes: this.sometimes, onDefect: this.onDefect },
      ...{ region, peers, documentsLoadedMax, compactBytesMin, sessionsMax, record },
      random: this.random(`region ${region}`),
      collections: simulatedCollections,
      dials,
      onEpochRenewed: () => record({ kind: 'epoch_renewed' }),
    });
    const pace = this.random(`disk pace ${region}`);
    host.disk.syncMs = () => syncMs * (0.5 - Math.log(1 - pace.u32() / 2 ** 32));
    return host;
  }
}
