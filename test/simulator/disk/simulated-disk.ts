// A disk of sectors behind a write cache, between a store and what survives.
//
//   write --> cached (dirty) --sync--> durable          crash: each dirty sector reaches the medium or not, one of them
//                  |                                           torn or full of other bytes; the cache is gone
//                  `--sync fails--> clean but lost      reads show it until the cache is dropped; the medium never had it
//
// Invariant 1: what a resolved sync covered survives every crash, byte for byte; only rot changes it.
// Invariant 2: a sync covers what was written before it began, nothing later.
// Invariant 3: a dead process is told nothing, but what it gave the disk goes on by itself until the power fails.

import type { SeededRandom } from '../seeded-random.ts';
import type { VirtualClock } from '../virtual-clock.ts';

export const sectorBytes = 512;

/** The write did not fit; a part of it may have been written. */
export class DiskFullError extends Error {}
class DiskSyncError extends Error {}

/** What a disk holds durably. */
export type DiskImage = ReadonlyMap<number, Uint8Array>;

interface Version {
  /** The number of syncs that had begun when it was written. */
  readonly after: number;
  readonly bytes: Uint8Array;
}

export class SimulatedDisk {
  /** How long a sync takes when nothing delays it. */
  syncMs: () => number = () => 1;
  /** What is added while the disk is slow. */
  readonly delays = new Set<() => number>();
  /** How many of the next syncs fail. */
  failingSyncs = 0;
  /** Sectors it takes; a write beyond is refused. */
  sectorsMax: number = Number.POSITIVE_INFINITY;
  /** Syncs under way. */
  syncing = 0;
  /** Faults it was given so far that may end a process: without any, nothing of the kind may happen. */
  faultsInjected = 0;
  /** Grows with each flipped bit: what was read before may be different now. */
  rotCount = 0;
  /** Without one, syncs take no time. */
  readonly #clock: VirtualClock | undefined;
  readonly #random: SeededRandom;
  #cached = new Map<number, Uint8Array>();
  #durable = new Map<number, Uint8Array>();
  readonly #dirty = new Map<number, Version[]>();
  readonly #lost = new Set<number>();
  #syncsBegun = 0;
  /** Counts the times the power was on: a sync of an earlier one never ends. */
  #powerCycle = 0;

  constructor(clock: VirtualClock | undefined, random: SeededRandom, image: DiskImage = new Map()) {
    this.#clock = clock;
    this.#random = random;
    this.restore(image);
  }

