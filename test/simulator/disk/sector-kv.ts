// An ordered map on a simulated disk: a log of commit frames in one of two areas, read whole at opening.
//
//   commit:   append a frame --> sync --> visible, resolved
//   compact:  write all that lives to the other area --> sync --> write the superblock --> sync --> the other area counts
//   open:     newest superblock --> frames of its generation in sequence, up to the first that was not written whole --> sync
//
// Invariant 1: a frame is appended only after the one before it was synced, so at most the last one can be torn. A bad
//              frame with a good one after it is corruption, and opening fails; only values may have changed below the
//              last frame, and those are handed to the reader as they are.
// Invariant 2: the superblock names an area only after everything in it is synced; the two superblocks alternate.
// Invariant 3: what opening found is synced before it is shown: the process before may have died before its sync.

import { crc32 } from 'node:zlib';
import { AnabranchError } from '@anabranch/base';
import type { KvEntry, Mutation, OrderedKv, RangeOptions } from '@anabranch/storage';
import { encodeFrame, type Frame, readFrame } from './commit-frame.ts';
import { DiskFullError, type SimulatedDisk, sectorBytes } from './simulated-disk.ts';
import { SortedKeys } from './sorted-keys.ts';

/** What the map needs besides the disk. */
export interface SectorKvOptions {
  readonly disk: SimulatedDisk;
  /** Runs what the disk has to say in the process that owns the map; a dead one is told nothing. */
  readonly enter: (callback: () => void) => void;
  /** The log is compacted when it has so many bytes more than twice what lives: what compacting costs stays in proportion. */
  readonly compactBytesMin: number;
  /** Told what happened that is rare. */
  readonly note: (event: SectorKvEvent) => void;
}

export type SectorKvEvent = 'torn_tail_truncated' | 'compaction_begun' | 'compacted' | 'compaction_abandoned' | 'rot_below_tail';

interface Place {
  value: Uint8Array | undefined;
  readonly at: number;
  readonly length: number;
  readonly sequence: number;
}

const superblockMagic = 0x73757065;
const areaStart = 16 * sectorBytes;
const areaBytes = 2 ** 31;
/** Bytes of values that one frame of a compaction takes. */
const compactFrameBytes = 64 << 10;

export class SectorKv implements OrderedKv {
  readonly #options: SectorKvOptions;
  readonly #disk: SimulatedDisk;
  readonly #keys = new SortedKeys();
  readonly #places = new Map<string, Place>();
  #generation = 0;
  /** Frames of this generation that were synced when the superblock was written. */
  #syncedFrames = 0;
  #sequence = 0;
  #endAt = areaStart;
  #liveBytes = 0;
  #rotCount: number;
  #isClosed = false;
  #mustCompact = false;
  isCompacting = false;

  private constructor(options: SectorKvOptions) {
    this.#options = options;
    this.#disk = options.disk;
    this.#rotCount = options.disk.rotCount;
  }

  /** @throws AnabranchError `store_failed` when the log is corrupt or cannot be synced. */
  static async open(options: SectorKvOptions): Promise<SectorKv> {
    const kv = new SectorKv(options);
    options.disk.dropCache();
    kv.#readSuperblocks();
    kv.#readFrames();
    await kv.#sync();
    return kv;
  }

  get(key: Uint8Array): Uint8Array | undefined {
    this.#assertOpen();
    const place = this.#places.get(toText(key));
    return place && this.#valueOf(place).slice();
  }

