// Carries out the faults of a plan, each at its time, and ends what lasts: at its own time, or when the world is healed.
//
// Invariant 1: a fault draws from a stream of its own, so that leaving another out does not change it.
// Invariant 2: after `heal` no fault is in force and none begins.

import type { DiskImage } from '../disk/simulated-disk.ts';
import { SeededRandom } from '../seeded-random.ts';
import type { RegionHost } from '../world/region-host.ts';
import type { SimulatedWorld } from '../world/simulated-world.ts';
import { clockStepMs, disturbClock } from './clock-faults.ts';
import { runCopy } from './copied-region.ts';
import { disturbDisk, RotSites } from './disk-faults.ts';
import { describeFault, type EndFault, type FaultEvent, type FaultHolder } from './fault-event.ts';
import { disturbWire, isolate } from './wire-faults.ts';

/** How often the disk of each region is copied, for rollbacks to go back to. */
const imageMs = 20_000;
const imagesMax = 5;
/** A crash that waits for a moment of its kind takes another one after so long. */
const momentMsMax = 3_000;
/** A region that nobody can reach takes a new epoch within this time. */
const epochMs = 4_000;
/** How long a region that is back is left alone before its disk relapses, at least; and at most twice as long. */
const relapseMs = 7_000;

export class FaultInjector implements FaultHolder {
  readonly #world: SimulatedWorld;
  readonly #active = new Set<EndFault>();
  readonly #images = new Map<string, DiskImage[]>();
  readonly #rotSites: RotSites;
  /** Regions whose disks hold records that rotted. */
  readonly rotted = new Set<string>();
  disturbances = 0;
  #isHealed = false;
  #disturbedMs = 0;

  constructor(world: SimulatedWorld) {
    this.#world = world;
    this.#rotSites = new RotSites(world);
  }