  read(offset: number, length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length; ) {
      const [sector, from] = placeOf(offset + at);
      const count = Math.min(sectorBytes - from, length - at);
      const held = this.#cached.get(sector);
      if (held !== undefined) bytes.set(held.subarray(from, from + count), at);
      at += count;
    }
    return bytes;
  }

  /** @throws DiskFullError after having written what still fitted. */
  write(offset: number, bytes: Uint8Array): void {
    for (let at = 0; at < bytes.length; ) {
      const [sector, from] = placeOf(offset + at);
      const count = Math.min(sectorBytes - from, bytes.length - at);
      const before = this.#cached.get(sector);
      if (before === undefined && this.#cached.size >= this.sectorsMax) throw new DiskFullError('no sector is free');
      const after = before?.slice() ?? new Uint8Array(sectorBytes);
      after.set(bytes.subarray(at, at + count), from);
      this.#cached.set(sector, after);
      const versions = this.#dirty.get(sector);
      const version = { after: this.#syncsBegun, bytes: after };
      if (versions === undefined) this.#dirty.set(sector, [version]);
      else versions.push(version);
      at += count;
    }
  }

  /** Frees sectors; what they held may or may not be found there after a crash. */
  discard(offset: number, length: number): void {
    const [first] = placeOf(offset);
    const [end] = placeOf(offset + length + sectorBytes - 1);
    for (let sector = first; sector < end; sector++) {
      this.#cached.delete(sector);
      this.#dirty.delete(sector);
      this.#lost.delete(sector);
      if (this.#random.chance(0.5)) this.#durable.delete(sector);
    }
  }

  /** Calls `done` when everything written so far is durable, or never will be. */
  sync(done: (failure?: DiskSyncError) => void): void {
    this.#syncsBegun += 1;
    this.syncing += 1;
    const [covered, powerCycle] = [this.#syncsBegun, this.#powerCycle];
    const finish = (): void => {
      if (powerCycle !== this.#powerCycle) return;
      this.syncing -= 1;
      const isFailing = this.failingSyncs > 0;
      if (isFailing) this.failingSyncs -= 1;
      this.#endSync(covered, isFailing);
      done(isFailing ? new DiskSyncError('input/output error') : undefined);
    };
    if (this.#clock === undefined) finish();
    else this.#clock.setTimer(this.#nextSyncMs(), finish);
  }

  /** Forgets cached content that never reached the medium: what is read from here on is what is there. */
  dropCache(): void {
    for (const sector of this.#lost) {
      const durable = this.#durable.get(sector);
      if (durable === undefined) this.#cached.delete(sector);
      else this.#cached.set(sector, durable);
    }
    this.#lost.clear();
  }

  /** The power fails. @returns how many dirty sectors were kept, lost and damaged */
  crash(): { readonly kept: number; readonly lost: number; readonly damaged: number } {
    const random = this.#random;
    const keeping = random.pick([0, 0.2, 0.5, 0.9, 1]);
    const kept: number[] = [];
    for (const [sector, versions] of this.#dirty) {
      if (!random.chance(keeping)) continue;
      this.#durable.set(sector, random.pick(versions).bytes);
      kept.push(sector);
    }
    const lost = this.#dirty.size - kept.length;
    const damaged = kept.length > 0 && random.chance(0.5) ? 1 : 0;
    if (damaged > 0) this.#damage(random.pick(kept));
    this.restore(this.#durable);
    return { kept: kept.length, lost, damaged };
  }

  /** What a sudden loss of power with nothing of the cache written would leave. */
  image(): DiskImage {
    return new Map(this.#durable);
  }

  /** Puts another medium in, or an empty one. */
  restore(image: DiskImage): void {
    this.#durable = new Map(image);
    this.#cached = new Map(image);
    this.#dirty.clear();
    this.#lost.clear();
    this.syncing = 0;
    this.#powerCycle += 1;
  }

  /** Flips one bit of a durable byte, on the medium and in the cache. @returns false when it is not durable */
  rot(offset: number, bit: number): boolean {
    const [sector, at] = placeOf(offset);
    const before = this.#durable.get(sector);
    if (before === undefined || this.#dirty.has(sector) || this.#lost.has(sector)) return false;
    const after = before.slice();
    after[at] = (after[at] ?? 0) ^ (1 << bit);
    this.#durable.set(sector, after);
    this.#cached.set(sector, after);
    this.rotCount += 1;
    return true;
  }

  get sectorsUsed(): number {
    return this.#cached.size;
  }

  #nextSyncMs(): number {
    let ms = this.syncMs();
    for (const delayMs of this.delays) ms += delayMs();
    return ms;
  }

  #endSync(covered: number, isFailing: boolean): void {
    for (const [sector, versions] of this.#dirty) {
      const count = versions.filter(({ after }) => after < covered).length;
      const newest = versions[count - 1];
      if (newest === undefined) continue;
      versions.splice(0, count);
      if (versions.length === 0) this.#dirty.delete(sector);
      if (!isFailing) this.#durable.set(sector, newest.bytes);
      if (isFailing) this.#lost.add(sector);
      else this.#lost.delete(sector);
    }
  }

  /** A kept sector was written in part only, or with other bytes. */
  #damage(sector: number): void {
    const bytes = (this.#durable.get(sector) ?? new Uint8Array(sectorBytes)).slice();
    const from = this.#random.below(sectorBytes);
    if (this.#random.chance(0.5)) bytes.fill(0, from);
    else bytes.set(this.#random.bytes(sectorBytes - from), from);
    this.#durable.set(sector, bytes);
  }
}

function placeOf(offset: number): readonly [sector: number, at: number] {
  return [Math.floor(offset / sectorBytes), offset % sectorBytes];
}