  *entries(start: Uint8Array, end: Uint8Array, options: RangeOptions = {}): Iterable<KvEntry> {
    for (const text of this.#range(start, end, options)) {
      const place = this.#places.get(text);
      if (place !== undefined) yield { key: toBytes(text), value: this.#valueOf(place).slice() };
    }
  }

  *keys(start: Uint8Array, end: Uint8Array, options: RangeOptions = {}): Iterable<Uint8Array> {
    for (const text of this.#range(start, end, options)) yield toBytes(text);
  }

  async commit(mutations: readonly Mutation[]): Promise<void> {
    this.#assertOpen();
    try {
      const isLong = this.#endAt - this.#areaAt(this.#generation) > this.#options.compactBytesMin + 2 * this.#liveBytes;
      if (isLong || this.#mustCompact) await this.#compact();
      const frame = encodeFrame({ generation: this.#generation, sequence: this.#sequence + 1 }, mutations);
      this.#disk.write(this.#endAt, frame.bytes);
      await this.#sync();
      this.#take(frame, this.#endAt);
    } catch (error) {
      if (error instanceof DiskFullError) throw new AnabranchError('store_full', 'the disk is full');
      throw error;
    }
  }

  /** Compacts with the next commit, however long the log is. */
  compactNext(): void {
    this.#mustCompact = true;
  }

  close(): Promise<void> {
    this.#isClosed = true;
    return Promise.resolve();
  }

  /** Where the values of synced records below the last frame lie on the disk: what may rot without being a torn tail. */
  *valuePlaces(): Iterable<{ readonly key: Uint8Array; readonly at: number; readonly length: number }> {
    for (const [text, { at, length, sequence }] of this.#places) {
      if (sequence < this.#sequence) yield { key: toBytes(text), at, length };
    }
  }

  #readSuperblocks(): void {
    for (const slot of [0, 1]) {
      const block = Buffer.from(this.#disk.read(slot * sectorBytes, 16).buffer);
      const isWhole = block.readUInt32BE(0) === superblockMagic && crc32(block.subarray(0, 12)) === block.readUInt32BE(12);
      if (!isWhole || block.readUInt32BE(4) <= this.#generation) continue;
      this.#generation = block.readUInt32BE(4);
      this.#syncedFrames = block.readUInt32BE(8);
    }
    this.#endAt = this.#areaAt(this.#generation);
  }

  #readFrames(): void {
    for (let frame = this.#nextFrame(this.#endAt); frame !== undefined; frame = this.#nextFrame(this.#endAt)) {
      if (!frame.areValuesIntact) {
        const isBelowTail = frame.sequence <= this.#syncedFrames || this.#followedBy(frame) !== undefined;
        if (!isBelowTail) break;
        this.#options.note('rot_below_tail');
      }
      this.#take(frame, this.#endAt);
    }
    if (this.#sequence < this.#syncedFrames) throw new AnabranchError('store_failed', 'a compacted area is not whole');
    this.#assertNothingBeyond();
    if (this.#hasTornTail()) this.#options.note('torn_tail_truncated');
  }

  /** Something lies beyond the last good frame that is not left from an earlier use of the area. */
  #hasTornTail(): boolean {
    const found = this.#disk.read(this.#endAt, sectorBytes);
    if (found.every((byte) => byte === 0)) return false;
    const frame = this.#frameAt(this.#endAt);
    return frame === undefined || frame.generation === this.#generation;
  }

  /** Invariant 1, looked for a little way beyond the tail. */
  #assertNothingBeyond(): void {
    for (let ahead = 1; ahead <= 64; ahead++) {
      const frame = this.#frameAt(this.#endAt + ahead * sectorBytes);
      if (frame === undefined || frame.generation !== this.#generation || frame.sequence <= this.#sequence + 1) continue;
      throw new AnabranchError('store_failed', `frame ${this.#sequence + 1} is bad, and frame ${frame.sequence} is not`);
    }
  }

  #nextFrame(at: number): Frame | undefined {
    const frame = this.#frameAt(at);
    const isNext = frame?.generation === this.#generation && frame.sequence === this.#sequence + 1;
    return isNext ? frame : undefined;
  }

  #followedBy(frame: Frame): Frame | undefined {
    const next = this.#frameAt(this.#endAt + frame.length);
    return next?.generation === this.#generation && next.sequence === frame.sequence + 1 ? next : undefined;
  }

  #frameAt(at: number): Frame | undefined {
    return readFrame((offset, length) => this.#disk.read(offset, length), at);
  }

  /** Takes over what a synced frame says. */
  #take(frame: Frame, at: number): void {
    for (const { key, value } of frame.entries) {
      const text = toText(key);
      const before = this.#places.get(text);
      this.#liveBytes -= before === undefined ? 0 : before.length + key.length;
      if (value === undefined) {
        if (this.#places.delete(text)) this.#keys.delete(text);
        continue;
      }
      const bytes = frame.bytes.subarray(value.at, value.at + value.length);
      this.#places.set(text, { value: bytes, at: at + value.at, length: value.length, sequence: frame.sequence });
      if (before === undefined) this.#keys.add(text);
      this.#liveBytes += value.length + key.length;
    }
    this.#sequence = frame.sequence;
    this.#endAt = at + frame.length;
  }

  async #compact(): Promise<void> {
    this.isCompacting = true;
    this.#mustCompact = false;
    this.#options.note('compaction_begun');
    const generation = this.#generation + 1;
    const frames = this.#compactedFrames(generation);
    const [oldAt, oldEnd] = [this.#areaAt(this.#generation), this.#endAt];
    let at = this.#areaAt(generation);
    try {
      for (const frame of frames) {
        this.#disk.write(at, frame.bytes);
        at += frame.length;
      }
    } catch (error) {
      if (!(error instanceof DiskFullError)) throw error;
      // What lives still fits where it is, and perhaps the next frame too.
      this.#disk.discard(this.#areaAt(generation), at + compactFrameBytes - this.#areaAt(generation));
      this.#options.note('compaction_abandoned');
      this.isCompacting = false;
      return;
    }
    await this.#sync();
    this.#writeSuperblock(generation, frames.length);
    await this.#sync();
    this.#moveTo(generation, frames);
    this.#disk.discard(oldAt, oldEnd - oldAt);
    this.isCompacting = false;
    this.#options.note('compacted');
  }

  #compactedFrames(generation: number): Frame[] {
    const frames: Frame[] = [];
    let mutations: Mutation[] = [];
    let bytes = 0;
    const finish = (): void => {
      frames.push(encodeFrame({ generation, sequence: frames.length + 1 }, mutations));
      mutations = [];
      bytes = 0;
    };
    for (const text of this.#keys.all()) {
      const place = this.#places.get(text);
      if (place === undefined) continue;
      mutations.push({ key: toBytes(text), value: this.#valueOf(place) });
      bytes += place.length;
      if (bytes >= compactFrameBytes) finish();
    }
    if (mutations.length > 0) finish();
    return frames;
  }

  #writeSuperblock(generation: number, frames: number): void {
    const block = Buffer.alloc(sectorBytes);
    for (const [at, word] of [superblockMagic, generation, frames].entries()) block.writeUInt32BE(word, 4 * at);
    block.writeUInt32BE(crc32(block.subarray(0, 12)), 12);
    this.#disk.write((generation % 2) * sectorBytes, block);
  }

  #moveTo(generation: number, frames: readonly Frame[]): void {
    this.#generation = generation;
    this.#syncedFrames = frames.length;
    this.#sequence = 0;
    this.#endAt = this.#areaAt(generation);
    for (const frame of frames) this.#take(frame, this.#endAt);
  }

  #valueOf(place: Place): Uint8Array {
    if (this.#rotCount !== this.#disk.rotCount) {
      this.#rotCount = this.#disk.rotCount;
      for (const other of this.#places.values()) other.value = undefined;
    }
    place.value ??= this.#disk.read(place.at, place.length);
    return place.value;
  }

  *#range(start: Uint8Array, end: Uint8Array, { reverse = false, limit }: RangeOptions): Iterable<string> {
    this.#assertOpen();
    yield* this.#keys.range(toText(start), toText(end), { reverse, limit: limit ?? Number.POSITIVE_INFINITY });
  }

  #sync(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#disk.sync((failure) => {
        this.#options.enter(() => {
          if (failure === undefined) resolve();
          else reject(new AnabranchError('store_failed', failure.message));
        });
      });
    });
  }

  #areaAt(generation: number): number {
    return areaStart + (generation % 2) * areaBytes;
  }

  #assertOpen(): void {
    if (this.#isClosed) throw new AnabranchError('store_failed', 'the map is closed');
  }
}

function toText(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
}

function toBytes(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text, 'latin1'));
}