  /** Begins every fault of the plan at its time. */
  schedule(): void {
    const { clock, plan } = this.#world;
    for (const fault of plan.faults) clock.setTimer(fault.atMs, () => this.#begin(fault));
    this.#copyDisks();
  }

  /** Ends everything that is in force, for good. */
  heal(): void {
    this.#isHealed = true;
    for (const end of [...this.#active]) end();
    this.#world.wire.loseNoMore();
    for (const host of this.#world.hosts) {
      host.clock.correct();
      host.disk.failingSyncs = 0;
    }
  }

  get calmMs(): number {
    return this.#active.size > 0 ? 0 : this.#world.clock.monotonicMs() - this.#disturbedMs;
  }

  hold(end: EndFault, durationMs: number): EndFault {
    let isOver = false;
    const once = (): void => {
      if (isOver) return;
      isOver = true;
      this.#active.delete(once);
      this.#disturb();
      end();
    };
    this.#active.add(once);
    this.#world.clock.setTimer(durationMs, once);
    return once;
  }

  #begin(fault: FaultEvent): void {
    if (this.#isHealed) return;
    const { trace, sometimes } = this.#world;
    trace.note(`FAULT ${describeFault(fault)}`);
    if (fault.kind !== 'copy') this.#disturb();
    if (this.#carryOut(fault, new SeededRandom(fault.seed))) sometimes.fault(fault.kind);
  }

  #disturb(): void {
    this.#disturbedMs = this.#world.clock.monotonicMs();
    this.disturbances += 1;
  }

  /** @returns false when there was nothing to befall */
  #carryOut(fault: FaultEvent, random: SeededRandom): boolean {
    const world = this.#world;
    const [region = ''] = fault.regions;
    const host = world.host(region);
    switch (fault.kind) {
      case 'crash':
        return this.#crashAtSomeMoment(host, fault, random);
      case 'kill':
        return this.#down(host, fault.durationMs, (done) => {
          host.kill();
          done();
        });
      case 'stop':
        return this.#down(host, fault.durationMs, (done) => host.stop(done));
      case 'pause':
        return this.#pause(host, fault.durationMs);
      case 'partition':
      case 'cut_one_way':
      case 'cut_pair':
      case 'clog':
      case 'reset':
      case 'half_open':
      case 'flap':
      case 'lost_frame':
        return disturbWire(world, fault, random, this);
      case 'slow_disk':
      case 'sync_error':
      case 'disk_full':
        return disturbDisk(host, fault, random, this);
      case 'rot':
        // A record that rotted is fetched from another region: the disks of the others stay whole.
        if (this.rotted.size > 0 && !this.rotted.has(host.region)) return false;
        if (!this.#rotSites.rot(host, random)) return false;
        this.rotted.add(host.region);
        return true;
      case 'rollback':
      case 'wipe':
        return this.#setBack(host, fault as FaultEvent & { kind: 'rollback' | 'wipe' }, random);
      case 'relapse':
        return this.#relapse(host, fault, random);
      case 'clock_step':
        host.clock.step(clockStepMs(random));
        return true;
      case 'clock_drift':
      case 'clock_freeze':
        return disturbClock(host, fault, random, this);
      case 'copy':
        return runCopy(world, host, fault, { random, holder: this });
    }
  }

  /** Between any two events: soon, after some more of the region, in the middle of a sync or of a compaction. */
  #crashAtSomeMoment(host: RegionHost, fault: FaultEvent, random: SeededRandom): boolean {
    const process = host.process;
    if (process === undefined) return false;
    let hasCrashed = false;
    const crash = (): void => {
      if (hasCrashed || this.#isHealed || host.process !== process) return;
      hasCrashed = true;
      this.#down(host, fault.durationMs, (done) => {
        host.crash();
        done();
      });
    };
    const { clock } = this.#world;
    const moment = random.pick(['now', 'entries', 'entries', 'sync', 'sync', 'compaction'] as const);
    if (moment === 'now') crash();
    if (moment === 'compaction') host.running?.kv.compactNext();
    if (moment === 'entries') process.afterEntries(1 + random.below(60), () => void clock.setTimer(0, crash));
    const isThere = moment === 'sync' ? () => host.disk.syncing > 0 : () => host.running?.kv.isCompacting === true;
    const watch = (leftMs: number): void => {
      if (hasCrashed || host.process !== process) return;
      if (isThere() || leftMs <= 0) crash();
      else clock.setTimer(random.below(1_000) / 1_000, () => watch(leftMs - 0.5));
    };
    if (moment === 'sync' || moment === 'compaction') watch(momentMsMax);
    clock.setTimer(momentMsMax, crash);
    return true;
  }

  /** Takes a region down and keeps it there for a while. */
  #down(host: RegionHost, durationMs: number, act: (done: () => void) => void): boolean {
    if (host.process === undefined) return false;
    host.downs += 1;
    act(() => {
      this.hold(() => {
        host.downs -= 1;
        // The end of an epoch, if the next process takes another: what a disk may go back to as well.
        if (host.downs === 0) this.#copyDisk(host);
        host.start();
      }, durationMs);
    });
    return true;
  }

  #pause(host: RegionHost, durationMs: number): boolean {
    const { process } = host;
    if (process === undefined || process.isPaused) return false;
    process.pause();
    this.hold(() => process.resume(), durationMs);
    return true;
  }

  #setBack(host: RegionHost, fault: FaultEvent & { readonly kind: 'rollback' | 'wipe' }, random: SeededRandom): boolean {
    const images = this.#images.get(host.region) ?? [];
    if (fault.kind === 'rollback' && images.length === 0) return false;
    return this.#replaceDisk(host, fault.kind === 'wipe' ? undefined : random.pick(images), fault.durationMs);
  }

  /**
   * A region restarts where nobody can confirm its epoch, and takes a new one, which inherits from the last; when it is back, its
   * disk is replaced by one of just before: all of the earlier epoch is there, nothing of the later.
   */
  #relapse(host: RegionHost, { durationMs }: FaultEvent, random: SeededRandom): boolean {
    if (host.process === undefined) return false;
    const reconnect = isolate(this.#world, host.region);
    host.crash();
    const image = this.#copyDisk(host);
    host.start();
    this.hold(() => {
      reconnect();
      this.#world.clock.setTimer(relapseMs + random.below(relapseMs), () => {
        const isPast = this.#images.get(host.region)?.includes(image) === true;
        if (isPast && !this.#isHealed) this.#replaceDisk(host, image, 0);
      });
    }, epochMs + durationMs);
    return true;
  }

  /** By one of its own images, or an empty one. */
  #replaceDisk(host: RegionHost, image: DiskImage | undefined, durationMs: number): boolean {
    const images = this.#images.get(host.region) ?? [];
    return this.#down(host, durationMs, (done) => {
      host.crash();
      void host.replaceDisk(image === undefined ? 'wipe' : 'rollback', image ?? new Map()).then(done);
      // What was copied later than this disk is of a future that it has not had.
      this.#images.set(host.region, image === undefined ? [] : images.slice(0, images.indexOf(image) + 1));
    });
  }

  #copyDisks(): void {
    for (const host of this.#world.hosts) this.#copyDisk(host);
    if (!this.#isHealed) this.#world.clock.setTimer(imageMs, () => this.#copyDisks());
  }

  #copyDisk({ region, disk }: RegionHost): DiskImage {
    const image = disk.image();
    this.#images.set(region, [...(this.#images.get(region) ?? []), image].slice(-imagesMax));
    return image;
  }
}
