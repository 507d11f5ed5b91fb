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

type RecordedEvent = Omit<RegionEvent, 'timeMs' | 'region'>;

export class SimulatedWorld {
  readonly plan: SimulationPlan;
  readonly clock: VirtualClock;
  readonly trace: Trace;
  readonly sometimes = new Sometimes();
  readonly wire: SimulatedWire;
  readonly transits: TransitTimes;
  readonly hosts: readonly RegionHost[];
  /** Copies of the machines of regions that run beside them now. */
  readonly copies = new Set<RegionHost>();
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
      return this.#at(region)?.running?.replica.version.get(origin) ?? 0;
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
    this.hosts = plan.regions.map((region) => this.#host(region, (event) => this.#record(region, event)));
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

  /**
   * Copies the disk of a region, as it is in this moment, to a machine of its own, which knows all that the region's machine is
   * configured with and is linked as it is. Peers that dial the region find the region.
   */
  copy({ region, disk }: RegionHost, onWritable: () => void): RegionHost {
    const [place, random] = [`${region}/copy`, this.random(`copy of ${region} at ${this.clock.monotonicMs()}`)];
    for (const peer of this.#neighboursOf(region)) {
      const drawn = [this.wire.lane(region, peer), this.wire.lane(peer, region)];
      this.wire.join(place, peer, random, () => drawn.shift()?.conditions ?? { delayMs: 1, jitterMs: 1, bytesPerMs: 1_000 });
    }
    const copy = this.#host(region, ({ kind }) => kind === 'writable' && onWritable(), place);
    copy.disk.restore(disk.image());
    this.copies.add(copy);
    return copy;
  }

  readonly onDefect = (message: string): void => {
    this.trace.note(`DEFECT ${message.split('\n')[0]}`);
    this.defects.push(message);
  };

  #at(place: string): RegionHost | undefined {
    return [...this.hosts, ...this.copies].find((host) => host.place === place);
  }

  #neighboursOf(region: string): readonly string[] {
    return this.plan.links.flatMap(([a, b]) => (a === region ? [b] : b === region ? [a] : []));
  }

  #record(region: string, event: RecordedEvent): void {
    this.regionEvents.push({ ...event, region, timeMs: this.clock.monotonicMs() });
    if (event.kind === 'rollback' || event.kind === 'wipe') for (const hear of this.whenSetBack) hear();
  }

  #host(region: string, record: (event: RecordedEvent) => void, place: string = region): RegionHost {
    const { bothDial, isOneSided, documentsLoadedMax, compactBytesMin, sessionsMax, syncMs } = this.plan;
    const neighbours = this.#neighboursOf(region);
    const dials = bothDial ? neighbours : neighbours.filter((peer) => region < peer);
    const peers = isOneSided ? dials : neighbours;
    const host = new RegionHost({
      ...{ clock: this.clock, wire: this.wire, trace: this.trace, sometimes: this.sometimes, onDefect: this.onDefect },
      ...{ region, place, peers, dials, documentsLoadedMax, compactBytesMin, sessionsMax, record },
      random: this.random(place === region ? `region ${region}` : `${place} at ${this.clock.monotonicMs()}`),
      collections: simulatedCollections,
      onEpochRenewed: () => record({ kind: 'epoch_renewed' }),
    });
    const pace = this.random(`disk pace ${place}`);
    host.disk.syncMs = () => syncMs * (0.5 - Math.log(1 - pace.u32() / 2 ** 32));
    return host;
  }
}
